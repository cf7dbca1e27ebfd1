import type { Digest } from './digest.ts';
import type { HistoryFact } from './history.ts';
import type { Listing } from './listing.ts';
import { type Manifest, subjectOfTag } from './manifest.ts';
import type { RepositoryPlan } from './plan.ts';

/** A manifest that was pushed, or got a tag, since a plan's listing as far as is known. */
export interface Push {
  readonly digest: Digest;
  readonly tag: string | null;
}

/** How far the clock of whoever publishes events may be behind ours. */
export const PUBLISHER_SKEW_MS = 10_000;

/** What the events of a repository say was pushed since its plan's listing. */
export function toldPushes(work: RepositoryPlan, facts: readonly HistoryFact[]): readonly Push[] {
  return facts.flatMap(({ action, digest, tag, atMs }) => {
    if (action !== 'INSERT' || digest === null || atMs < work.listedAtMs - PUBLISHER_SKEW_MS) return [];
    const push = { digest, tag };
    // What the listing shows already may have been told in the moments before it.
    return atMs <= work.listedAtMs && planIndex(work).isPlanned(push) ? [] : [push];
  });
}

/** What a later listing shows and the plan does not know. */
export function listedPushes(work: RepositoryPlan, listing: Listing): readonly Push[] {
  const { isPlanned } = planIndex(work);
  return listing.manifests.flatMap(({ digest, tags }) =>
    [null, ...tags].map((tag) => ({ digest, tag })).filter((push) => !isPlanned(push)),
  );
}

/** The pushed manifests that the plan does not know: what they point at and are about has to be read. */
export function unplannedDigests(work: RepositoryPlan, pushes: readonly Push[]): readonly Digest[] {
  if (pushes.length === 0) return [];
  const { isPlanned } = planIndex(work);
  return [...new Set(pushes.map(({ digest }) => digest))].filter(
    (digest) => !isPlanned({ digest, tag: null }),
  );
}

/**
 * The chains of a plan that may not be touched any more, each with the reason: something of them was pushed again or
 * got a tag, or what was pushed points at it or is about it. A chain stays whole: a registry would refuse the digest
 * only after its old tags and what is about it are gone.
 *
 * @param relations of `unplannedDigests`, as far as they point at anything
 */
export function claimedChains(
  work: RepositoryPlan,
  pushes: readonly Push[],
  relations: ReadonlyMap<Digest, Manifest>,
): ReadonlyMap<number, string> {
  const claimed = new Map<number, string>();
  if (pushes.length === 0) return claimed;
  const { chainOf } = planIndex(work);
  const claim = (digest: Digest, how: string): void => {
    const chain = chainOf.get(digest);
    if (chain !== undefined && !claimed.has(chain)) claimed.set(chain, how);
  };
  for (const { digest, tag } of pushes) {
    claim(digest, `${digest} was pushed${tag === null ? '' : ` as ${tag}`} since the plan`);
    const subject = tag === null ? null : subjectOfTag(tag);
    if (subject !== null) claim(subject, `${digest}, pushed as ${tag} since the plan, is about ${subject}`);
    const { children = [], subject: about = null } = relations.get(digest) ?? {};
    for (const child of children) {
      claim(child.digest, `${digest}, pushed since the plan, points at ${child.digest}`);
    }
    if (about !== null) claim(about.digest, `${digest}, pushed since the plan, is about ${about.digest}`);
  }
  return claimed;
}

interface PlanIndex {
  /** The chain of every manifest that goes. */
  readonly chainOf: ReadonlyMap<Digest, number>;
  /** Whether the plan's listing showed it: the manifest, or the tag on it where that could claim anything. */
  readonly isPlanned: (push: Push) => boolean;
}

// A plan is looked up in again and again; mostly nothing was pushed, and then not at all.
const indexes = new WeakMap<RepositoryPlan, PlanIndex>();

function planIndex(work: RepositoryPlan): PlanIndex {
  const found = indexes.get(work);
  if (found !== undefined) return found;
  const chainOf = new Map<Digest, number>();
  const tagsOf = new Map<Digest, readonly string[]>();
  for (const step of work.steps) {
    if (step.kind !== 'delete') continue;
    chainOf.set(step.digest, step.chain);
    tagsOf.set(step.digest, step.tags);
  }
  const known = new Set<Digest>();
  for (const { root, members } of work.decisions) {
    known.add(root);
    for (const member of members) known.add(member);
  }
  const isPlanned = ({ digest, tag }: Push): boolean => {
    if (!known.has(digest)) return false;
    const planned = tagsOf.get(digest);
    if (tag === null || planned?.includes(tag) === true) return true;
    // Of what stays a tag says nothing, unless it ties it to something that goes.
    return planned === undefined && !chainOf.has(subjectOfTag(tag) ?? digest);
  };
  const index = { chainOf, isPlanned };
  indexes.set(work, index);
  return index;
}
