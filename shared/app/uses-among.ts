import type { Digest } from '../core/digest.ts';
import type { RepositoryPlan } from '../core/plan.ts';
import { standingFor } from '../core/usage/standing.ts';
import { indexUsage, tagUsesFor } from '../core/usage/users.ts';
import type { Usage } from '../core/usage.ts';

/** Who uses the artifacts that a plan would delete. */
export interface UsesFound {
  /** By the artifact's root. */
  readonly users: ReadonlyMap<Digest, string>;
  /** Why the answer proves nothing, or null. */
  readonly gap: string | null;
}

/**
 * Looks again whether something that is about to go came into use since the plan. A use by tag protects every
 * artifact of the plan that has the tag.
 */
export function usesAmong(work: RepositoryPlan, usage: Usage): UsesFound {
  const standing = standingFor(usage, work.repository);
  const isEnough =
    standing.kind === 'complete' || (standing.kind === 'best effort' && work.trustsBestEffort === true);
  if (!isEnough) return { users: new Map(), gap: standing.reason };
  const { byDigest } = indexUsage(usage);
  const tagged = tagUsesFor(usage, work.repository);
  const users = new Map<Digest, string>();
  for (const { root, tags, members, verdict } of work.decisions) {
    if (verdict !== 'delete') continue;
    const user =
      [root, ...members].map((digest) => byDigest.get(digest)?.[0]).find((by) => by !== undefined) ??
      tags.map((tag) => tagged.get(tag)?.[0]?.by).find((by) => by !== undefined);
    if (user !== undefined) users.set(root, user);
  }
  return { users, gap: null };
}
