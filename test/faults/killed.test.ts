import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTheatre, type Theatre } from './case.ts';
import { violations } from './checker.ts';
import { type Kill, playKill, replayOf } from './killed.ts';

let theatre: Theatre;
beforeAll(async () => {
  theatre = await openTheatre();
});
afterAll(() => theatre.close());

/** Kills in the ordinary run, at least; `npm run faults` makes more. */
const KILLS = 150;

/**
 * Between them they pass every boundary that there is. What marks sends no request that what deletes does not send,
 * so it dies at those of its ledger; and what a registry guards makes no difference to the ledger.
 */
const WORKS: readonly (Omit<Kill, 'point'> & { readonly at: readonly ('ledger' | 'request')[] })[] = [
  { guard: 'google', doing: 'marks', at: ['ledger'] },
  { guard: 'google', doing: 'deletes what was marked', at: ['ledger', 'request'] },
  { guard: 'plain', doing: 'deletes', at: ['request'] },
];

describe('a process that is killed with SIGKILL', () => {
  it('keeps its promises at every boundary of ledger and requests', async () => {
    const kills: Kill[] = [];
    for (const { guard, doing, at } of WORKS) {
      const whole = await playKill(theatre, { guard, doing, point: { kind: 'none' } });
      const { evidence, ledgerBoundaries, requestBoundaries } = whole;
      expect(violations(evidence)).toEqual([]);
      expect(evidence.events.some((event) => event.kind === 'deleted')).toBe(true);
      const counts: Readonly<Record<'ledger' | 'request', number>> = {
        ledger: ledgerBoundaries ?? 0,
        request: requestBoundaries,
      };
      for (const kind of at) {
        expect(counts[kind]).toBeGreaterThan(20);
        for (let place = 1; place <= counts[kind]; place += 1) {
          kills.push({ guard, doing, point: { kind, at: place } });
        }
      }
    }
    expect(kills.length).toBeGreaterThanOrEqual(KILLS);
    let killed = 0;
    for (const kill of kills) {
      const { evidence, wasKilled } = await playKill(theatre, kill);
      if (wasKilled) killed += 1;
      expect(violations(evidence), replayOf(kill)).toEqual([]);
      if (kill.doing === 'deletes') continue;
      // Marked once each, whoever died over it. What lost its tags to the one that died is no pull request any more.
      const ends = evidence.marks.map(({ end }) => end?.why);
      const last = kill.doing === 'marks' ? ['gone'] : ['gone', 'rule gone'];
      expect(ends, replayOf(kill)).toHaveLength(2);
      expect(last, replayOf(kill)).toEqual(expect.arrayContaining(ends));
    }
    // A run with a retry less passes a boundary less, and lives.
    expect(killed).toBeGreaterThanOrEqual(kills.length - 5);
  }, 900_000);
});
