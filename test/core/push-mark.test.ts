import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonWaiting, type PushMark, pushMark, settlePushes } from '../../shared/core/push-mark.ts';
import { checkProperty } from './property.ts';

const STRETCH = { lengthMs: 60, skewMs: 10 };

describe('marks of pushes', () => {
  it('are the same for all pushes of a stretch, and others for the next', () => {
    expect(pushMark('r', 119, STRETCH)).toEqual({ repository: 'r', fromMs: 60, untilMs: 130 });
    expect(pushMark('r', 60, STRETCH)).toEqual(pushMark('r', 119, STRETCH));
    expect(pushMark('r', 120, STRETCH)).not.toEqual(pushMark('r', 119, STRETCH));
  });

  it('wait for the longest settling and the shortest time at most of those policies that ask', () => {
    expect(commonWaiting([null, null])).toBeNull();
    expect(commonWaiting([{ settleMs: 5, atMostMs: 90 }, null, { settleMs: 10, atMostMs: 60 }])).toEqual({
      settleMs: 10,
      atMostMs: 60,
    });
  });

  it('lose no push, end in one run after the last one, and make nobody wait longer than they say', () => {
    const waiting = { settleMs: 200, atMostMs: 1_000 };
    checkProperty(
      fc.tuple(
        fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 90 }),
      ),
      ([pushes, everyMs]) => {
        let marks: PushMark[] = [];
        const remembered = new Set<number>();
        const runs: number[] = [];
        const waits = pushes.toSorted((a, b) => a - b);
        let next = 0;
        for (let nowMs = 0; nowMs <= 6_000; nowMs += everyMs) {
          for (; (waits[next] ?? Number.POSITIVE_INFINITY) <= nowMs; next += 1) {
            // A recorder writes each of its marks once, whatever became of it since.
            const mark = pushMark('r', waits[next] ?? 0, STRETCH);
            if (!remembered.has(mark.fromMs)) marks.push(mark);
            remembered.add(mark.fromMs);
          }
          const { isDue, done } = settlePushes(marks, waiting, nowMs);
          marks = marks.filter((mark) => !done.includes(mark));
          if (isDue) runs.push(nowMs);
        }
        expect(marks).toEqual([]);
        const longestMs = waiting.atMostMs + STRETCH.lengthMs + STRETCH.skewMs + everyMs;
        for (const push of waits) {
          const run = runs.find((atMs) => atMs > push);
          expect(run).toBeDefined();
          expect((run ?? 0) - push).toBeLessThanOrEqual(longestMs);
        }
        const last = waits.at(-1) ?? 0;
        expect(runs.filter((atMs) => atMs > last).length).toBeLessThanOrEqual(2);
        expect(runs.at(-1)).toBeGreaterThanOrEqual(last + waiting.settleMs);
      },
    );
  });

  it('are forgotten where nobody asks for a run, but those that stand for pushes to come', () => {
    const marks = [pushMark('r', 0, STRETCH), pushMark('r', 60, STRETCH)];
    expect(settlePushes(marks, null, 75)).toEqual({ isDue: false, done: [marks[0]] });
    expect(settlePushes([], null, 75)).toEqual({ isDue: false, done: [] });
  });
});
