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

/** Runs in a row that lived, after which there are no boundaries left to die at. */
const LIVED_MAX = 3;

/** Plays a kill, and whether there was one: its run may have ended before it came to the place. */
async function isKilled(kill: Kill): Promise<boolean> {
  const { evidence, wasKilled } = await playKill(theatre, kill);
  expect(violations(evidence), replayOf(kill)).toEqual([]);
  if (kill.doing === 'deletes') return wasKilled;
  // Marked once each, whoever died over it. What lost its tags to the one that died is no pull request any more.
  const ends = evidence.marks.map(({ end }) => end?.why);
  const last = kill.doing === 'marks' ? ['gone'] : ['gone', 'rule gone'];
  expect(ends, replayOf(kill)).toHaveLength(2);
  expect(last, replayOf(kill)).toEqual(expect.arrayContaining(ends));
  return wasKilled;
}

describe('a process that is killed with SIGKILL', () => {
  it('keeps its promises at every boundary of ledger and requests', async () => {
    let killed = 0;
    for (const { guard, doing, at } of WORKS) {
      const { evidence } = await playKill(theatre, { guard, doing, point: { kind: 'none' } });
      expect(violations(evidence)).toEqual([]);
      expect(evidence.events.some((event) => event.kind === 'deleted')).toBe(true);
      for (const kind of at) {
        let places = 0;
        // How many boundaries a run passes hangs on retries and on its time: that it lives tells where they end.
        for (let lived = 0, place = 1; lived < LIVED_MAX; place += 1) {
          const kill: Kill = { guard, doing, point: { kind, at: place } };
          if (await isKilled(kill)) [lived, places] = [0, places + 1];
          else lived += 1;
        }
        expect(places).toBeGreaterThan(20);
        killed += places;
      }
    }
    expect(killed).toBeGreaterThanOrEqual(KILLS);
  }, 900_000);
});
