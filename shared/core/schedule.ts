import { type CronExpression, CronExpressionParser } from 'cron-parser';
import { messageOf, WardenError } from './error.ts';
import type { Schedule } from './policy.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type Parsed, parsed, refused } from './units.ts';

const CRON_FIELDS = ['minute', 'hour', 'day of month', 'month', 'day of week'] as const;
const CRON_CHARACTERS_MAX = 200;
/** Numbers, lists, ranges, steps and three-letter names: what every cron knows. No seconds, `@daily`, `H`, `L`. */
const CRON_FIELD = /^(?:\*|[0-9A-Za-z]+(?:-[0-9A-Za-z]+)?)(?:\/[0-9]+)?$/;
const CRON_WORD = /^(?:[0-9]+|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)$/i;

/** The largest number of each field, of those whose smallest is 0. */
const CRON_PLAIN_MAX: readonly (number | null)[] = [59, 23, null, null, 7];

/** Whether each field is `*` or one number that it surely has, with every day of every month. */
function isPlain(fields: readonly string[]): boolean {
  return fields.every((field, at) => {
    if (field === '*') return true;
    const max = CRON_PLAIN_MAX[at] ?? null;
    return max !== null && /^\d{1,2}$/.test(field) && Number(field) <= max;
  });
}

/**
 * Checks a cron expression of five fields and returns it with single spaces between them. One that can never
 * fire, such as 30 February, is refused.
 */
export function parseCron(text: string): Parsed<string> {
  if (text.length > CRON_CHARACTERS_MAX) return refused(`it has at most ${CRON_CHARACTERS_MAX} characters`);
  const fields = text.trim().split(/\s+/);
  if (fields.length !== CRON_FIELDS.length) {
    return refused(`it has five fields (${CRON_FIELDS.join(', ')}), for example 0 3 * * *`);
  }
  for (const [at, field] of fields.entries()) {
    const name = CRON_FIELDS[at] ?? '';
    for (const part of field.split(',')) {
      const words = part.split(/[-/]/).filter((word) => word !== '*');
      if (!CRON_FIELD.test(part) || !words.every((word) => CRON_WORD.test(word))) {
        return refused(
          `its ${name}, ${field}, is made of numbers, names of three letters, and * , - / between them`,
        );
      }
    }
  }
  const cron = fields.join(' ');
  try {
    // A thousand policies at a time are read: what every night or hour is made of needs no calendar to be right.
    if (!isPlain(fields)) CronExpressionParser.parse(cron, { tz: 'UTC', currentDate: 0 }).next();
  } catch (cause) {
    const why = messageOf(cause);
    if (/day of month definition|loop limit|time span/i.test(why)) return refused('there is no such day');
    return refused(`it is not understood (${why})`);
  }
  return parsed(cron);
}

const timeZones = new Map<string, boolean>();
const TIME_ZONES_REMEMBERED_MAX = 1000;

/** Whether a text names an IANA time zone that this runtime knows. Offsets such as `+02:00` have no DST and are none. */
export function isTimeZone(text: string): boolean {
  const found = timeZones.get(text);
  if (found !== undefined) return found;
  let answer = /^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/.test(text);
  if (answer) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: text });
    } catch {
      answer = false;
    }
  }
  if (timeZones.size < TIME_ZONES_REMEMBERED_MAX) timeZones.set(text, answer);
  return answer;
}

/** No clock has ever been put back by more than this at once while staying on the same day. */
const CLOCK_CHANGE_MAX_MS = 3 * HOUR_MS;

/** Local time minus UTC, to the minute. */
function offsetMs(formatter: Intl.DateTimeFormat, atMs: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of formatter.formatToParts(atMs)) part[type] = Number(value);
  const localMs = Date.UTC(
    part['year'] ?? 0,
    (part['month'] ?? 1) - 1,
    part['day'] ?? 1,
    part['hour'] ?? 0,
    part['minute'] ?? 0,
  );
  return localMs - Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
}

/**
 * A moment at or before `atMs` from which going forward gives every scheduled time once. Where clocks are put
 * back an hour is there twice; who starts within the second one meets "half past two" again.
 */
