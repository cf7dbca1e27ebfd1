import { DAY_MS } from './units.ts';

/**
 * Days in UTC, counted from 1970-01-01: the first and the last of each run, in their order, no two of them touching.
 * A set that grows only: whatever order days are added in, and however often, it comes out the same.
 */
export type DayRanges = readonly (readonly [number, number])[];

/** The days of one digest or tag of a repository; a tag has no colon. */
export interface ReferenceDays {
  readonly reference: string;
  readonly days: DayRanges;
}

/** As long as facts are remembered; what lies further before the newest day is dropped. */
export const DAYS_REMEMBERED = 800;

export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}

/** `YYYY-MM-DD` */
export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length);
}

/** The first moment after a day. */
export function endOfDayMs(day: number): number {
  return (day + 1) * DAY_MS;
}

export function unionOfDays(a: DayRanges, b: DayRanges): DayRanges {
  const sorted = [...a, ...b].sort((one, other) => one[0] - other[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  const newest = joined.at(-1)?.[1] ?? 0;
  const oldest = newest - DAYS_REMEMBERED;
  return joined
    .filter(([, to]) => to >= oldest)
    .map(([from, to]): [number, number] => [Math.max(from, oldest), to]);
}

export function isDayIn(ranges: DayRanges, day: number): boolean {
  return ranges.some(([from, to]) => from <= day && day <= to);
}

/** The days up to one, that one included. */
export function daysUntil(ranges: DayRanges, day: number): DayRanges {
  return ranges
    .filter(([from]) => from <= day)
    .map(([from, to]): [number, number] => [from, Math.min(to, day)]);
}

/** The last day, or null where there is none. */
export function lastDay(ranges: DayRanges): number | null {
  return ranges.at(-1)?.[1] ?? null;
}

/**
 * The first day of the last run in which no two days have more than `missingMax` others between them; null where
 * there is no day.
 */
export function beginOfUnbroken(ranges: DayRanges, missingMax: number): number | null {
  let begin: number | null = null;
  for (const [from, to] of [...ranges].reverse()) {
    if (begin !== null && begin - to - 1 > missingMax) break;
    begin = from;
  }
  return begin;
}
