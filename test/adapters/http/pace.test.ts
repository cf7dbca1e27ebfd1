import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPace, GOOGLE_PACE, type PacedKind } from '../../../shared/adapters/http/pace.ts';
import { checkProperty } from '../../core/property.ts';

const MINUTE_MS = 60_000;
const NEVER = Number.POSITIVE_INFINITY;

describe('a pace', () => {
  it('leaves half of the quota of a project and region to others', () => {
    expect(GOOGLE_PACE).toEqual({ requestsPerMinute: 60_000 / 2, deletesPerMinute: 18_000 / 2 });
  });

  it('keeps every minute within its limits and a second of burst, whenever requests come', () => {
    const limits = { requestsPerMinute: 120, deletesPerMinute: 60 };
    const request = fc.record({
      kind: fc.constantFrom<PacedKind>('request', 'delete'),
      afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000 })),
    });
    checkProperty(fc.array(request, { maxLength: 400 }), (requests) => {
      const pace = createPace(limits);
      let nowMs = 0;
      const begun = requests.map(({ kind, afterMs }) => {
        nowMs += afterMs;
        return { kind, atMs: nowMs + pace.reserve(kind, nowMs, NEVER).delayMs };
      });
      const counted = (kinds: readonly PacedKind[], most: number): void => {
        const times = begun.filter((one) => kinds.includes(one.kind)).map(({ atMs }) => atMs);
        times.sort((a, b) => a - b);
        for (const [index, atMs] of times.entries()) {
          // The last that still lies in the minute that begins here.
          const next = times[index + most];
          if (next !== undefined) expect(next - atMs).toBeGreaterThanOrEqual(MINUTE_MS - 1e-6);
        }
      };
      counted(['delete'], limits.deletesPerMinute + 2);
      counted(['request', 'delete'], limits.requestsPerMinute + 3);
    });
  });

  it('holds nobody up who is slower than it', () => {
    const pace = createPace({ requestsPerMinute: 60, deletesPerMinute: 60 });
    for (let atMs = 0; atMs < 100_000; atMs += 1_001) {
      expect(pace.reserve('delete', atMs, NEVER)).toEqual({ kind: 'reserved', delayMs: 0 });
    }
  });

  it('takes nothing for who would have to wait too long', () => {
    const pace = createPace({ requestsPerMinute: 60, deletesPerMinute: 60 });
    const begun = Array.from({ length: 100 }, () => pace.reserve('delete', 0, 5_000));
    // A second's burst and what fits into five seconds; the others leave no trace.
    expect(begun.filter(({ kind }) => kind === 'reserved').map(({ delayMs }) => delayMs)).toEqual([
      0, 0, 1_000, 2_000, 3_000, 4_000,
    ]);
    expect(pace.reserve('delete', 0, NEVER)).toEqual({ kind: 'reserved', delayMs: 5_000 });
  });
});
