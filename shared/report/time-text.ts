import { formatAge } from '../core/units.ts';

/** When and where a text is read: times are printed in the reader's zone, with how long ago that is. */
export interface ReaderClock extends Zone {
  readonly nowMs: number;
}

/** Where a text is read. */
export interface Zone {
  /** An IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

/** For readers whose zone is not known, as those of pages and files. */
export const UTC: Zone = { timeZone: 'UTC' };

/** A time for readers whose zone is not known, as in pages and files: `2026-11-21 03:00 UTC`. */
export function formatUtc(atMs: number): string {
  return formatTime(atMs, UTC);
}

/** A time in the reader's zone: `2026-11-21 04:00 +01:00`, or with `UTC` where nothing is between them. */
export function formatTime(atMs: number, { timeZone }: Zone): string {
  // The Swedish write dates as ISO 8601 does.
  const [date = '', time = '', zone = ''] = zonedFormat(timeZone).format(atMs).split(' ');
  const offset = zone.replace('GMT', '').replace('\u2212', '-');
  return `${date} ${time} ${offset === '' || offset === '+00:00' ? 'UTC' : offset}`;
}

/** The same with how long ago it was, or how long it is until then: `2026-11-21 04:00 +01:00 (3 d ago)`. */
export function formatTimeAndAge(atMs: number, clock: ReaderClock): string {
  return `${formatTime(atMs, clock)} (${formatDistance(atMs, clock)})`;
}

/** As `Date.toISOString` writes it, but for what machines read beside a time. */
const INSTANT = /(?<!datetime=")\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g;

/**
 * A text with the times in it in the reader's zone. Sentences of the core are written down for all readers, and so
 * name times in UTC.
 */
export function inReadersZone(text: string, zone: Zone): string {
  return text.replace(INSTANT, (instant) => {
    const atMs = Date.parse(instant);
    return Number.isNaN(atMs) ? instant : formatTime(atMs, zone);
  });
}

/** How long ago a time is, or how long until then: `3 d ago`, `in 2 h`. */
export function formatDistance(atMs: number, { nowMs }: Pick<ReaderClock, 'nowMs'>): string {
  const ageMs = nowMs - atMs;
  return ageMs < 0 ? `in ${formatRoughAge(-ageMs)}` : `${formatRoughAge(ageMs)} ago`;
}

/** The largest unit alone, which is all that one wants beside the time itself. */
function formatRoughAge(ageMs: number): string {
  return formatAge(ageMs).split(' ').slice(0, 2).join(' ');
}

const zonedFormats = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than a thousand uses of it. */
function zonedFormat(timeZone: string): Intl.DateTimeFormat {
  const made =
    zonedFormats.get(timeZone) ??
    new Intl.DateTimeFormat('sv-SE', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      timeZoneName: 'longOffset',
    });
  zonedFormats.set(timeZone, made);
  return made;
}
