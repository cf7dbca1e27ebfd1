import type { Digest } from '../core/digest.ts';
import { messageOf, WardenError } from '../core/error.ts';
import type { Outcome, StoredManifest } from '../core/journal.ts';
import type { Step } from '../core/plan.ts';
import type { Repository } from '../core/reference.ts';
import type { DeleteReply, RegistryDeleter, RegistryReader, RunLedger } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';

export interface StepRunnerPorts {
  readonly registry: RegistryReader;
  readonly deleter: RegistryDeleter;
  readonly ledger: RunLedger;
  readonly concurrency: number;
}

/** Sends the requests of single steps. */
export interface StepRunner {
  /**
   * Makes sure that the manifests of these steps are in the ledger, so that the deletion can be undone.
   * Returns those that are not, with the reason.
   */
  saveForUndo(steps: readonly Step[]): Promise<ReadonlyMap<Digest, string>>;
  /**
   * Sends one step. `with its digest`: the registry removes this tag together with its digest and in no
   * other way, so its outcome is that of the digest's own step, which follows.
   */
  run(step: Step): Promise<Outcome | 'with its digest'>;
}

/** Makes a runner for one repository; `guard` is what its registry does for us. */
export function createStepRunner(
  ports: StepRunnerPorts,
  repository: Repository,
  guard: 'refuses claimed digests' | 'removes tags too',
): StepRunner {
  return {
    saveForUndo: (steps) => saveForUndo(ports, repository, steps),
    run: async (step) => {
      try {
        if (step.kind === 'untag') return await untag(ports, repository, step.tag, step.digest, guard);
        return await deleteDigest(ports, repository, step.digest, step.tags, guard);
      } catch (problem) {
        const retryable = problem instanceof WardenError && problem.retryable;
        return { kind: 'failed', retryable, reason: messageOf(problem) };
      }
    },
  };
}

async function saveForUndo(
  ports: StepRunnerPorts,
  repository: Repository,
  steps: readonly Step[],
): Promise<ReadonlyMap<Digest, string>> {
  const digests = steps.filter((step) => step.kind === 'delete').map((step) => step.digest);
  const host = `${repository.host}/${repository.name}`;
  const stored = new Set((await ports.ledger.manifests(host, digests)).map((manifest) => manifest.digest));
  const unsaved = new Map<Digest, string>();
  const wanted = digests.filter((digest) => !stored.has(digest));
  const read = await mapConcurrently(
    wanted,
    ports.concurrency,
    async (digest): Promise<StoredManifest | null> => {
      try {
        return await ports.registry.readManifest(repository, digest);
      } catch (problem) {
        unsaved.set(digest, messageOf(problem));
        return null;
      }
    },
  );
  const found = read.filter((manifest) => manifest !== null);
  if (found.length > 0) await ports.ledger.saveManifests(found);
  return unsaved;
}

/**
 * Removes a tag, but only while it points at the planned digest: directly before, since Google has no
 * condition on a tag's removal. On a registry that removes tags together with their digest there is nothing
 * to send; the check is made all the same, so that a moved tag is told.
 */
async function untag(
  ports: StepRunnerPorts,
  repository: Repository,
  tag: string,
  digest: Digest,
  guard: 'refuses claimed digests' | 'removes tags too',
): Promise<Outcome | 'with its digest'> {
  const now = await ports.registry.resolveTag(repository, tag);
  if (now === null) return { kind: 'already gone' };
  if (now !== digest) return { kind: 'skipped', why: 'moved', detail: `tag ${tag} points at ${now} now` };
  if (guard === 'removes tags too') return 'with its digest';
  return outcomeOf(await ports.deleter.deleteTag(repository, tag));
}

/**
 * Deletes a manifest by its digest. Google refuses while a tag, an index or a referrer points at it; where
 * the registry would not, its tags are read again first, and one that the plan did not know keeps it.
 */
async function deleteDigest(
  ports: StepRunnerPorts,
  repository: Repository,
  digest: Digest,
  planned: readonly string[],
  guard: 'refuses claimed digests' | 'removes tags too',
): Promise<Outcome> {
  if (guard === 'removes tags too') {
    const unplanned = (await ports.registry.tagsOf(repository, digest)).filter(
      (tag) => !planned.includes(tag),
    );
    if (unplanned.length > 0) {
      return { kind: 'skipped', why: 'claimed', detail: `tag ${unplanned.join(', ')} points at it now` };
    }
  }
  return outcomeOf(await ports.deleter.deleteDigest(repository, digest));
}

function outcomeOf(reply: DeleteReply): Outcome {
  return reply.kind === 'claimed' ? { kind: 'skipped', why: 'claimed', detail: reply.detail } : reply;
}
