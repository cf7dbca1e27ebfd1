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
 * read is worked on: two and a half times as many. The requests themselves are counted where they are sent.
 */
export function lanesFor(concurrency: number): number {
  return Math.ceil(concurrency * 2.5);
}

/** Runs work when its turn comes: a limited number at once. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Every so often the turn is of whoever waits longest, so that nobody waits for ever. */
const LONGEST_WAITING_EVERY = 8;

/**
 * Makes turns that many parts of a program share, so that one limit holds for all of them together. Who has the
 * lower rank goes first: what was begun is brought to its end, and while it waits for something else its turns are
 * the next one's. Where all went at one pace, all would read, and then all write, and nobody send.
 */
export function takeTurns(limit: number): (rank: number) => Turns {
  let free = Math.max(1, limit);
  let handedOn = 0;
  const waiting: { readonly rank: number; readonly begin: () => void }[] = [];
  const next = (): (() => void) | undefined => {
    handedOn += 1;
    let at = 0;
    if (handedOn % LONGEST_WAITING_EVERY !== 0) {
      for (const [other, { rank }] of waiting.entries()) if (rank < (waiting[at]?.rank ?? rank)) at = other;
    }
    return waiting.splice(at, 1)[0]?.begin;
  };
  return (rank) => async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((begin) => waiting.push({ rank, begin }));
    try {
      return await work();
    } finally {
      const begin = next();
      if (begin === undefined) free += 1;
      else begin();
    }
  };
}
