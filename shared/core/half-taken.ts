import type { Digest } from './digest.ts';
import { type Outcome, outcomeLabel } from './journal.ts';
import type { Step } from './plan.ts';

/** An image that had to stay although something of it is gone already. */
export interface HalfTaken {
  readonly root: Digest;
  /** Tags that were removed, of the image and of what is about it. */
  readonly tags: readonly string[];
  /** Signatures and other manifests of it that were deleted. */
  readonly digests: readonly Digest[];
}

/** Outcomes after which an image stays for good; after any other one the next run goes on where this one ended. */
const STAYS: ReadonlySet<string> = new Set([
  'skipped: claimed',
  'skipped: in use',
  'skipped: held',
  'blocked',
]);

/**
 * The images that stay and have lost tags, signatures or other referrers. Registries accept what belongs to an
 * image only before the image itself, so that a claim in the last moment comes too late for it.
 */
export function halfTaken(
  results: readonly { readonly step: Step; readonly outcome: Outcome }[],
): readonly HalfTaken[] {
  const staying = new Set<Digest>();
  for (const { step, outcome } of results) {
    if (step.kind === 'delete' && step.digest === step.root && STAYS.has(outcomeLabel(outcome)))
      staying.add(step.root);
  }
  const taken = new Map<Digest, { readonly tags: string[]; readonly digests: Digest[] }>();
  for (const { step, outcome } of results) {
    if (!staying.has(step.root) || outcome.kind !== 'deleted') continue;
    const lost = taken.get(step.root) ?? { tags: [], digests: [] };
    taken.set(step.root, lost);
    if (step.kind === 'untag') lost.tags.push(step.tag);
    else lost.digests.push(step.digest);
  }
  return [...taken].map(([root, lost]) => ({ root, ...lost }));
}
