import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTheatre, playCase, type Theatre } from './case.ts';
import { violations } from './checker.ts';
import { scheduleOf } from './schedule.ts';

let theatre: Theatre;
beforeAll(async () => {
  theatre = await openTheatre();
});
afterAll(() => theatre.close());

/** Cases in the ordinary run, the same each time; `npm run faults` plays others and more. */
const CASES = 2_000;

describe('the executor under faults', () => {
  it('keeps its promises', async () => {
    let deleted = 0;
    let crashed = 0;
    for (let seed = 1; seed <= CASES; seed += 1) {
      const evidence = await playCase(theatre, scheduleOf(seed));
      expect(violations(evidence), `npm run faults -- --seed ${seed}`).toEqual([]);
      deleted += evidence.events.filter(({ kind }) => kind === 'deleted').length;
      crashed += evidence.crashes;
    }
    // A program that does nothing breaks no promise. In a quarter of the cases what goes is in quarantine first.
    expect(deleted).toBeGreaterThan(0.75 * CASES);
    expect(crashed).toBeGreaterThan(CASES / 4);
  }, 900_000);
});
