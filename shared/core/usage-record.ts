import { type DayRanges, dayOf, daysUntil, isDayIn, lastDay, type ReferenceDays } from './day-ranges.ts';
import type { Digest } from './digest.ts';
import type { History } from './history.ts';
import type { Listing } from './listing.ts';
import { standingFor } from './usage/standing.ts';
import { usesHere } from './usage/users.ts';
import type { Usage } from './usage.ts';

/**
 * What a day's record says about whom it does not name. `complete`: nothing else of the repository was in use when
 * a run asked that day. `best effort`: most likely nothing else. `unknown`: a source did not answer.
 */
export type DayStanding = 'complete' | 'best effort' | 'unknown';

/** What one run saw of one repository. */
export interface UsageSighting {
  /** In UTC, counted from 1970-01-01. */
  readonly day: number;
  readonly standing: DayStanding;
  /** Digests that were in use, and tags that something named, sorted. */
  readonly references: readonly string[];
}

/**
 * What was in use of one repository on past days, as runs saw it: of the moments between two runs nothing is known.
 * A day that is among none of the three was not asked about at all.
 */
export interface UsageRecord {
  readonly complete: DayRanges;
  readonly bestEffort: DayRanges;
  readonly unknown: DayRanges;
  readonly uses: readonly ReferenceDays[];
}

export const NO_USAGE_RECORD: UsageRecord = { complete: [], bestEffort: [], unknown: [], uses: [] };

/**
 * What a run has to write down of one repository; null where no source was asked. What is in use by digest counts
 * wherever it was pulled from, and what only a tag names as planning has it: every digest that the tag protects.
 * From a listing that may be cut nobody can tell what else was there.
 *
 * @param history reconciled with the listing
 */
export function sightUsage(
  usage: Usage,
  listing: Listing,
  history: History,
  nowMs: number,
): UsageSighting | null {
  if (usage.answers.length === 0) return null;
  const standing = standingFor(usage, listing.repository).kind;
  return {
    day: dayOf(nowMs),
    standing: listing.completeness.kind === 'complete' ? standing : 'unknown',
    references: [...usesHere(usage, listing, history)].sort(),
  };
}

/** What was recorded up to a day, that day included. */
export function recordUntil(record: UsageRecord, day: number): UsageRecord {
  return {
    complete: daysUntil(record.complete, day),
    bestEffort: daysUntil(record.bestEffort, day),
    unknown: daysUntil(record.unknown, day),
    uses: record.uses.flatMap(({ reference, days }) => {
      const until = daysUntil(days, day);
      return until.length === 0 ? [] : [{ reference, days: until }];
    }),
  };
}

/** The best that was recorded of one day; null where nobody asked. What was seen to be in use was, whatever this is. */
export function standingOn(record: UsageRecord, day: number): DayStanding | null {
  if (isDayIn(record.complete, day)) return 'complete';
  if (isDayIn(record.bestEffort, day)) return 'best effort';
  return isDayIn(record.unknown, day) ? 'unknown' : null;
}

/** The days on which each digest was seen to be in use. Tags need no look-up: what they protected was recorded too. */
export function daysInUse(record: UsageRecord): ReadonlyMap<Digest, DayRanges> {
  return new Map(
    record.uses.flatMap(({ reference, days }) =>
      reference.includes(':') ? [[reference as Digest, days] as const] : [],
    ),
  );
}

/** When something was last in use, and what is known of the time since. */
export interface LastUse {
  /** null where no run ever saw it in use. */
  readonly lastSeenDay: number | null;
  /** The last day on which all sources answered and did not name it; null where there is none after `lastSeenDay`. */
  readonly unseenDay: number | null;
  /** Whether that was by best effort only. */
  readonly isBestEffort: boolean;
}

/** When any of these digests was last in use. */
export function lastUse(record: UsageRecord, digests: ReadonlySet<Digest>): LastUse {
  let lastSeenDay: number | null = null;
  for (const { reference, days } of record.uses) {
    if (!digests.has(reference as Digest)) continue;
    const day = lastDay(days);
    if (day !== null && (lastSeenDay === null || day > lastSeenDay)) lastSeenDay = day;
  }
  const since = lastSeenDay ?? Number.NEGATIVE_INFINITY;
  const complete = lastDay(record.complete);
  if (complete !== null && complete > since) return { lastSeenDay, unseenDay: complete, isBestEffort: false };
  const vague = lastDay(record.bestEffort);
  return vague !== null && vague > since
    ? { lastSeenDay, unseenDay: vague, isBestEffort: true }
    : { lastSeenDay, unseenDay: null, isBestEffort: false };
}
