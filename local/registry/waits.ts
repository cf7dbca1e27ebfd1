interface Waiting {
  readonly dueMs: number;
  readonly go: () => void;
}

/** Timers are late by up to this: the rest of a wait goes round with the event loop. */
const TIMER_LATE_MS = 1.2;

/** Waits until a time of `performance.now()`. */
export type WaitUntil = (dueMs: number) => Promise<void>;

/**
 * Makes waits that end when they are meant to. Timers have whole milliseconds and are late rather than early, which
 * makes 20.6 of 20 ms.
 */
export function openWaits(): WaitUntil {
  const waiting: Waiting[] = [];
  let cancel = (): void => {};
  const watch = (): void => {
    cancel();
    const nowMs = performance.now();
    while (waiting[0] !== undefined && waiting[0].dueMs <= nowMs) waiting.shift()?.go();
    const [first] = waiting;
    if (first === undefined) return;
    const leftMs = first.dueMs - nowMs;
    if (leftMs > TIMER_LATE_MS) {
      const timer = setTimeout(watch, leftMs - TIMER_LATE_MS);
      cancel = () => clearTimeout(timer);
    } else {
      const immediate = setImmediate(watch);
      cancel = () => clearImmediate(immediate);
    }
  };
  return (dueMs) =>
    new Promise((go) => {
      const behind = waiting.findLastIndex((one) => one.dueMs <= dueMs) + 1;
      waiting.splice(behind, 0, { dueMs, go });
      if (behind === 0) watch();
    });
}
