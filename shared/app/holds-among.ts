import type { Digest } from '../core/digest.ts';
import { type Hold, holdSentence, isInForce } from '../core/hold.ts';
import type { RepositoryPlan } from '../core/plan.ts';

/** The artifacts that a plan would delete and that are on hold, by root, each with the hold in words. */
export function holdsAmong(
  work: RepositoryPlan,
  holds: readonly Hold[],
  nowMs: number,
): ReadonlyMap<Digest, string> {
  const byDigest = new Map<Digest, Hold>();
  const byTag = new Map<string, Hold>();
  for (const hold of holds) {
    if (!isInForce(hold, nowMs)) continue;
    if (hold.on.kind === 'digest') byDigest.set(hold.on.digest, hold);
    else byTag.set(hold.on.tag, hold);
  }
  const held = new Map<Digest, string>();
  if (byDigest.size + byTag.size === 0) return held;
  for (const { root, tags, members, verdict } of work.decisions) {
    if (verdict !== 'delete') continue;
    const hold =
      [root, ...members].map((digest) => byDigest.get(digest)).find((one) => one !== undefined) ??
      tags.map((tag) => byTag.get(tag)).find((one) => one !== undefined);
    if (hold !== undefined) held.set(root, holdSentence(hold));
  }
  return held;
}
