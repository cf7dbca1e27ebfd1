import type { Digest } from '../core/digest.ts';
import { messageOf, WardenError } from '../core/error.ts';
import type { Hold } from '../core/hold.ts';
import { subjectOfTag } from '../core/manifest.ts';
import { formatRepository, parseRepository, type Repository } from '../core/reference.ts';
import { keptUntil, removalOfImage, removalOfRun } from '../core/removal.ts';
import type { ManifestReturn, Restoration, RestorationSource, TagReturn } from '../core/restoration.ts';
import type { Clock, Ledger, Logger, NewId, RegistryReader, RegistryWriter, TagKeeper } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';
import { HELD_LEASE_MS, type HeldLease, holdLease } from './held-lease.ts';
import { needsOf, type RestoreSurvey, stands, surveyRestore } from './restore-survey.ts';
import { settleOpenIntents } from './settle-open-intents.ts';

/** What restoring works with. There is no deleter among it. */
export interface RestorePorts {
  readonly registry: RegistryReader;
  readonly writer: RegistryWriter;
  /** Makes tags without overturning one, where the registry can; where it is left out no registry can. */
  readonly tags?: TagKeeper;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly logger: Logger;
  /** Requests under way side by side. */
  readonly concurrency: number;
  /** Told after each manifest how many are done of those that were to come back. */
  readonly onManifest?: (done: number, all: number) => void;
}

export interface RestoreRequest {
  readonly repository: Repository;
  readonly source: RestorationSource;
  /** Who asks, for the ledger and the hold. */
  readonly by: string;
  /** How long the next runs keep what comes back; null for no hold. */
  readonly holdMs: number | null;
  /** Only says what would come back: nothing is written, to the registry or to the ledger. */
  readonly isDryRun: boolean;
}

/** Entries of a repository's journal that are looked through, the newest. */
const JOURNAL_ENTRIES_MAX = 100_000;

/** Manifests of one restoration; more is done image by image. */
const MANIFESTS_MAX = 10_000;

/**
 * The repository that a run worked on.
 * @throws WardenError RUN_UNKNOWN
 */
export async function repositoryOfRun(ledger: Ledger, runId: string): Promise<Repository> {
  const [entry] = await ledger.journal({ runId, limit: 1 });
  if (entry !== undefined) return parseRepository(entry.intent.repository);
  throw new WardenError(
    'RUN_UNKNOWN',
    `The ledger has no step of a run ${runId}. "gcr-warden history" lists the runs; name the ledger that they wrote to.`,
  );
}

/**
 * Brings back what runs took: manifests byte for byte, children before indexes and subjects before what is
 * about them, then tags, and those only where there is none. What is to come back is put on hold before it
 * comes. Under the repository's lease, so that no run works on it meanwhile. Doing it again, after a crash at
 * any place too, finishes it and repeats nothing.
 * @throws WardenError RESTORE_BUSY, RESTORE_TOO_LARGE, NOTHING_TO_RESTORE, LEDGER_*
 */
export async function restore(ports: RestorePorts, request: RestoreRequest): Promise<Restoration> {
  const id = ports.newId();
  if (request.isDryRun) {
    return restorationOf(ports, request, id, await survey(ports, request), null);
  }
  const name = formatRepository(request.repository);
  const startedAtMs = ports.clock();
  const taken = await ports.ledger.acquireLease(name, id, startedAtMs, startedAtMs + HELD_LEASE_MS);
  if (taken.kind === 'held') {
    throw busy(name, taken.by.untilMs);
  }
  const lease = holdLease(ports.ledger, ports.clock, taken.lease);
  try {
    // What a killed run began is part of what it took.
    await settleOpenIntents(ports, request.repository, lease.current());
    return await bringBack(ports, request, id, lease);
  } finally {
    await giveBack(ports, lease);
  }
}

/** @param untilMs when the other's lease ends; null where that is not known */
function busy(name: string, untilMs: number | null): WardenError {
  const until =
    untilMs === null ? '' : `, with a lease until ${new Date(untilMs).toISOString()} at the latest`;
  return new WardenError(
    'RESTORE_BUSY',
    `Another works on ${name}, or did until it was killed${until}. Try again then, or end a run with "gcr-warden stop".`,
    { retryable: true },
  );
}

