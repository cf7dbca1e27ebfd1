/** Waits for one's turn to work on what was read. */
export type ReadingTurns = () => Promise<void>;

/**
 * Makes turns, one each time the event loop comes round, so that of many replies that are in together every
 * connection gets its next request before the first of them is parsed.
 */
export function takeReadingTurns(): ReadingTurns {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return last;
  };
}