function startBefore(timeZone: string, atMs: number): number {
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  let startMs = atMs;
  for (let step = 0; step < 4; step += 1) {
    const earlierMs = startMs - CLOCK_CHANGE_MAX_MS;
    if (offsetMs(formatter, earlierMs) === offsetMs(formatter, startMs)) return startMs;
    startMs = earlierMs;
  }
  return startMs;
}

function expressionAt(schedule: Schedule, atMs: number): CronExpression {
  try {
    return CronExpressionParser.parse(schedule.cron, { tz: schedule.timeZone, currentDate: atMs });
  } catch (cause) {
    throw invalid(schedule, cause);
  }
}

function invalid(schedule: Schedule, cause: unknown): WardenError {
  return new WardenError(
    'SCHEDULE_INVALID',
    `The schedule ${JSON.stringify(schedule.cron)} in ${JSON.stringify(schedule.timeZone)} gives no time: ${messageOf(cause)}. Check it with "gcr-warden policy check".`,
    { cause },
  );
}

/** More scheduled times than a three-hour change of clocks and a day around it hold, one a minute. */
const STEPS_MAX = 2000;

/** All scheduled times after `startMs`, in their order, up to and with the first one after `endMs`. */
function timesUntil(schedule: Schedule, startMs: number, endMs: number): number[] {
  const expression = expressionAt(schedule, startMs);
  const times: number[] = [];
  for (let step = 0; step < STEPS_MAX; step += 1) {
    let timeMs: number;
    try {
      timeMs = expression.next().getTime();
    } catch (cause) {
      throw invalid(schedule, cause);
    }
    if (timeMs > (times.at(-1) ?? startMs)) times.push(timeMs);
    if (timeMs > endMs) break;
  }
  return times;
}

/**
 * The next scheduled time after a moment. A time that clocks skip in spring counts at the same minute of the
 * hour after; one that they repeat in autumn counts once, unless the schedule is due every hour anyway.
 * @throws WardenError SCHEDULE_INVALID
 */
export function nextTime(schedule: Schedule, afterMs: number): number {
  const startMs = startBefore(schedule.timeZone, afterMs - CLOCK_CHANGE_MAX_MS);
  const found = timesUntil(schedule, startMs, afterMs).at(-1);
  if (found === undefined || found <= afterMs) throw invalid(schedule, 'it has no next time');
  return found;
}

/** The latest scheduled time at or before a moment, or null where there is none. */
function latestTime(schedule: Schedule, nowMs: number): number | null {
  // Going backward meets repeated times twice and misses skipped ones, so it only shows where to start.
  const backward = expressionAt(schedule, nowMs + 1);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    let hintMs: number;
    try {
      hintMs = backward.prev().getTime();
    } catch {
      return null;
    }
    const startMs = startBefore(schedule.timeZone, hintMs - CLOCK_CHANGE_MAX_MS);
    const found = timesUntil(schedule, startMs, nowMs).filter((timeMs) => timeMs <= nowMs);
    const latest = found.at(-1);
    if (latest !== undefined) return latest;
  }
  return null;
}

/** How far back the first tick of a policy may lie: a day, and the hour it has more when clocks go back. */
const FIRST_TICK_MS = DAY_MS + HOUR_MS;

/**
 * The scheduled time that is due now: the latest at or before `nowMs` that comes after `lastMs`, the last one
 * that was done. However many were missed, only the newest is made up for. null: nothing is due.
 *
 * `lastMs` null means that the policy has never run. Then the latest scheduled time counts if it is not older
 * than a day: whoever ticks once a day reaches every policy, and a yearly policy does not run when it is
 * merged months after its date.
 * @throws WardenError SCHEDULE_INVALID
 */
export function dueTime(schedule: Schedule, lastMs: number | null, nowMs: number): number | null {
  const latestMs = latestTime(schedule, nowMs);
  if (latestMs === null) return null;
  if (lastMs === null) return nowMs - latestMs <= FIRST_TICK_MS ? latestMs : null;
  return latestMs > lastMs ? latestMs : null;
}
