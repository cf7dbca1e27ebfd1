/**
 * Maps with at most `limit` calls under way, results in the order of the items. `work` has to turn what may
 * fail for one item into a value: the first throw ends the whole.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as Item, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(Math.max(1, limit), items.length) }, worker));
  return results;
}

/**
 * How many repositories to read side by side, so that of so many requests at once none is missing while what was
 * read is worked on: half as many more. The requests themselves are counted where they are sent.
 */
export function lanesFor(concurrency: number): number {
  return Math.ceil(concurrency * 1.5);
}

/** Runs work when its turn comes: a limited number at once, in the order of asking. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Makes turns that many parts of a program share, so that one limit holds for all of them together. */
export function takeTurns(limit: number): Turns {
  let free = Math.max(1, limit);
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
