import type { Run } from '../core/journal.ts';
import { quantity } from '../core/quantity.ts';
import { graceOf, marksAfter, type QuarantineChanges, type QuarantineMark } from '../core/quarantine-mark.ts';
import type { Clock, Lease, Logger, QuarantineLedger } from '../ports.ts';

export interface QuarantinePorts {
  readonly ledger: Pick<QuarantineLedger, 'quarantine' | 'saveQuarantine'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a run put into quarantine, and what left it. */
export type QuarantineCounts = NonNullable<Run['quarantined']>;

/** Names shown in a log line. */
const NAMED_MAX = 20;

/**
 * Makes and ends marks, whoever holds the repository's lease, and tells of it. The marks are read again: what ended
 * since the plan stays ended.
 * @param changes null where there is nothing to do
 * @returns null where nothing changed
 * @throws WardenError LEDGER_*, LEASE_LOST
 */
export async function changeQuarantine(
  ports: QuarantinePorts,
  lease: Lease,
  changes: Pick<QuarantineChanges, 'enter' | 'end'>,
  seenAtMs: number,
): Promise<QuarantineCounts | null> {
  if (changes.enter.length === 0 && changes.end.length === 0) return null;
  const { repository, holder: runId } = lease;
  const before = await ports.ledger.quarantine(repository);
  const nowMs = ports.clock();
  const after = marksAfter(before, changes, { runId, seenAtMs, nowMs });
  const known = new Set(before.filter(({ end }) => end === null).map(markName));
  const entered = after.filter((mark) => mark.end === null && !known.has(markName(mark)));
  const ended = after.filter(({ root, sinceMs, end }) => end !== null && known.has(`${root} ${sinceMs}`));
  if (entered.length === 0 && ended.length === 0) return null;
  await ports.ledger.saveQuarantine(repository, after, lease);
  const goesFromMs = entered.length === 0 ? null : nowMs + Math.min(...entered.map((mark) => graceOf(mark)));
  tell(ports.logger, repository, { entered, ended, goesFromMs });
  return { entered: entered.length, ended: ended.length, goesFromMs };
}

function markName({ root, sinceMs }: QuarantineMark): string {
  return `${root} ${sinceMs}`;
}

function tell(
  logger: Logger,
  repository: string,
  {
    entered,
    ended,
    goesFromMs,
  }: {
    readonly entered: readonly QuarantineMark[];
    readonly ended: readonly QuarantineMark[];
    readonly goesFromMs: number | null;
  },
): void {
  if (goesFromMs !== null) {
    logger.log('WARNING', `${quantity(entered.length, 'artifact')} went into quarantine`, {
      repository,
      goesFrom: new Date(goesFromMs).toISOString(),
      artifacts: entered.slice(0, NAMED_MAX).map(({ root, tags }) => ({ root, tags })),
      keep: 'gcr-warden quarantine release IMAGE',
    });
  }
  if (ended.length === 0) return;
  logger.log('INFO', `${quantity(ended.length, 'artifact')} left the quarantine`, {
    repository,
    artifacts: ended
      .slice(0, NAMED_MAX)
      .map(({ root, end }) => ({ root, why: end?.why, detail: end?.detail })),
  });
}
