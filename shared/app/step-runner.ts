import type { Digest } from '../core/digest.ts';
import { messageOf, WardenError } from '../core/error.ts';
import type { Outcome, StoredManifest } from '../core/journal.ts';
import type { Step } from '../core/plan.ts';
import type { Repository } from '../core/reference.ts';
import type { DeleteReply, Lease, RegistryDeleter, RegistryReader, RunLedger } from '../ports.ts';
import { mapConcurrently, type Turns } from './concurrency.ts';

export interface StepRunnerPorts {
  readonly registry: RegistryReader;
  readonly deleter: RegistryDeleter;
  readonly ledger: RunLedger;
  readonly concurrency: number;
}

/** What a registry does for us when something is deleted, see `RegistryDeleter.guard`. */
type Guard = Awaited<ReturnType<RegistryDeleter['guard']>>;

/** Sends the requests of single steps. */
export interface StepRunner {
  /**
   * Makes sure that the manifests of these steps are in the ledger, so that the deletion can be undone.
   * Returns those that are not, with the reason.
   */
  saveForUndo(steps: readonly Step[], how: UndoSaving): Promise<ReadonlyMap<Digest, string>>;
  /**
   * Sends one step, as long as `maySend` says so, which is asked again before each further attempt. `with its digest`: the registry removes this tag together with its digest and in no
   * other way, so its outcome is that of the digest's own step, which follows.
   */
  run(step: Step, maySend: () => boolean): Promise<StepEnd | 'with its digest'>;
}

/** How manifests are saved for undo. */
export interface UndoSaving {
  readonly turns: Turns;
  readonly untilMs: number;
  readonly lease: Lease;
}

/** How a step ended, as far as is known. */
export interface StepEnd {
  readonly outcome: Outcome;
  /** Where it is not, the journal leaves the step open, and the next run asks the registry. */
  readonly isCertain: boolean;
}

/** Makes a runner for one repository; `guard` is what its registry does for us. */
export function createStepRunner(ports: StepRunnerPorts, repository: Repository, guard: Guard): StepRunner {
  return {
    saveForUndo: (steps, how) => saveForUndo(ports, repository, steps, how),
    run: async (step, maySend) => {
      const permit = counted(maySend);
      let outcome: Outcome | 'with its digest';
      try {
        outcome =
          step.kind === 'untag'
            ? await untag(ports, repository, step, { guard, permit })
            : await deleteDigest(ports, repository, step, { guard, maySend: permit.ask });
      } catch (problem) {
        const retryable = problem instanceof WardenError && problem.retryable;
        outcome = { kind: 'failed', retryable, reason: messageOf(problem) };
      }
      if (outcome === 'with its digest') return outcome;
      const end = await settled(ports, repository, step, outcome, permit);
      return guard === 'removes tags too' && step.kind === 'delete'
        ? tagsLeft(ports, repository, step, end)
        : end;
    },
  };
}

/**
 * Not every registry takes the tags of a digest along: go-containerregistry's forgets the digest alone, and its
 * tags go on serving the image. So where nothing but the digest's own delete removes the planned tags, each is
 * asked once more.
 */
async function tagsLeft(
  ports: StepRunnerPorts,
  repository: Repository,
  { digest, tags }: Extract<Step, { kind: 'delete' }>,
  end: StepEnd,
): Promise<StepEnd> {
  if (end.outcome.kind !== 'deleted' && end.outcome.kind !== 'already gone') return end;
  const serving: string[] = [];
  try {
    for (const tag of tags) {
      if ((await ports.registry.resolveTag(repository, tag)) === digest) serving.push(tag);
    }
  } catch (problem) {
    const reason = `The digest is deleted. Whether its tags still serve it is not known: ${messageOf(problem)}`;
    return { outcome: { kind: 'failed', retryable: true, reason }, isCertain: false };
  }
  if (serving.length === 0) return end;
  const reason = `the digest was deleted, and tag ${serving.join(', ')} still serves it: this registry does not take the tags of a digest along`;
  return certainly({ kind: 'blocked', reason });
}

/**
 * What became of a step, where the last answer alone does not say it: a request whose answer was lost may have
 * been done.
 */
async function settled(
  ports: StepRunnerPorts,
  repository: Repository,
  step: Step,
  outcome: Outcome,
  { given, wasDenied }: Permit,
): Promise<StepEnd> {
  // Gone when it was sent again: the first time was it, as far as anybody can tell.
  if (outcome.kind === 'already gone' && given() > 1) return certainly({ kind: 'deleted' });
  if (outcome.kind !== 'failed') return certainly(outcome);
  if (given() === 0) return certainly(wasDenied() ? notSent() : outcome);
  if (!outcome.retryable) return certainly(outcome);
  try {
    return certainly((await isGone(ports, repository, step)) ? { kind: 'deleted' } : outcome);
  } catch (problem) {
    const reason = `${outcome.reason} Whether it was done all the same is not known: ${messageOf(problem)}`;
    return { outcome: { ...outcome, reason }, isCertain: false };
  }
}

