import { DAYS_REMEMBERED, dayOf } from './day-ranges.ts';
import type { Fact } from './fact.ts';

/**
 * What Artifact Registry says that one of its repositories stores: real bytes, each layer once, as they are billed.
 * One number a day, as audits saw it.
 */
export interface StoredSize {
  /** `projects/P/locations/L/repositories/R` */
  readonly name: string;
  /** Days in UTC, counted from 1970-01-01, with bytes; oldest first. */
  readonly days: readonly (readonly [day: number, sizeBytes: number])[];
}

/** What an audit read of one repository. */
export interface StoredNow {
  readonly name: string;
  readonly sizeBytes: Fact<number>;
}

/**
 * Adds what an audit saw to what was known before. What could not be read adds nothing; a repository that is gone
 * keeps its past, so that a sum over all of them stays true.
 *
 * @param now those that could be listed
 */
export function followStored(
  before: readonly StoredSize[],
  now: readonly StoredNow[],
  atMs: number,
): readonly StoredSize[] {
  const today = dayOf(atMs);
  const days = new Map(before.map((one) => [one.name, one.days]));
  for (const { name, sizeBytes } of now) {
    if (sizeBytes.kind === 'unknown') continue;
    const former = (days.get(name) ?? []).filter(([day]) => day !== today);
    days.set(
      name,
      [...former, [today, sizeBytes.value] as const].sort(([a], [b]) => a - b),
    );
  }
  return [...days]
    .map(([name, all]) => ({ name, days: all.filter(([day]) => day > today - DAYS_REMEMBERED) }))
    .filter((one) => one.days.length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** An audit may be missed for some days; what was not seen for longer is counted as gone. */
const STANDS_DAYS = 8;

/** What all repositories store together on each day on which one was looked at, oldest first. */
export function storedDays(
  all: readonly StoredSize[],
): readonly (readonly [day: number, sizeBytes: number])[] {
  const seen = [...new Set(all.flatMap(({ days }) => days.map(([day]) => day)))].sort((a, b) => a - b);
  return seen.map((day) => {
    let sum = 0;
    for (const { days } of all) {
      const last = days.findLast(([one]) => one <= day);
      if (last !== undefined && day - last[0] <= STANDS_DAYS) sum += last[1];
    }
    return [day, sum];
  });
}