async function survey(ports: RestorePorts, { repository, source }: RestoreRequest): Promise<RestoreSurvey> {
  const name = formatRepository(repository);
  const journal = await ports.ledger.journal({ repository: name, limit: JOURNAL_ENTRIES_MAX });
  const removal =
    source.kind === 'run' ? removalOfRun(journal, source.runId) : removalOfImage(journal, source.digest);
  if (removal.digests.length + removal.tags.length > MANIFESTS_MAX) {
    throw new WardenError(
      'RESTORE_TOO_LARGE',
      `${removal.digests.length} manifests and ${removal.tags.length} tags are more than the ${MANIFESTS_MAX} that are restored at once. Restore the images that are missed, one by one.`,
    );
  }
  const found = await surveyRestore(ports, repository, source, removal, keptUntil(journal));
  const isKnown = source.kind === 'image' && stands(found.manifests.get(source.digest));
  if (removal.tags.length === 0 && found.kept.size === 0 && !isKnown) {
    throw new WardenError(
      'NOTHING_TO_RESTORE',
      `The ledger has kept nothing of ${source.kind === 'run' ? `run ${source.runId}` : `${name}@${source.digest}`}: ${whyNothing(found)}`,
    );
  }
  return found;
}

function whyNothing({ manifests }: RestoreSurvey): string {
  const ended = [...manifests.values()].flatMap((one) => (one.kind === 'expired' ? one.atMs : []));
  if (ended.length === 0) return 'nothing was taken, or its manifests were not kept.';
  return `its manifests were kept until ${new Date(Math.max(...ended)).toISOString()}.`;
}

async function bringBack(
  ports: RestorePorts,
  request: RestoreRequest,
  id: string,
  lease: HeldLease,
): Promise<Restoration> {
  const found = await survey(ports, request);
  if (!(await lease.holds())) throw busy(formatRepository(request.repository), null);
  const nowMs = ports.clock();
  const holdMs = request.holdMs;
  const heldUntilMs = holdMs === null || comingBack(found).length === 0 ? null : nowMs + holdMs;
  const begun = restorationOf(ports, request, id, found, heldUntilMs);
  await ports.ledger.saveRestoration(begun, lease.current());
  // Before it comes: a run that follows a crash of this one has to find it held.
  if (heldUntilMs !== null) await putOnHold(ports, request, id, comingBack(found), nowMs, heldUntilMs);
  const manifests = new Map(found.manifests);
  const all = [...manifests.values()].filter(({ kind }) => kind === 'restorable').length;
  let put = 0;
  ports.onManifest?.(put, all);
  for (const level of found.levels) {
    await mapConcurrently(level, ports.concurrency, async (digest) => {
      if (manifests.get(digest)?.kind !== 'restorable') return;
      manifests.set(digest, await putBack(ports, request.repository, digest, { ...found, manifests }, lease));
      put += 1;
      ports.onManifest?.(put, all);
    });
  }
  const tagReturns = new Map(found.tagReturns);
  const tagsOf = Map.groupBy(found.tags, ({ digest }) => digest);
  // Level by level too: distribution can't find a child in the moment in which the child itself gets a tag.
  for (const level of found.levels) {
    await mapConcurrently(level, ports.concurrency, async (digest) => {
      for (const { tag } of tagsOf.get(digest) ?? []) {
        if (tagReturns.get(tag)?.kind !== 'restorable') continue;
        const outcome: TagReturn = stands(manifests.get(digest))
          ? await makeTag(ports, request.repository, tag, digest, found, lease)
          : { kind: 'no manifest' };
        tagReturns.set(tag, outcome);
      }
    });
  }
  const done = restorationOf(ports, request, id, { ...found, manifests, tagReturns }, heldUntilMs);
  const finished: Restoration = { ...done, atMs: begun.atMs, finishedAtMs: ports.clock() };
  await ports.ledger.saveRestoration(finished, lease.current());
  return finished;
}

function restorationOf(
  { clock }: RestorePorts,
  { repository, source, by }: RestoreRequest,
  id: string,
  found: RestoreSurvey,
  heldUntilMs: number | null,
): Restoration {
  const failed = { kind: 'failed', reason: 'it was not come to' } as const;
  return {
    version: 1,
    id,
    repository: formatRepository(repository),
    source,
    by,
    atMs: clock(),
    finishedAtMs: null,
    heldUntilMs,
    manifests: found.levels
      .flat()
      .map((digest) => ({ digest, outcome: found.manifests.get(digest) ?? failed })),
    tags: found.tags.map(({ tag, digest }) => ({
      tag,
      digest,
      outcome: found.tagReturns.get(tag) ?? failed,
    })),
  };
}

