import { describe, expect, it } from 'vitest';
import { takeTurns } from '../../shared/app/concurrency.ts';

/** Work that ends when it is told to. */
function openWork(log: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const work = async (): Promise<void> => {
    log.push(name);
    await promise;
  };
  return { work, end: resolve };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('turns', () => {
  it('are as many as there may be, and go to the lower rank first', async () => {
    const turns = takeTurns(2);
    const log: string[] = [];
    const works = ['a', 'b', 'c', 'd', 'e'].map((name) => openWork(log, name));
    const ranks = [3, 3, 3, 1, 2];
    const done = works.map(({ work }, at) => turns(ranks[at] ?? 0)(work));
    await settled();
    expect(log).toEqual(['a', 'b']);
    works[0]?.end();
    await settled();
    expect(log).toEqual(['a', 'b', 'd']);
    for (const { end } of works) end();
    await Promise.all(done);
    expect(log).toEqual(['a', 'b', 'd', 'e', 'c']);
  });

  it('come to everybody, however many of a lower rank keep asking', async () => {
    const turns = takeTurns(1);
    let isServed = false;
    let asked = 0;
    const first = async (): Promise<void> => {
      if (isServed) return;
      asked += 1;
      expect(asked).toBeLessThan(100);
      await settled();
      // Another of rank 0 waits before this one has ended.
      next.push(turns(0)(first));
    };
    const next: Promise<void>[] = [turns(0)(first), turns(0)(first)];
    const last = turns(9)(async () => {
      isServed = true;
    });
    await last;
    for (let waiting = next.shift(); waiting !== undefined; waiting = next.shift()) await waiting;
    expect(asked).toBeGreaterThan(2);
  });

  it('go on after work that failed', async () => {
    const turns = takeTurns(1);
    const failing = turns(0)(() => Promise.reject(new Error('no')));
    const following = turns(0)(async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    expect(await following).toBe('yes');
  });
});