function certainly(outcome: Outcome): StepEnd {
  return { outcome, isCertain: true };
}

async function isGone(ports: StepRunnerPorts, repository: Repository, step: Step): Promise<boolean> {
  if (step.kind === 'untag') return (await ports.registry.resolveTag(repository, step.tag)) === null;
  return (await ports.registry.readManifest(repository, step.digest)) === null;
}

async function saveForUndo(
  ports: StepRunnerPorts,
  repository: Repository,
  steps: readonly Step[],
  { turns, untilMs, lease }: UndoSaving,
): Promise<ReadonlyMap<Digest, string>> {
  const digests = steps.filter((step) => step.kind === 'delete').map((step) => step.digest);
  const host = `${repository.host}/${repository.name}`;
  const known = await ports.ledger.manifests(host, digests);
  const stored = new Set(known.map((manifest) => manifest.digest));
  const unsaved = new Map<Digest, string>();
  const wanted = digests.filter((digest) => !stored.has(digest));
  const read = await mapConcurrently(
    wanted,
    ports.concurrency,
    async (digest): Promise<StoredManifest | null> => {
      try {
        return await turns(() => ports.registry.readManifest(repository, digest));
      } catch (problem) {
        unsaved.set(digest, messageOf(problem));
        return null;
      }
    },
  );
  const found = read.filter((manifest) => manifest !== null);
  // Those that were read before too: they would end before their time, or with their listing.
  if (known.length + found.length > 0) {
    await ports.ledger.saveManifests([...known, ...found], untilMs, lease);
  }
  return unsaved;
}

/** How often a tag's removal is tried, each time after a look at where it points. */
const UNTAG_ATTEMPTS_MAX = 4;
/** Before the second attempt; twice as long before each further one. */
const UNTAG_PAUSE_MS = 250;

/**
 * Removes a tag, but only while it points at the planned digest: directly before, since Google has no
 * condition on a tag's removal. An answer that leaves open whether it was done is never followed by the same
 * request, but by another look. On a registry that removes tags together with their digest there is nothing
 * to send; the check is made all the same, so that a moved tag is told.
 */
async function untag(
  ports: StepRunnerPorts,
  repository: Repository,
  { tag, digest }: { readonly tag: string; readonly digest: Digest },
  { guard, permit }: { readonly guard: Guard; readonly permit: Permit },
): Promise<Outcome | 'with its digest'> {
  let last: Outcome | null = null;
  for (let attempt = 1; attempt <= UNTAG_ATTEMPTS_MAX; attempt += 1) {
    if (last !== null) {
      await new Promise((resolve) => setTimeout(resolve, UNTAG_PAUSE_MS * 2 ** (attempt - 2)));
    }
    const now = await ports.registry.resolveTag(repository, tag);
    // After an attempt whose answer was lost, that one was it.
    if (now === null) return last === null ? { kind: 'already gone' } : { kind: 'deleted' };
    if (now !== digest) return { kind: 'skipped', why: 'moved', detail: `tag ${tag} points at ${now} now` };
    if (guard === 'removes tags too') return 'with its digest';
    last = outcomeOf(await ports.deleter.deleteTag(repository, tag, permit.ask));
    if (last.kind !== 'failed' || !last.retryable || permit.wasDenied()) return last;
  }
  return last ?? notSent();
}

/** A permission to send, and how often it was asked for. */
interface Permit {
  ask(): boolean;
  /** How often it was given: requests that went out, at most. */
  given(): number;
  wasDenied(): boolean;
}

function counted(maySend: () => boolean): Permit {
  let givenCount = 0;
  let isDenied = false;
  return {
    ask() {
      if (!isDenied && maySend()) givenCount += 1;
      else isDenied = true;
      return !isDenied;
    },
    given: () => givenCount,
    wasDenied: () => isDenied,
  };
}

/** The run ended between the look at a tag and the request. */
function notSent(): Outcome {
  return { kind: 'skipped', why: 'stopped', detail: 'the run ended before the request was sent' };
}

/**
 * Deletes a manifest by its digest. Google refuses while a tag, an index or a referrer points at it; where
 * the registry would not, its tags are read again first, and one that the plan did not know keeps it.
 */
async function deleteDigest(
  ports: StepRunnerPorts,
  repository: Repository,
  { digest, tags: planned }: { readonly digest: Digest; readonly tags: readonly string[] },
  { guard, maySend }: { readonly guard: Guard; readonly maySend: () => boolean },
): Promise<Outcome> {
  if (guard === 'removes tags too') {
    const unplanned = (await ports.registry.tagsOf(repository, digest)).filter(
      (tag) => !planned.includes(tag),
    );
    if (unplanned.length > 0) {
      return { kind: 'skipped', why: 'claimed', detail: `tag ${unplanned.join(', ')} points at it now` };
    }
  }
  return outcomeOf(await ports.deleter.deleteDigest(repository, digest, maySend));
}

function outcomeOf(reply: DeleteReply): Outcome {
  return reply.kind === 'claimed' ? { kind: 'skipped', why: 'claimed', detail: reply.detail } : reply;
}
