import type { NaiveManifest } from './cases.ts';
import { newestFirst } from './cases.ts';

export interface NaivePayload {
  readonly repos: readonly string[];
  readonly grace?: string;
  readonly keep?: number;
  readonly tag_filter_any?: string;
  readonly tag_filter_all?: string;
}

export function graceMsOf(grace: string | undefined): number {
  let totalMs = 0;
  for (const [, count, unit] of (grace ?? '').matchAll(/([0-9.]+)(h|ms|m|s)/g)) {
    const eachMs = unit === 'h' ? 3_600_000 : unit === 'm' ? 60_000 : unit === 's' ? 1000 : 1;
    totalMs += Number(count) * eachMs;
  }
  return totalMs;
}

/** What gcr-cleaner may delete, before it keeps the newest of it. */
export function isCandidate(payload: NaivePayload, image: NaiveManifest): boolean {
  if (image.ageMs < graceMsOf(payload.grace)) return false;
  if (image.tags.length === 0) return true;
  // The patterns of these tests mean the same to JavaScript.
  if (payload.tag_filter_any !== undefined) {
    const pattern = new RegExp(payload.tag_filter_any);
    return image.tags.some((tag) => pattern.test(tag));
  }
  if (payload.tag_filter_all !== undefined) {
    const pattern = new RegExp(payload.tag_filter_all);
    return image.tags.every((tag) => pattern.test(tag));
  }
  return false;
}

/** gcr-cleaner as documented, for images that were created when they were uploaded. */
export function gcrCleanerDeletes(payload: NaivePayload, all: readonly NaiveManifest[]): Set<string> {
  const candidates = newestFirst(all.filter((image) => isCandidate(payload, image)));
  return new Set(candidates.slice(payload.keep ?? 0).map(({ name }) => name));
}
