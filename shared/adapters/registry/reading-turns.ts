/** Does a part of some work each time its turn comes, until `part` says that nothing is left. */
export type ReadingTurns = (part: () => boolean) => Promise<void>;

interface Work {
  readonly part: () => boolean;
  readonly done: () => void;
  readonly failed: (thrown: unknown) => void;
}

/**
 * Makes turns for working on what was read: one each time the event loop comes round, so that of many replies that
 * are in together every connection gets its next request before the first of them is parsed. Work that was begun
 * is ended before the next is.
 */
export function takeReadingTurns(): ReadingTurns {
  const waiting: Work[] = [];
  const turn = (): void => {
    const [first] = waiting;
    if (first === undefined) return;
    try {
      if (first.part()) {
        setImmediate(turn);
        return;
      }
      first.done();
    } catch (thrown) {
      first.failed(thrown);
    }
    waiting.shift();
    if (waiting.length > 0) setImmediate(turn);
  };
  return (part) =>
    new Promise((done, failed) => {
      waiting.push({ part, done, failed });
      if (waiting.length === 1) setImmediate(turn);
    });
}
