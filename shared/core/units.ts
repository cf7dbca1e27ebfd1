/** What reading a short text gave: the value, or why it is none, as the end of a sentence. */
export type Parsed<T> =
  | { readonly kind: 'parsed'; readonly value: T }
  | { readonly kind: 'refused'; readonly why: string };

export function parsed<T>(value: T): Parsed<T> {
  return { kind: 'parsed', value };
}

export function refused(why: string): Parsed<never> {
  return { kind: 'refused', why };
}

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const AGE_UNITS_MS = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS } as const;

/**
 * 100 years of 365.25 days. Whoever writes more means something else, and other tools have turned such a number
 * into "everything" by overflow; so it is refused and never cut down.
 */
export const AGE_MAX_MS = 36_525 * DAY_MS;

const AGE = /^(0|[1-9][0-9]*)(m|h|d|w)$/;

/** Reads an age as policies write it: a whole number with `m`, `h`, `d` or `w`. Milliseconds, never 0. */
export function parseAge(text: string): Parsed<number> {
  const found = AGE.exec(text);
  if (found === null) return refused('it is a whole number with m, h, d or w, for example 36h or 7d');
  const [, digits = '', unit = ''] = found;
  if (digits === '0') return refused('it is longer than 0');
  const unitMs = AGE_UNITS_MS[unit as keyof typeof AGE_UNITS_MS];
  // Nine digits are more than 100 years of minutes, and few enough to be exact.
  if (digits.length > 9 || Number(digits) * unitMs > AGE_MAX_MS) {
    return refused('it is at most 100 years (36525d)');
  }
  return parsed(Number(digits) * unitMs);
}

const AGE_STEPS = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['min', MINUTE_MS],
  ['s', SECOND_MS],
] as const;

/**
 * Prints a length of time for people with its two largest units, rounded down: `9 d 4 h`, `3 min 20 s`. A unit
 * that is 0 is left out. Rounding down makes "untagged for 7 d" mean at least 7 days.
 */
export function formatAge(ageMs: number): string {
  if (!Number.isFinite(ageMs)) return 'an unknown time';
  if (ageMs < 0) return `-${formatAge(-ageMs)}`;
  const first = AGE_STEPS.findIndex(([, unitMs]) => ageMs >= unitMs);
  if (first === -1) return '0 s';
  let restMs = ageMs;
  const parts: string[] = [];
  for (const [unit, unitMs] of AGE_STEPS.slice(first, first + 2)) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}

const SIZE_UNITS_BYTES = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

/** One petabyte: far above any image, far below where a number stops being exact. */
export const SIZE_MAX_BYTES = 1e15;

const SIZE = /^(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,3}))?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

/**
 * Reads a size as policies write it: `500MB` (powers of 1000), `2GiB` (powers of 1024), at most three decimals.
 * Bytes, rounded to whole ones, never 0.
 */
export function parseSize(text: string): Parsed<number> {
  const found = SIZE.exec(text);
  if (found === null) {
    return refused('it is a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, for example 500MB or 2GiB');
  }
  const [, whole = '', decimals = '', unit = ''] = found;
  const unitBytes = SIZE_UNITS_BYTES[unit as keyof typeof SIZE_UNITS_BYTES];
  const sizeBytes = Math.round(Number(`${whole}.${decimals}0`) * unitBytes);
  if (sizeBytes < 1) return refused('it is at least 1B');
  if (sizeBytes > SIZE_MAX_BYTES) return refused('it is at most 1000TB');
  return parsed(sizeBytes);
}

const SIZE_STEPS = [
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
] as const;

/** Prints a size for people in powers of 1000 with one decimal: `12.3 MB`. Registries bill and show the same. */
export function formatSize(sizeBytes: number): string {
  if (!Number.isFinite(sizeBytes)) return 'an unknown size';
  if (sizeBytes < 0) return `-${formatSize(-sizeBytes)}`;
  if (sizeBytes < 1000) return `${Math.floor(sizeBytes)} B`;
  for (const [unit, unitBytes] of SIZE_STEPS) {
    const shown = (sizeBytes / unitBytes).toFixed(1);
    // Compared after rounding, or 999,999 bytes would read "1000.0 kB".
    if (Number(shown) < 1000) return `${shown} ${unit}`;
  }
  return `${(sizeBytes / 1e12).toFixed(1)} TB`;
}

