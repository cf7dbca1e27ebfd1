import type { Fact } from '../fact.ts';

/** Artifact Registry serves the gcr.io hosts; nothing is copied from the bucket any more. */
const DONE = ['REDIRECTION_FROM_GCR_IO_ENABLED', 'REDIRECTION_FROM_GCR_IO_FINALIZED'];
const NOT_STARTED = 'REDIRECTION_FROM_GCR_IO_DISABLED';

/** What `legacyRedirectionState` says about the legacy buckets of a project. */
export type BucketUse =
  /** Artifact Registry has all it needs. */
  | { readonly kind: 'left over' }
  /** The bucket is all there is of the old registry. */
  | { readonly kind: 'not moved' }
  /** Images are being copied out of it, or nobody can say. No remedy may touch the bucket. */
  | { readonly kind: 'untouchable'; readonly why: string };

/** Reads what may be done to the legacy buckets. Any word that is not known here is `untouchable`. */
export function bucketUse(redirection: Fact<string>): BucketUse {
  if (redirection.kind === 'unknown') {
    return {
      kind: 'untouchable',
      why: `the state of the move to Artifact Registry is not known: ${redirection.reason}`,
    };
  }
  if (DONE.includes(redirection.value)) return { kind: 'left over' };
  if (redirection.value === NOT_STARTED) return { kind: 'not moved' };
  return {
    kind: 'untouchable',
    why: `the move to Artifact Registry is in the state ${redirection.value || '(none)'}`,
  };
}
