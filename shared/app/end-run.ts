import { messageOf } from '../core/error.ts';
import type { Run } from '../core/journal.ts';
import { runNotification } from '../core/run-notification.ts';
import type { Lease, Logger, Publisher, RunLedger } from '../ports.ts';

/** Where runs are told of, `projects/PROJECT/topics/TOPIC`. */
export interface Notifications {
  readonly publisher: Publisher;
  readonly topic: string;
}

export interface EndRunPorts {
  readonly ledger: Pick<RunLedger, 'saveRun'>;
  readonly logger: Logger;
  /** Left out, nobody is told. */
  readonly notifications?: Notifications;
}

/** A run that has ended. */
export type EndedRun = Run & { readonly finishedAtMs: number };

/**
 * Tells of a run's end and writes it down. Told before it is written: who is killed between the two leaves a run
 * that has not ended, which the next one closes and tells of again. A topic that takes nothing keeps no run from
 * ending: it is written down as untold, and the next run of the repository tells.
 * @throws WardenError LEDGER_*, LEASE_LOST
 */
export async function endRun(ports: EndRunPorts, run: EndedRun, lease?: Lease): Promise<void> {
  const { untold: _, ...told } = run;
  const isTold = await tell(ports, run);
  await ports.ledger.saveRun(isTold ? told : { ...told, untold: true }, lease);
}

async function tell({ notifications, logger }: EndRunPorts, run: EndedRun): Promise<boolean> {
  if (notifications === undefined) return true;
  const message = runNotification(run, run.finishedAtMs);
  const { kind, repository, trigger } = message;
  try {
    await notifications.publisher.publish(notifications.topic, JSON.stringify(message), {
      type: 'run',
      kind,
      repository,
      trigger,
    });
    return true;
  } catch (problem) {
    logger.log('ERROR', 'a run could not be told of, and the next one of its repository tells it', {
      repository,
      runId: run.id,
      reason: messageOf(problem),
    });
    return false;
  }
}

/** Whether nobody has been told of a run's end yet. */
export function isUntold(run: Run): run is EndedRun {
  return run.untold === true && run.finishedAtMs !== null;
}
