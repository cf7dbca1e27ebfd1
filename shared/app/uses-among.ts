import type { Digest } from '../core/digest.ts';
import type { RepositoryPlan } from '../core/plan.ts';
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
  const unanswered = usage.answers.find((answer) => answer.kind === 'unknown');
  if (unanswered?.kind === 'unknown')
    return { users: new Map(), gap: `${unanswered.source}: ${unanswered.reason}` };
  if (usage.answers.length === 0) return { users: new Map(), gap: 'no in-use source is configured' };
  const byDigest = new Map<Digest, string>();
  const byTag = new Map<string, string>();
  for (const answer of usage.answers) {
    if (answer.kind === 'unknown') continue;
    for (const use of answer.uses) {
      if (use.digest !== null) byDigest.set(use.digest, use.by);
      else if (use.tag !== null && use.repository === work.repository) byTag.set(use.tag, use.by);
    }
  }
  const users = new Map<Digest, string>();
  for (const { root, tags, members, verdict } of work.decisions) {
    if (verdict !== 'delete') continue;
    const user =
      [root, ...members].map((digest) => byDigest.get(digest)).find((by) => by !== undefined) ??
      tags.map((tag) => byTag.get(tag)).find((by) => by !== undefined);
    if (user !== undefined) users.set(root, user);
  }
  return { users, gap: null };
}
