import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTheatre, type Theatre } from './case.ts';
import { violations } from './checker.ts';
import { type KillPoint, playKill } from './killed.ts';

let theatre: Theatre;
beforeAll(async () => {
  theatre = await openTheatre();
});
afterAll(() => theatre.close());

/** Kills in the ordinary run; `npm run faults` makes more. */
const KILLS = 150;

describe('a process that is killed with SIGKILL', () => {
  it('keeps its promises at every boundary of ledger and requests', async () => {
    const points: { guard: 'google' | 'plain'; point: KillPoint }[] = [];
    for (const guard of ['google', 'plain'] as const) {
      const whole = await playKill(theatre, guard, { kind: 'none' });
      expect(violations(whole.evidence)).toEqual([]);
      expect(whole.evidence.events.some((event) => event.kind === 'deleted')).toBe(true);
      for (let at = 1; at <= (whole.ledgerBoundaries ?? 0); at += 1)
        points.push({ guard, point: { kind: 'ledger', at } });
      for (let at = 1; at <= whole.requestBoundaries; at += 1)
        points.push({ guard, point: { kind: 'request', at } });
    }
    expect(points.length).toBeGreaterThan(50);
    let killed = 0;
    // Each point once, and then again from the first: requests go side by side, and die in other company.
    for (let at = 0; at < Math.max(KILLS, points.length); at += 1) {
      const { guard, point } = points[at % points.length] ?? { guard: 'google', point: { kind: 'none' } };
      const { evidence, wasKilled } = await playKill(theatre, guard, point);
      if (wasKilled) killed += 1;
      expect(violations(evidence), `${guard}, ${JSON.stringify(point)}`).toEqual([]);
    }
    // A run with a retry less passes a boundary less, and lives.
    expect(killed).toBeGreaterThanOrEqual(KILLS - 5);
  }, 600_000);
});
