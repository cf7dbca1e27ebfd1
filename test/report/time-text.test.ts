import { describe, expect, it } from 'vitest';
import { formatTime, formatTimeAndAge, formatUtc, inReadersZone } from '../../shared/report/time-text.ts';

const AT_MS = Date.UTC(2026, 10, 18, 11, 6, 40);

describe('times for people', () => {
  it.each([
    ['UTC', '2026-11-18 11:06 UTC'],
    ['Europe/London', '2026-11-18 11:06 UTC'],
    ['Europe/Berlin', '2026-11-18 12:06 +01:00'],
    ['America/New_York', '2026-11-18 06:06 -05:00'],
    ['Asia/Kolkata', '2026-11-18 16:36 +05:30'],
  ])('are told in %s with the offset from UTC', (timeZone, text) => {
    expect(formatTime(AT_MS, { timeZone })).toBe(text);
  });

  it('go by the offset of their own day, not of today', () => {
    expect(formatTime(Date.UTC(2026, 6, 1, 10), { timeZone: 'Europe/Berlin' })).toBe(
      '2026-07-01 12:00 +02:00',
    );
  });

  it.each([
    [0, '0 s ago'],
    [59_999, '59 s ago'],
    [3 * 86_400_000 + 5 * 3_600_000, '3 d ago'],
    [-7_200_000, 'in 2 h'],
  ])('say beside them how long ago that is: %i ms, %s', (ageMs, age) => {
    const clock = { nowMs: AT_MS + ageMs, timeZone: 'UTC' };
    expect(formatTimeAndAge(AT_MS, clock)).toBe(`2026-11-18 11:06 UTC (${age})`);
  });

  it('in sentences of the core are put into the zone of the reader, and nothing else is', () => {
    const berlin = { timeZone: 'Europe/Berlin' };
    const said = 'held by ann until 2026-11-18T11:06:40.000Z: since 2026-11-18, tag 2026-11-18T11 stays';
    expect(inReadersZone(said, berlin)).toBe(
      'held by ann until 2026-11-18 12:06 +01:00: since 2026-11-18, tag 2026-11-18T11 stays',
    );
    expect(inReadersZone('on 2026-13-45T11:06:40.000Z', berlin)).toBe('on 2026-13-45T11:06:40.000Z');
    const element = '<time datetime="2026-11-18T11:06:40.000Z">';
    expect(inReadersZone(element, berlin)).toBe(element);
  });

  it('are told in UTC where nobody knows who reads', () => {
    expect(formatUtc(AT_MS)).toBe('2026-11-18 11:06 UTC');
  });
});
