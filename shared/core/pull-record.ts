import {
  beginOfUnbroken,
  DAYS_REMEMBERED,
  type DayRanges,
  dateOfDay,
  dayOf,
  endOfDayMs,
  lastDay,
  type ReferenceDays,
} from './day-ranges.ts';
import { type Digest, isDigest } from './digest.ts';
import { type Fact, known, unknown } from './fact.ts';
import type { History, TagSpan } from './history.ts';
import { DAY_MS } from './units.ts';

/** On which days a digest or a tag of one repository was pulled. */
export type PullDays = ReferenceDays;

/** What shows since when pulls are being recorded. */
export interface PullRecording {
  /** Days on which the project's log had an entry of somebody reading a manifest, whoever that was. */
  readonly evidence: DayRanges;
  /** Days on which all log entries that were waiting had been read. */
  readonly drained: DayRanges;
}

/** The pulls of one repository, as far as they are known. */
export interface RecordedPulls {
  /** From this time on every pull is among `pulls`, or why that can't be said of any time. */
  readonly sinceMs: Fact<number>;
  readonly pulls: readonly PullDays[];
}

/** A weekend, and a day. More days without any entry are as well explained by a log that was off. */
const QUIET_DAYS_MAX = 3;

/** The subscription keeps messages for seven days: after six without reading nothing is lost yet. */
const UNREAD_DAYS_MAX = 5;

/** Entries come late by minutes, and days are counted: the day before yesterday is too long ago. */
const BEHIND_DAYS_MAX = 2;

/**
 * Since when all pulls of a project are recorded. The log itself says nothing while it is off, so that it is on is
 * taken from its entries: the end of the first day that had one, with no more than `QUIET_DAYS_MAX` days without any
 * after it, none lost unread since. Unknown where that ended.
 */
export function recordedSince({ evidence, drained }: PullRecording, nowMs: number): Fact<number> {
  const today = dayOf(nowMs);
  const lastEvidence = lastDay(evidence);
  const lastDrained = lastDay(drained);
  const begin = beginOfUnbroken(evidence, QUIET_DAYS_MAX);
  const read = beginOfUnbroken(drained, UNREAD_DAYS_MAX);
  if (lastEvidence === null || lastDrained === null || begin === null || read === null) {
    return unknown('pulls are not recorded');
  }
  if (today - lastDrained > BEHIND_DAYS_MAX) {
    return unknown(`the audit log was last read on ${dateOfDay(lastDrained)}`);
  }
  if (today - lastEvidence - 1 > QUIET_DAYS_MAX) {
    return unknown(`pulls were last recorded on ${dateOfDay(lastEvidence)}`);
  }
  const sinceMs = Math.max(endOfDayMs(begin), endOfDayMs(read), nowMs - DAYS_REMEMBERED * DAY_MS);
  return sinceMs > nowMs ? unknown('pulls are recorded only since today') : known(sinceMs);
}

/**
 * The days on which each digest was pulled, by itself or through a tag. A pull by tag counts for everything that
 * the tag may have pointed at on its day: entries tell the day only, and a tag that only a listing showed may
 * have been there since the one before it. That makes pulls later than they were, never earlier.
 */
export function pulledDigests(
  pulls: readonly PullDays[],
  history: History,
): ReadonlyMap<Digest, DayRanges[]> {
  const found = new Map<Digest, DayRanges[]>();
  const credit = (digest: Digest, days: DayRanges): void => {
    const already = found.get(digest);
    if (already === undefined) found.set(digest, [days]);
    else already.push(days);
  };
  const pulledTags = new Set(pulls.map(({ reference }) => reference).filter((one) => !isDigest(one)));
  const spans = pulledTags.size === 0 ? new Map<string, TagSpan[]>() : spansOf(history, pulledTags);
  for (const { reference, days } of pulls) {
    if (isDigest(reference)) {
      credit(reference, days);
      continue;
    }
    let earlierMs = Number.NEGATIVE_INFINITY;
    for (const { digest, fromMs, untilMs, source } of spans.get(reference) ?? []) {
      const firstMs = source === 'observed' ? earlierMs : fromMs;
      const within = daysBetween(days, firstMs, untilMs ?? Number.POSITIVE_INFINITY);
      if (within.length > 0) credit(digest, within);
      earlierMs = fromMs;
    }
  }
  return found;
}

function spansOf(history: History, tags: ReadonlySet<string>): Map<string, TagSpan[]> {
  const spans = new Map<string, TagSpan[]>();
  for (const { tags: held } of Object.values(history.digests)) {
    for (const span of held) {
      if (!tags.has(span.tag)) continue;
      const already = spans.get(span.tag);
      if (already === undefined) spans.set(span.tag, [span]);
      else already.push(span);
    }
  }
  for (const all of spans.values()) all.sort((a, b) => a.fromMs - b.fromMs);
  return spans;
}

/** The days of which any moment lies within these times, both included. */
function daysBetween(days: DayRanges, fromMs: number, untilMs: number): DayRanges {
  const first = fromMs === Number.NEGATIVE_INFINITY ? fromMs : dayOf(fromMs);
  const last = untilMs === Number.POSITIVE_INFINITY ? untilMs : dayOf(untilMs);
  return days
    .filter(([from, to]) => from <= last && to >= first)
    .map(([from, to]): [number, number] => [Math.max(from, first), Math.min(to, last)]);
}

/** Why nothing is known of the time before. */
export function recordedOnlySince(sinceMs: number): string {
  return `pulls are recorded only since ${new Date(sinceMs).toISOString().slice(0, 10)}`;
}
