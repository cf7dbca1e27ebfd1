import type { ReplyHeaders } from './reply-headers.ts';
import { headerText } from './reply-headers.ts';

/** Waits before the second, third, … attempt are random between 0 and base · 2^n ("full jitter"), never above the cap. */
const BACKOFF_MS = { base: 500, cap: 60_000 } as const;
/** Google counts its quotas by the minute, and it is not known whether its 429 carries `Retry-After`. */
const QUOTA_WINDOW_MS = 60_000;
/** So that not everybody who ran into one quota comes back in one moment. */
const QUOTA_JITTER_MS = 15_000;
/** A registry that wants us to wait longer is not waited for: the run ends and a later one takes over. */
export const PAUSE_MAX_MS = 120_000;
/** Those who wait for one pause to end don't begin all at once. */
export const PAUSE_SPREAD_MS = 500;

/**
 * The wait that `Retry-After` asks for, in milliseconds; null where the header is missing or unreadable
 * (RFC 9110, section 10.2.3: seconds or a date).
 */
export function retryAfterMs(headers: ReplyHeaders, nowMs: number): number | null {
  const text = headerText(headers, 'retry-after')?.trim() ?? '';
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1_000;
  const atMs = text === '' ? Number.NaN : Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** The wait before the next attempt, for what concerns one request only. `random` is between 0 and 1. */
export function backoffMs(attemptsDone: number, random: number): number {
  return random * Math.min(BACKOFF_MS.cap, BACKOFF_MS.base * 2 ** (attemptsDone - 1));
}

/**
 * How long a whole host is to be left alone after a reply, in milliseconds; null where the reply says nothing
 * of the kind. 429 is about all of our requests, and so is any failure that names a time.
 */
export function pauseMs(
  reply: { readonly status: number; readonly headers: ReplyHeaders },
  nowMs: number,
  random: number,
): number | null {
  const isFailure = reply.status === 429 || reply.status >= 500;
  const asked = isFailure ? retryAfterMs(reply.headers, nowMs) : null;
  // "Now" names no time to wait for: what is left is the request's own backoff.
  if (asked !== null) return asked === 0 ? null : asked;
  return reply.status === 429 ? QUOTA_WINDOW_MS + random * QUOTA_JITTER_MS : null;
}
