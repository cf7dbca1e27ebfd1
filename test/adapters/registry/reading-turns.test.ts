import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { takeReadingTurns } from '../../../shared/adapters/registry/reading-turns.ts';

/** Work of so many parts, noting each of them. */
function parts(name: string, count: number, noted: string[]): () => boolean {
  let done = 0;
  return () => {
    done += 1;
    noted.push(`${name}${done}`);
    return done < count;
  };
}

describe('turns for reading', () => {
  it('let the event loop come round between the parts of one work', async () => {
    const noted: string[] = [];
    const done = takeReadingTurns()(parts('a', 3, noted));
    expect(noted).toEqual([]);
    const seen: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await turnOfTheLoop();
      seen.push(noted.length);
    }
    await done;
    expect(seen).toEqual([1, 2, 3]);
  });

  it('end what was begun before the next begins', async () => {
    const noted: string[] = [];
    const turns = takeReadingTurns();
    await Promise.all([
      turns(parts('a', 2, noted)),
      turns(parts('b', 1, noted)),
      turns(parts('c', 2, noted)),
    ]);
    expect(noted).toEqual(['a1', 'a2', 'b1', 'c1', 'c2']);
  });

  it('go on after a work that fails, which is told who gave it', async () => {
    const noted: string[] = [];
    const turns = takeReadingTurns();
    const failing = turns(() => {
      throw new Error('no listing');
    });
    const others = [turns(parts('b', 2, noted)), failing.catch(() => turns(parts('c', 1, noted)))];
    await expect(failing).rejects.toThrow('no listing');
    await Promise.all(others);
    expect(noted).toEqual(['b1', 'b2', 'c1']);
  });
});
