import { messageOf } from '../core/error.ts';
import { type StopOrder, stopSentence } from '../core/stop-order.ts';
import { SECOND_MS } from '../core/units.ts';
import type { Logger, RestraintLedger } from '../ports.ts';

/** How often the ledger is asked. With the time that its answer takes, a run is halted within 5 s of the order. */
const POLL_MS = 1.5 * SECOND_MS;

/** So many rounds without an answer, and whether everything is stopped counts as unknown: nothing more is begun. */
const SILENT_ROUNDS_MAX = 3;

/** Knows whether everything is stopped. */
export interface StopWatch {
  /** Why nothing may be sent any more, or null. Costs nothing. */
  refusal(): string | null;
  close(): void;
}

/**
 * Asks the ledger whether everything is stopped, now and every moment until it is closed: one look for all
 * repositories that a process works on.
 */
export async function openStopWatch(
  ports: { readonly ledger: Pick<RestraintLedger, 'stopOrder'>; readonly logger: Logger },
  pollMs = POLL_MS,
): Promise<StopWatch> {
  let order: StopOrder | null = null;
  let failure: string | null = null;
  let silentRounds = 0;
  let isAsking = false;
  const ask = async (): Promise<void> => {
    isAsking = true;
    try {
      order = await ports.ledger.stopOrder();
      failure = null;
      silentRounds = 0;
    } catch (problem) {
      failure = messageOf(problem);
      ports.logger.log('WARNING', 'whether everything is stopped could not be read', { reason: failure });
    } finally {
      isAsking = false;
    }
  };
  await ask();
  if (failure !== null) silentRounds = SILENT_ROUNDS_MAX;
  const timer = setInterval(() => {
    silentRounds += 1;
    if (!isAsking) void ask();
  }, pollMs);
  timer.unref();
  return {
    refusal() {
      if (order !== null) return stopSentence(order);
      if (silentRounds < SILENT_ROUNDS_MAX) return null;
      return `Whether everything is stopped is not known: ${failure ?? 'the ledger does not answer'}`;
    },
    close: () => clearInterval(timer),
  };
}
