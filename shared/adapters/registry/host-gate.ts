import type { Clock } from '../../ports.ts';
import type { Pace, PacedKind } from '../http/pace.ts';
import { Places } from '../http/places.ts';
import { PAUSE_MAX_MS, PAUSE_SPREAD_MS } from './retry.ts';

/** What a request has to go through before it is sent to one host. */
export interface HostGate {
  /**
   * Waits for a free place, for the end of a pause, and for its turn by the pace; then holds the place until
   * `leave`. A request that would have to wait too long doesn't, and holds nothing: `until` says how long.
   */
  enter(kind: PacedKind, latestMs: number): Promise<'entered' | { readonly untilMs: number }>;
  leave(): void;
  /** Keeps every request out until a time; a pause that is already longer stays. */
  pause(untilMs: number): void;
}

/** Makes the gate of one host. `everywhere`: the places that all hosts share. */
export function createHostGate(options: {
  readonly placeCount: number;
  readonly everywhere: Places;
  readonly pace: Pace | null;
  readonly clock: Clock;
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly random: () => number;
}): HostGate {
  const { everywhere, pace, clock, sleep, random } = options;
  const here = new Places(options.placeCount);
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  /** Counts pauses, so that whoever waited for one sees whether another came meanwhile. */
  let pauses = 0;

  /** Waits for pauses until there is none that was not waited for; the time of one that is too long, or null. */
  async function waitForPauses(latestMs: number): Promise<number | null> {
    for (let seen = -1; seen !== pauses; ) {
      seen = pauses;
      const leftMs = pausedUntilMs - clock();
      if (leftMs <= 0) break;
      if (leftMs > PAUSE_MAX_MS || pausedUntilMs >= latestMs) return pausedUntilMs;
      await sleep(leftMs + random() * PAUSE_SPREAD_MS);
    }
    return null;
  }

  return {
    async enter(kind, latestMs) {
      await here.take();
      let isInside = false;
      try {
        const tooLongMs = await waitForPauses(latestMs);
        if (tooLongMs !== null) return { untilMs: tooLongMs };
        if (pace !== null) {
          const nowMs = clock();
          const turn = pace.reserve(kind, nowMs, latestMs);
          if (turn.kind === 'too late') return { untilMs: nowMs + turn.delayMs };
          if (turn.delayMs > 0) await sleep(turn.delayMs);
        }
        // Only who may go takes one of the places that other hosts need too.
        await everywhere.take();
        isInside = true;
        return 'entered';
      } finally {
        if (!isInside) here.give();
      }
    },
    leave() {
      everywhere.give();
      here.give();
    },
    pause(untilMs) {
      if (untilMs <= pausedUntilMs) return;
      pausedUntilMs = untilMs;
      pauses += 1;
    },
  };
}
