import type { Digest } from './digest.ts';
import { type Outcome, outcomeLabel } from './journal.ts';
import type { Step } from './plan.ts';

/** An image that is there still although something of it is gone already. */
export interface HalfTaken {
  readonly root: Digest;
  /** Tags that were removed, of the image and of what is about it. */
  readonly tags: readonly string[];
  /** Signatures and other manifests of it that were deleted. */
  readonly digests: readonly Digest[];
  /** Whether it had to stay; otherwise its own delete failed, or was not sent before the run ended. */
  readonly isToStay: boolean;
}

/** Outcomes after which an image stays for good. */
const STAYS: ReadonlySet<string> = new Set([
  'skipped: claimed',
  'skipped: in use',
  'skipped: held',
  'blocked',
]);

/**
 * The images that are there still and have lost tags, signatures or other referrers. Registries accept what belongs
 * to an image only before the image itself, so that a claim in the last moment, or the end of a run, comes too late
 * for it. What has its tags the next run finds again; what a rule named by its tags, and has none, it does not.
 */
export function halfTaken(
  results: readonly { readonly step: Step; readonly outcome: Outcome }[],
): readonly HalfTaken[] {
  const standing = new Map<Digest, boolean>();
  for (const { step, outcome } of results) {
    if (step.kind !== 'delete' || step.digest !== step.root) continue;
    if (outcome.kind === 'deleted' || outcome.kind === 'already gone') continue;
    standing.set(step.root, STAYS.has(outcomeLabel(outcome)));
  }
  const taken = new Map<Digest, { readonly tags: string[]; readonly digests: Digest[] }>();
  for (const { step, outcome } of results) {
    if (!standing.has(step.root) || outcome.kind !== 'deleted') continue;
    const lost = taken.get(step.root) ?? { tags: [], digests: [] };
    taken.set(step.root, lost);
    if (step.kind === 'untag') lost.tags.push(step.tag);
    else lost.digests.push(step.digest);
  }
  return [...taken].flatMap(([root, lost]) => {
    const isToStay = standing.get(root) === true;
    return isToStay || lost.tags.length > 0 ? [{ root, ...lost, isToStay }] : [];
  });
}
