/** What kind of request, as a quota counts it. A delete is counted as a request too. */
export type PacedKind = 'request' | 'delete';

/** How many requests a minute may be begun at one host. */
export interface PaceLimits {
  readonly requestsPerMinute: number;
  readonly deletesPerMinute: number;
}

/**
 * Half of what Artifact Registry allows a project and region in a minute (60,000 requests and 18,000 deletes,
 * "Quotas and limits"): the other half is for those who push and pull while we clean.
 */
export const GOOGLE_PACE: PaceLimits = { requestsPerMinute: 30_000, deletesPerMinute: 9_000 };

const MINUTE_MS = 60_000;
/** What was not used is kept for this long, so that a short rest doesn't slow a run down. */
const BURST_MS = 1_000;

/** Spreads requests evenly, so that no minute, whenever it begins, has more than its share (and a second's burst). */
export interface Pace {
  /**
   * Takes the next place in the row and says how long to wait for it. Where that would be at or after
   * `latestMs` nothing is taken, so that who gives up costs the others nothing.
   */
  reserve(
    kind: PacedKind,
    nowMs: number,
    latestMs: number,
  ): { readonly kind: 'reserved' | 'too late'; readonly delayMs: number };
}

/** Makes a pace for one host (generic cell rate algorithm: one number a limit, no timer). */
export function createPace(limits: PaceLimits): Pace {
  const next = { request: Number.NEGATIVE_INFINITY, delete: Number.NEGATIVE_INFINITY };
  const gapMs = {
    request: MINUTE_MS / limits.requestsPerMinute,
    delete: MINUTE_MS / limits.deletesPerMinute,
  };
  return {
    reserve(kind, nowMs, latestMs) {
      const counted: readonly PacedKind[] = kind === 'request' ? ['request'] : ['request', 'delete'];
      const atMs = (one: PacedKind): number => Math.max(next[one], nowMs - BURST_MS);
      const delayMs = Math.max(0, ...counted.map((one) => atMs(one) - nowMs));
      if (delayMs > 0 && nowMs + delayMs >= latestMs) return { kind: 'too late', delayMs };
      for (const one of counted) next[one] = atMs(one) + gapMs[one];
      return { kind: 'reserved', delayMs };
    },
  };
}
