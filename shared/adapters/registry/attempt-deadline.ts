/** What a body has to bring to be waited for beyond the usual time: a second more for each of these. */
const BYTES_PER_SECOND_MIN = 1_048_576;

/** The time of one attempt, from connecting to the last byte. */
export interface AttemptDeadline {
  isOver(): boolean;
  /** Sets what is called when the time is over, in the place of what was set before. */
  whenOver(stop: () => void): void;
  /** Tells of bytes that came over the wire, before they are unpacked. */
  received(sizeBytes: number): void;
  /** Ends the watch; what is over stays so. */
  stop(): void;
}

/**
 * Starts the time of an attempt: `attemptMs`, and longer for a body that comes fast enough, so that a listing
 * of 200 MB may take its minutes and a reply that drips may not; never more than `mostMs`.
 */
export function startAttemptDeadline(attemptMs: number, mostMs: number): AttemptDeadline {
  const startedMs = performance.now();
  let receivedBytes = 0;
  let isOver = false;
  let stopIt = (): void => {};
  const watch = (delayMs: number): NodeJS.Timeout => setTimeout(look, Math.max(1, Math.ceil(delayMs)));
  // Looked at when the time that was known is over, rather than moved on with each piece.
  function look(): void {
    const allowedMs = Math.min(mostMs, attemptMs + (receivedBytes / BYTES_PER_SECOND_MIN) * 1_000);
    const leftMs = allowedMs - (performance.now() - startedMs);
    if (leftMs > 0) {
      timer = watch(leftMs);
      return;
    }
    isOver = true;
    stopIt();
  }
  let timer = watch(Math.min(attemptMs, mostMs));
  return {
    isOver: () => isOver,
    whenOver(stop) {
      stopIt = stop;
    },
    received(sizeBytes) {
      receivedBytes += sizeBytes;
    },
    stop: () => clearTimeout(timer),
  };
}
