import type { Digest } from './digest.ts';
import type { JournalEntry } from './journal.ts';
import { subjectOfTag } from './manifest.ts';

/** What runs took from a repository and is to be brought back. */
export interface Removal {
  /** Manifests that were deleted. What they point at may be missing too. */
  readonly digests: readonly Digest[];
  /** Tags that were removed, each with the digest that it pointed at. */
  readonly tags: readonly { readonly tag: string; readonly digest: Digest }[];
}

/**
 * Everything that one run took: manifests it deleted, tags it removed, also of what had to stay.
 *
 * @param journal of the whole repository, newest first
 */
export function removalOfRun(journal: readonly JournalEntry[], runId: string): Removal {
  const digests = new Set<Digest>();
  for (const entry of journal) {
    if (entry.intent.runId === runId && isRemoval(entry) && entry.intent.step.kind === 'delete')
      digests.add(entry.intent.step.digest);
  }
  const tags = lastTags(journal).filter(({ runs }) => runs.has(runId));
  return { digests: [...digests], tags: tags.map(({ tag, digest }) => ({ tag, digest })) };
}

/**
 * What belonged to one image and was taken with it: the image, what was deleted as part of the same artifact
 * and is about it, and all their tags. The result may name more of that artifact than belongs to the image:
 * `closureOf` narrows it down once the manifests can be read.
 *
 * @param journal of the whole repository, newest first
 */
export function removalOfImage(journal: readonly JournalEntry[], image: Digest): Removal {
  const roots = new Set<Digest>([image]);
  for (const { intent } of journal) if (intent.step.digest === image) roots.add(intent.step.root);
  const digests = new Set<Digest>([image]);
  for (const entry of journal) {
    const { step } = entry.intent;
    if (step.kind === 'delete' && isRemoval(entry) && roots.has(step.root)) digests.add(step.digest);
  }
  const tags = lastTags(journal).filter(({ digest }) => digests.has(digest));
  return { digests: [...digests], tags: tags.map(({ tag, digest }) => ({ tag, digest })) };
}

/** Until when the bytes of manifests were to be kept: the latest time that any deletion of each of them names. */
export function keptUntil(journal: readonly JournalEntry[]): ReadonlyMap<Digest, number> {
  const latest = new Map<Digest, number>();
  for (const { intent } of journal) {
    const { digest } = intent.step;
    if (intent.keptUntilMs !== undefined)
      latest.set(digest, Math.max(latest.get(digest) ?? 0, intent.keptUntilMs));
  }
  return latest;
}

/** Whether a step took something away, as far as is known: a step without outcome may have. */
function isRemoval({ intent, settlement }: JournalEntry): boolean {
  if (intent.putBack !== undefined) return false;
  return settlement === null || settlement.outcome.kind === 'deleted';
}

interface LastTag {
  readonly tag: string;
  readonly digest: Digest;
  /** The runs that removed it from this digest. */
  readonly runs: ReadonlySet<string>;
}

/**
 * Each removed tag with what it pointed at when it was removed last. A tag that a digest had in an earlier
 * life, before it was deleted and pushed again, is not the digest's any more.
 */
function lastTags(journal: readonly JournalEntry[]): LastTag[] {
  const found = new Map<string, { tag: string; digest: Digest; runs: Set<string> }>();
  const runOfDeletion = new Map<Digest, Set<string>>();
  const earlier = new Set<Digest>();
  for (const entry of journal) {
    if (!isRemoval(entry)) continue;
    const { step, runId } = entry.intent;
    if (step.kind === 'delete') {
      const runs = runOfDeletion.get(step.digest) ?? new Set();
      // A second deletion further back belongs to the life before, unless the first has no outcome yet.
      if (runs.size > 0 && !runs.has(runId)) earlier.add(step.digest);
      runs.add(runId);
      runOfDeletion.set(step.digest, runs);
      continue;
    }
    const known = found.get(step.tag);
    if (known === undefined) {
      if (!earlier.has(step.digest))
        found.set(step.tag, { tag: step.tag, digest: step.digest, runs: new Set([runId]) });
    } else if (known.digest === step.digest) known.runs.add(runId);
  }
  return [...found.values()].sort((a, b) => (a.tag < b.tag ? -1 : 1));
}

/** What one manifest has to do with others, as far as bringing it back goes. */
export interface Ties {
  readonly children: readonly Digest[];
  readonly subject: Digest | null;
}

/**
 * What belongs to one image among manifests that can be read: its children, what is about any of them
 * (`subject`, or a tag of cosign's or of the referrers fallback), and so on.
 *
 * @param ties of every manifest that may belong to it, by digest; those whose bytes are not kept are left out
 */
export function closureOf(
  image: Digest,
  ties: ReadonlyMap<Digest, Ties>,
  tags: Removal['tags'],
): ReadonlySet<Digest> {
  const about = new Map<Digest, Digest[]>();
  const note = (subject: Digest | null, digest: Digest): void => {
    if (subject !== null) about.set(subject, [...(about.get(subject) ?? []), digest]);
  };
  for (const [digest, { subject }] of ties) note(subject, digest);
  for (const { tag, digest } of tags) note(subjectOfTag(tag), digest);
  const closure = new Set<Digest>([image]);
  for (const digest of closure) {
    for (const next of [...(ties.get(digest)?.children ?? []), ...(about.get(digest) ?? [])])
      closure.add(next);
  }
  return closure;
}

/**
 * The order in which manifests can be put back: level by level, children before their indexes and subjects
 * before what is about them. What is in no relation shares a level.
 */
export function restoreLevels(digests: ReadonlySet<Digest>, ties: ReadonlyMap<Digest, Ties>): Digest[][] {
  const levels: Digest[][] = [];
  const depths = new Map<Digest, number>();
  const depthOf = (digest: Digest, above: ReadonlySet<Digest>): number => {
    const known = depths.get(digest);
    if (known !== undefined) return known;
    const { children = [], subject = null } = ties.get(digest) ?? {};
    const path = new Set([...above, digest]);
    // Hashes allow no cycle; what claims to be one is not followed for ever.
    const below = [...children, ...(subject === null ? [] : [subject])].filter(
      (one) => digests.has(one) && !path.has(one),
    );
    const depth = below.reduce((deepest, one) => Math.max(deepest, depthOf(one, path) + 1), 0);
    depths.set(digest, depth);
    return depth;
  };
  for (const digest of [...digests].sort()) {
    const depth = depthOf(digest, new Set());
    while (levels.length <= depth) levels.push([]);
    levels[depth]?.push(digest);
  }
  return levels;
}