const SHARE = /^(0|[1-9][0-9]{0,2})(?:\.([0-9]{1,2}))?%$/;

/** Reads a share as policies write it: `25%`. A number above 0 and at most 1. */
export function parseShare(text: string): Parsed<number> {
  const found = SHARE.exec(text);
  if (found === null) return refused('it is a number with %, for example 25%');
  const [, whole = '', decimals = ''] = found;
  const hundredths = Number(whole) * 100 + Number(decimals.padEnd(2, '0'));
  if (hundredths === 0) return refused('it is more than 0% (mode: plan deletes nothing)');
  if (hundredths > 10_000) return refused('it is at most 100%');
  return parsed(hundredths / 10_000);
}

/** Prints a share for people: `12.5 %`. */
export function formatShare(share: number): string {
  return `${Math.round(share * 10_000) / 100} %`;
}

/** How many of so many make up a share at most. In floating point 29 % of 100 are less than 29. */
export function countWithin(share: number, count: number): number {
  return Math.floor(share * count + 1e-6);
}

/** The latest offset from UTC in which a day is still going on (UTC−12:00). */
const LAST_OFFSET_MS = 12 * HOUR_MS;

/** The earliest offset in which a day has begun (UTC+14:00). */
const FIRST_OFFSET_MS = 14 * HOUR_MS;

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads the end of a hold. A bare date means the end of that day in the last place on earth where it ends, so
 * that nobody's hold ends before their day does; a time needs its offset: `2026-12-31T18:00Z`.
 */
export function parseUntil(text: string): Parsed<number> {
  const found = DATE.exec(text) ?? DATE_TIME.exec(text);
  if (found === null) {
    return refused(
      'it is a date such as 2026-12-31, or a time with its offset such as 2026-12-31T18:00:00+01:00',
    );
  }
  const [, year = '', month = '', day = '', hour, minute, second, offset] = found;
  const dayMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const date = `${year}-${month}-${day}`;
  // Date.UTC carries 31 February over into March; the text that comes back shows it.
  if (Number(year) < 2000 || new Date(dayMs).toISOString().slice(0, 10) !== date) {
    return refused(`${date} is no day of the calendar from 2000 on`);
  }
  if (offset === undefined) return parsed(dayMs + DAY_MS + LAST_OFFSET_MS);
  const [offsetHours = 0, offsetMinutes = 0] =
    offset === 'Z' ? [] : [Number(offset.slice(1, 3)), Number(offset.slice(4))];
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) {
    return refused('its time is between 00:00:00 and 23:59:59');
  }
  if (offsetHours > 14 || offsetMinutes > 59) return refused('its offset is between -14:00 and +14:00');
  const offsetMs = (offsetHours * HOUR_MS + offsetMinutes * MINUTE_MS) * (offset.startsWith('-') ? -1 : 1);
  return parsed(
    dayMs + Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS + Number(second ?? 0) * SECOND_MS - offsetMs,
  );
}

/**
 * Reads a freeze: two days with a slash between them, both frozen as a whole wherever on earth they are.
 * Times, the second one the first moment after it.
 */
export function parseFreeze(text: string): Parsed<{ readonly fromMs: number; readonly untilMs: number }> {
  const days = text.split('/');
  const [first, last] = days.map((day) => (DATE.test(day) ? parseUntil(day) : null));
  if (days.length !== 2 || first == null || last == null) {
    return refused('it is two days with a slash between them, such as 2026-12-20/2027-01-06');
  }
  if (first.kind === 'refused') return first;
  if (last.kind === 'refused') return last;
  if (last.value < first.value) return refused('its last day is before its first');
  return parsed({ fromMs: first.value - DAY_MS - LAST_OFFSET_MS - FIRST_OFFSET_MS, untilMs: last.value });
}
