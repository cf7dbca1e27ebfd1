import { describe, expect, it } from 'vitest';
import { dueTime, isTimeZone, nextTime, parseCron } from '../../shared/core/schedule.ts';

const iso = (timeMs: number | null): string | null =>
  timeMs === null ? null : new Date(timeMs).toISOString().slice(0, 16);
const at = (text: string): number => Date.parse(`${text}:00Z`);

function timesAfter(cron: string, timeZone: string, from: string, count: number): (string | null)[] {
  const times: (string | null)[] = [];
  let nowMs = at(from);
  for (let step = 0; step < count; step += 1) {
    nowMs = nextTime({ cron, timeZone }, nowMs);
    times.push(iso(nowMs));
  }
  return times;
}

const changes: readonly (readonly [
  title: string,
  cron: string,
  zone: string,
  from: string,
  times: string[],
])[] = [
  [
    'Berlin, spring: 3:00 is one hour of UTC earlier from that day on',
    '0 3 * * *',
    'Europe/Berlin',
    '2026-03-27T12:00',
    ['2026-03-28T02:00', '2026-03-29T01:00', '2026-03-30T01:00'],
  ],
  [
    'Berlin, spring: 2:30 does not exist, and runs at 3:30',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-03-27T12:00',
    ['2026-03-28T01:30', '2026-03-29T01:30', '2026-03-30T00:30'],
  ],
  [
    'Berlin, autumn: 2:30 is there twice, and runs once',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00',
    ['2026-10-25T00:30', '2026-10-26T01:30', '2026-10-27T01:30'],
  ],
  [
    'Berlin, autumn: every half hour goes on through both',
    '*/30 * * * *',
    'Europe/Berlin',
    '2026-10-25T00:00',
    ['2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
  ],
  [
    'New York, spring: 2:30 does not exist, and runs at 3:30',
    '30 2 * * *',
    'America/New_York',
    '2026-03-07T12:00',
    ['2026-03-08T07:30', '2026-03-09T06:30'],
  ],
  [
    'New York, autumn: 1:30 is there twice, and runs once',
    '30 1 * * *',
    'America/New_York',
    '2026-10-31T12:00',
    ['2026-11-01T05:30', '2026-11-02T06:30'],
  ],
  ['a leap day', '0 3 29 2 *', 'UTC', '2026-01-01T00:00', ['2028-02-29T03:00', '2032-02-29T03:00']],
];

describe('the times of a schedule', () => {
  it.each(changes)('%s', (_title, cron, zone, from, times) => {
    expect(timesAfter(cron, zone, from, times.length)).toEqual(times);
  });

  // Whatever moment it is asked at, the same times are due in the same order: what nextTime promises comes.
  it.each(changes)('are due when they were promised: %s', (_title, cron, timeZone, from, times) => {
    const schedule = { cron, timeZone };
    let lastMs: number | null = at(from);
    for (const [step, time] of times.entries()) {
      const timeMs = at(time);
      const before = step === 0 ? null : lastMs;
      if (before !== null) expect(iso(dueTime(schedule, before, timeMs - 1))).toBeNull();
      expect(iso(dueTime(schedule, lastMs, timeMs))).toBe(time);
      expect(iso(dueTime(schedule, lastMs, timeMs + 10 * 60_000))).toBe(time);
      lastMs = timeMs;
    }
  });
});

describe('what is due', () => {
  const schedule = { cron: '0 3 * * *', timeZone: 'Europe/Berlin' };
  const rows: readonly (readonly [title: string, last: string | null, now: string, due: string | null])[] = [
    ['nothing, right after it was done', '2026-01-05T02:00', '2026-01-05T02:01', null],
    ['nothing, a minute before', '2026-01-04T02:00', '2026-01-05T01:59', null],
    ['the very minute', '2026-01-04T02:00', '2026-01-05T02:00', '2026-01-05T02:00'],
    ['only the newest of many missed', '2025-12-01T02:00', '2026-01-05T11:00', '2026-01-05T02:00'],
    ['nothing, where the last one lies in the future', '2026-02-01T02:00', '2026-01-05T11:00', null],
    ['the latest of a policy that never ran', null, '2026-01-05T23:00', '2026-01-05T02:00'],
    [
      'the latest of a policy that never ran, on the day of 25 hours',
      null,
      '2026-10-25T01:59',
      '2026-10-24T01:00',
    ],
  ];
  it.each(rows)('%s', (_title, last, now, due) => {
    expect(iso(dueTime(schedule, last === null ? null : at(last), at(now)))).toBe(due);
  });

  it('is nothing for a yearly policy that never ran and is months from its date', () => {
    expect(dueTime({ cron: '0 3 1 1 *', timeZone: 'UTC' }, null, at('2026-05-01T00:00'))).toBeNull();
  });

  it('throws for what no policy file can hold', () => {
    const wrong = expect.objectContaining({ code: 'SCHEDULE_INVALID' });
    expect(() => dueTime({ cron: 'never', timeZone: 'UTC' }, null, at('2026-05-01T00:00'))).toThrow(wrong);
    expect(() => nextTime({ cron: '0 3 30 2 *', timeZone: 'UTC' }, at('2026-05-01T00:00'))).toThrow(wrong);
  });
});

describe('a cron expression', () => {
  it.each(['0 3 * * *', '*/15 0-6,22 1 JAN mon-fri', '5/10 * * * 7'])('may be %s', (cron) => {
    expect(parseCron(cron)).toEqual({ kind: 'parsed', value: cron });
  });

  it.each([
    '',
    '@daily',
    '0 3 * *',
    '* * * * * *',
    'H 3 * * *',
    '0 3 L * *',
    '0 3 * * 1#2',
    '60 3 * * *',
    '*/0 * * * *',
    '0 3 31 4,6 *',
    `0 3 * * ${'1,'.repeat(200)}1`,
  ])('is not "%s"', (cron) => {
    expect(parseCron(cron).kind).toBe('refused');
  });
});

describe('a time zone', () => {
  it.each([
    ['Europe/Berlin', true],
    ['America/Argentina/Buenos_Aires', true],
    ['UTC', true],
    ['Etc/GMT+3', true],
    ['Berlin', false],
    ['+02:00', false],
    ['Mars/Phobos', false],
    ['', false],
  ])('%s: %s', (text, expected) => {
    expect(isTimeZone(text)).toBe(expected);
  });
});
