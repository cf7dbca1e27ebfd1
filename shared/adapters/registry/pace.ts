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
  /** Takes the next place in the row; how long to wait for it. The place counts as used. */
  reserve(kind: PacedKind, nowMs: number): number;
}

/** Makes a pace for one host (generic cell rate algorithm: one number a limit, no timer). */
export function createPace(limits: PaceLimits): Pace {
  const next = { request: Number.NEGATIVE_INFINITY, delete: Number.NEGATIVE_INFINITY };
  const gapMs = {
    request: MINUTE_MS / limits.requestsPerMinute,
    delete: MINUTE_MS / limits.deletesPerMinute,
  };
  const reserveOne = (kind: PacedKind, nowMs: number): number => {
    const atMs = Math.max(next[kind], nowMs - BURST_MS);
    next[kind] = atMs + gapMs[kind];
    return Math.max(0, atMs - nowMs);
  };
  return {
    reserve(kind, nowMs) {
      const asRequestMs = reserveOne('request', nowMs);
      return kind === 'request' ? asRequestMs : Math.max(asRequestMs, reserveOne('delete', nowMs));
    },
  };
}
