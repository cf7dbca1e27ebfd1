import type { ReferenceDays } from '../../core/day-ranges.ts';
import {
  type DayStanding,
  NO_USAGE_RECORD,
  type UsageRecord,
  type UsageSighting,
} from '../../core/usage-record.ts';

/** Under which references the days are kept that say what silence about a digest is worth. No tag begins with these. */
const STANDINGS = {
  complete: '~complete',
  'best effort': '~best-effort',
  unknown: '~unknown',
} as const satisfies Record<DayStanding, string>;

/** What one run saw, as days of references. */
export function daysOfSighting({ day, standing, references }: UsageSighting): readonly ReferenceDays[] {
  const days = [[day, day]] as const;
  return [STANDINGS[standing], ...references].map((reference) => ({ reference, days }));
}

/** The same read back, of all runs together. */
export function usageRecordOf(all: readonly ReferenceDays[]): UsageRecord {
  const standings = new Map(all.map(({ reference, days }) => [reference, days]));
  return {
    complete: standings.get(STANDINGS.complete) ?? NO_USAGE_RECORD.complete,
    bestEffort: standings.get(STANDINGS['best effort']) ?? NO_USAGE_RECORD.bestEffort,
    unknown: standings.get(STANDINGS.unknown) ?? NO_USAGE_RECORD.unknown,
    uses: all.filter(({ reference }) => !reference.startsWith('~')),
  };
}
