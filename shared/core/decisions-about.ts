import type { Decision } from './decision.ts';
import type { Digest } from './digest.ts';

/**
 * The decisions about all artifacts that a manifest is in. The one that settles what becomes of it stands first:
 * its own where it is a root, or else one that keeps it, since it goes only when all of them go.
 */
export function decisionsAbout(decisions: readonly Decision[], digest: Digest): readonly Decision[] {
  const found = decisions.filter(({ root, members }) => root === digest || members.includes(digest));
  const weight = ({ root, verdict }: Decision): number => (root === digest ? 0 : verdict === 'keep' ? 1 : 2);
  return found.sort((a, b) => weight(a) - weight(b));
}