/** The manifests whose hold keeps all that comes back: those that belong to no other one that comes back. */
function comingBack({ manifests, ties, tags, tagReturns }: RestoreSurvey): Digest[] {
  const coming = new Set<Digest>();
  for (const [digest, outcome] of manifests) if (outcome.kind === 'restorable') coming.add(digest);
  for (const { tag, digest } of tags) if (tagReturns.get(tag)?.kind === 'restorable') coming.add(digest);
  const covered = new Set<Digest>();
  for (const digest of coming) {
    const { children = [], subject = null } = ties.get(digest) ?? {};
    for (const child of children) covered.add(child);
    if (subject !== null && coming.has(subject)) covered.add(digest);
  }
  for (const { tag, digest } of tags) {
    const subject = subjectOfTag(tag);
    if (subject !== null && coming.has(subject)) covered.add(digest);
  }
  return [...coming].filter((digest) => !covered.has(digest)).sort();
}

/** Puts digests on hold; where somebody holds one for longer already, that stays. */
async function putOnHold(
  { ledger }: RestorePorts,
  { repository, source, by }: RestoreRequest,
  id: string,
  digests: readonly Digest[],
  atMs: number,
  untilMs: number,
): Promise<void> {
  const name = formatRepository(repository);
  const longer = new Set<Digest>();
  for (const hold of await ledger.holds(name)) {
    if (hold.on.kind === 'digest' && (hold.untilMs === null || hold.untilMs >= untilMs))
      longer.add(hold.on.digest);
  }
  const from = source.kind === 'run' ? ` from run ${source.runId}` : '';
  for (const digest of digests) {
    if (longer.has(digest)) continue;
    const reason = `restored${from} (restoration ${id})`;
    const hold: Hold = {
      version: 1,
      repository: name,
      on: { kind: 'digest', digest },
      reason,
      by,
      atMs,
      untilMs,
    };
    await ledger.saveHold(hold);
  }
}

const LEASE_TAKEN = { kind: 'failed', reason: 'another has taken the repository meanwhile' } as const;

async function putBack(
  { writer }: RestorePorts,
  repository: Repository,
  digest: Digest,
  { ties, kept, manifests }: RestoreSurvey,
  lease: HeldLease,
): Promise<ManifestReturn> {
  const missing = needsOf(ties.get(digest), manifests).filter((one) => !stands(manifests.get(one)));
  if (missing.length > 0) return { kind: 'incomplete', missing };
  const manifest = kept.get(digest);
  if (manifest === undefined) return { kind: 'not kept' };
  try {
    if (!(await lease.holds())) return LEASE_TAKEN;
    const reply = await writer.putManifest(repository, manifest);
    return reply.kind === 'put' ? { kind: 'restored' } : reply;
  } catch (problem) {
    return { kind: 'failed', reason: messageOf(problem) };
  }
}

/** Makes a tag where there is none: with the registry's own refusal where it has one, else after a look. */
async function makeTag(
  { registry, writer, tags: keeper }: RestorePorts,
  repository: Repository,
  tag: string,
  digest: Digest,
  { kept }: RestoreSurvey,
  lease: HeldLease,
): Promise<TagReturn> {
  const standing = async (): Promise<TagReturn | null> => {
    const now = await registry.resolveTag(repository, tag);
    if (now === null) return null;
    return now === digest ? { kind: 'there' } : { kind: 'elsewhere', digest: now };
  };
  try {
    if (!(await lease.holds())) return LEASE_TAKEN;
    if (keeper?.keeps(repository) === true) {
      if ((await keeper.createTag(repository, tag, digest)) === 'created') return { kind: 'restored' };
      return (await standing()) ?? { kind: 'elsewhere', digest: null };
    }
    const manifest = kept.get(digest) ?? (await registry.readManifest(repository, digest));
    if (manifest === null) return { kind: 'no manifest' };
    const already = await standing();
    if (already !== null) return already;
    const reply = await writer.putTag(repository, tag, manifest);
    return reply.kind === 'put' ? { kind: 'restored' } : reply;
  } catch (problem) {
    return { kind: 'failed', reason: messageOf(problem) };
  }
}

async function giveBack({ logger }: RestorePorts, lease: HeldLease): Promise<void> {
  try {
    await lease.release();
  } catch (problem) {
    logger.log('WARNING', 'a lease could not be given back and ends by itself', {
      repository: lease.current().repository,
      reason: messageOf(problem),
    });
  }
}
