import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AGE_MAX_MS,
  countWithin,
  DAY_MS,
  formatAge,
  formatSize,
  HOUR_MS,
  MINUTE_MS,
  parseAge,
  parseShare,
  parseSize,
  parseUntil,
  SECOND_MS,
  SIZE_MAX_BYTES,
} from '../../shared/core/units.ts';
import { checkProperty } from './property.ts';

describe('a length of time', () => {
  it.each([
    ['30m', 30 * MINUTE_MS],
    ['36h', 36 * HOUR_MS],
    ['7d', 7 * DAY_MS],
    ['2w', 14 * DAY_MS],
    ['36525d', AGE_MAX_MS],
  ])('%s is read', (text, ageMs) => {
    expect(parseAge(text)).toEqual({ kind: 'parsed', value: ageMs });
  });

  it.each([
    '',
    '7',
    'd',
    '7D',
    '7 d',
    '07d',
    '+7d',
    '-7d',
    '7.5d',
    '1e3d',
    '٧d',
    '7d\n',
    '0m',
    '36526d',
    '5219w',
    `${'9'.repeat(400)}m`,
  ])('"%s" is refused', (text) => {
    expect(parseAge(text).kind).toBe('refused');
  });

  it.each([
    [9 * DAY_MS + 4 * HOUR_MS + 59 * MINUTE_MS, '9 d 4 h'],
    [7 * DAY_MS, '7 d'],
    [7 * DAY_MS + 5 * MINUTE_MS, '7 d'],
    [HOUR_MS + 30 * MINUTE_MS, '1 h 30 min'],
    [90 * SECOND_MS, '1 min 30 s'],
    [999, '0 s'],
    [-90 * SECOND_MS, '-1 min 30 s'],
    [Number.NaN, 'an unknown time'],
  ])('%d ms is printed as %s', (ageMs, text) => {
    expect(formatAge(ageMs)).toBe(text);
  });

  it('is printed never longer than it is, and less than its smaller unit shorter', () => {
    const unitMs: Record<string, number> = { d: DAY_MS, h: HOUR_MS, min: MINUTE_MS, s: SECOND_MS };
    const smaller: Record<string, number> = { d: HOUR_MS, h: MINUTE_MS, min: SECOND_MS, s: SECOND_MS };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: AGE_MAX_MS }), (ageMs) => {
        const parts = [...formatAge(ageMs).matchAll(/(\d+) (d|h|min|s)/g)];
        const printedMs = parts.reduce(
          (sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0),
          0,
        );
        const largest = parts[0]?.[2] ?? '';
        return printedMs <= ageMs && ageMs - printedMs < (smaller[largest] ?? 0);
      }),
    );
  });

  it('is printed as it was written, where it was written in days', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 36_525 }), (days) => {
        const age = parseAge(`${days}d`);
        return age.kind === 'parsed' && formatAge(age.value) === `${days} d`;
      }),
    );
  });
});

describe('a size', () => {
  it.each([
    ['1B', 1],
    ['500MB', 500_000_000],
    ['1.5GB', 1_500_000_000],
    ['2GiB', 2 * 2 ** 30],
    ['0.5kB', 500],
    ['1000TB', SIZE_MAX_BYTES],
  ])('%s is read', (text, sizeBytes) => {
    expect(parseSize(text)).toEqual({ kind: 'parsed', value: sizeBytes });
  });

  it.each([
    '',
    '5',
    '5mb',
    '5Mb',
    '5 MB',
    '-5MB',
    '0MB',
    '0.1B',
    '1.GB',
    '.5GB',
    '1001TB',
    `${'9'.repeat(400)}B`,
    'InfinityB',
  ])('"%s" is refused', (text) => {
    expect(parseSize(text).kind).toBe('refused');
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [12_345_678, '12.3 MB'],
    [949_999, '950.0 kB'],
    [999_999, '1.0 MB'],
    [1e15, '1000.0 TB'],
    [Number.NaN, 'an unknown size'],
  ])('%d bytes are printed as %s', (sizeBytes, text) => {
    expect(formatSize(sizeBytes)).toBe(text);
  });

  it('is read back from what was printed, within the rounding', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: SIZE_MAX_BYTES }), (sizeBytes) => {
        const size = parseSize(formatSize(sizeBytes).replace(' ', ''));
        return size.kind === 'parsed' && Math.abs(size.value - sizeBytes) <= sizeBytes * 0.05 + 0.5;
      }),
    );
  });
});

describe('a share', () => {
  it.each([
    ['25%', 0.25],
    ['100%', 1],
    ['0.5%', 0.005],
    ['12.34%', 0.1234],
  ])('%s is read', (text, share) => {
    expect(parseShare(text)).toEqual({ kind: 'parsed', value: share });
  });

  it.each(['', '25', '0%', '0.00%', '101%', '100.01%', '-5%', '1.234%', '1e2%'])(
    '"%s" is refused',
    (text) => {
      expect(parseShare(text).kind).toBe('refused');
    },
  );
});

describe('a share of a number', () => {
  it.each([
    [0.29, 100, 29],
    [0.07, 100, 7],
    [0.1, 30, 3],
    [0.1, 29, 2],
    [0.1234, 10_000, 1_234],
    [0.1234, 9_999, 1_233],
    [1, 7, 7],
    [0.0001, 9_999, 0],
  ])('%d of %d are at most %d', (share, count, most) => {
    expect(countWithin(share, count)).toBe(most);
  });

  it('is never more than it, and one more would be', () => {
    const hundredths = fc.integer({ min: 1, max: 10_000 });
    checkProperty(fc.tuple(hundredths, fc.nat(50_000_000)), ([part, count]) => {
      const most = BigInt(countWithin(part / 10_000, count));
      expect(most * 10_000n).toBeLessThanOrEqual(BigInt(part) * BigInt(count));
      expect((most + 1n) * 10_000n).toBeGreaterThan(BigInt(part) * BigInt(count));
    });
  });
});

describe('the end of a hold', () => {
  it.each([
    ['2026-12-31', '2027-01-01T12:00:00.000Z'],
    ['2028-02-29', '2028-03-01T12:00:00.000Z'],
    ['2026-12-31T18:00Z', '2026-12-31T18:00:00.000Z'],
    ['2026-12-31T18:00:30-05:30', '2026-12-31T23:30:30.000Z'],
  ])('%s is %s', (text, time) => {
    expect(parseUntil(text)).toEqual({ kind: 'parsed', value: Date.parse(time) });
  });

  it.each([
    '',
    '2026-02-29',
    '2026-13-01',
    '2026-1-1',
    '31.12.2026',
    '1999-12-31',
    '2026-12-31T18:00',
    '2026-12-31T24:00Z',
    '2026-12-31T18:00+15:00',
  ])('"%s" is refused', (text) => {
    expect(parseUntil(text).kind).toBe('refused');
  });
});
