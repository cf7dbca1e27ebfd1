import { type ImageAccess, parseAuditLogEntry } from '../core/audit-log-entry.ts';
import { type DayRanges, dayOf, unionOfDays } from '../core/day-ranges.ts';
import { WardenError } from '../core/error.ts';
import { deedOf, type ImageDeed } from '../core/image-deed.ts';
import type { Clock, DeedLedger, PullLedger, Subscriber, WaitingMessage } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';
import { type DeadLetterPorts, publishDeadLetter } from './dead-letter.ts';

export interface RecordAuditLogsPorts extends DeadLetterPorts {
  readonly ledger: PullLedger & Pick<DeedLedger, 'recordDeeds'>;
  readonly subscriber: Pick<Subscriber, 'pull' | 'acknowledge'>;
  readonly clock: Clock;
  /** Repositories written side by side. */
  readonly concurrency: number;
}

export interface RecordAuditLogsRequest {
  /** `projects/PROJECT/subscriptions/SUBSCRIPTION` */
  readonly subscriptions: readonly string[];
  /** The warden's own accounts, in lower case; what they read is no use of an image. */
  readonly ownAccounts: ReadonlySet<string>;
  /** After this no further batch is asked for; what is left waits for the next call. */
  readonly untilMs: number;
}

/** What was read. */
export interface RecordedAuditLogs {
  readonly messages: number;
  readonly pulls: number;
  /** Pushes, removals of tags and deletions. */
  readonly deeds: number;
  readonly deadLetters: number;
  /** Whether nothing was left waiting. */
  readonly isDrained: boolean;
}

/** Messages of one batch: Pub/Sub gives 1,000 at most, and an entry has two or three kilobytes. */
const BATCH_MESSAGES = 1_000;

/**
 * Reads what is waiting in the subscriptions of the audit log and writes down on which days what was pulled, and who
 * pushed, untagged and deleted what. A
 * batch is acknowledged when all of it is in the ledger or on its way to the dead-letter topic; what throws leaves
 * it to be delivered again, which changes nothing that is there. Two at once do the same work twice at worst.
 */
export async function recordAuditLogs(
  ports: RecordAuditLogsPorts,
  request: RecordAuditLogsRequest,
): Promise<RecordedAuditLogs> {
  // The day on which it began: what came in after that is not known to have been read.
  const today = dayOf(ports.clock());
  const total = { messages: 0, pulls: 0, deeds: 0, deadLetters: 0 };
  let isDrained = request.subscriptions.length > 0;
  for (const subscription of request.subscriptions) {
    let isEmpty = false;
    while (!isEmpty && ports.clock() < request.untilMs) {
      const batch = await ports.subscriber.pull(subscription, BATCH_MESSAGES);
      isEmpty = batch.length === 0;
      if (isEmpty) break;
      const { pulls, deeds, deadLetters } = await recordBatch(ports, batch, request.ownAccounts);
      await ports.subscriber.acknowledge(
        subscription,
        batch.map(({ ackId }) => ackId),
      );
      total.messages += batch.length;
      total.pulls += pulls;
      total.deeds += deeds;
      total.deadLetters += deadLetters;
    }
    isDrained &&= isEmpty;
  }
  if (isDrained) await ports.ledger.recordDrained([[today, today]]);
  ports.logger.log('INFO', 'audit log read', { ...total, isDrained });
  return { ...total, isDrained };
}

async function recordBatch(
  ports: RecordAuditLogsPorts,
  batch: readonly WaitingMessage[],
  own: ReadonlySet<string>,
): Promise<Pick<RecordedAuditLogs, 'pulls' | 'deeds' | 'deadLetters'>> {
  const accesses: ImageAccess[] = [];
  const deeds: { readonly repository: string; readonly deed: ImageDeed }[] = [];
  let deadLetters = 0;
  for (const { message } of batch) {
    try {
      const entry = parseAuditLogEntry(message, own);
      if (entry.kind !== 'access') continue;
      if (entry.access.kind === 'pull') accesses.push(entry.access);
      const deed = deedOf(entry.access);
      if (deed !== null) deeds.push({ repository: entry.access.repository, deed });
    } catch (problem) {
      if (!(problem instanceof WardenError)) throw problem;
      await publishDeadLetter(ports, message, problem);
      deadLetters += 1;
    }
  }
  const pulled = accesses.filter(({ disregarded }) => disregarded === null);
  const byRepository = [...Map.groupBy(pulled, ({ repository }) => repository)];
  await mapConcurrently(byRepository, ports.concurrency, async ([repository, of]) => {
    const byReference = Map.groupBy(of, ({ digest, tag }) => digest ?? tag ?? '');
    const days = [...byReference].map(([reference, some]) => ({ reference, days: daysOf(some) }));
    await ports.ledger.recordPulls(repository, days);
  });
  const deedsByRepository = [...Map.groupBy(deeds, ({ repository }) => repository)];
  await mapConcurrently(deedsByRepository, ports.concurrency, async ([repository, of]) => {
    await ports.ledger.recordDeeds(
      repository,
      of.map(({ deed }) => deed),
    );
  });
  // After the pulls: a project is known to be recorded only when they are there.
  const byProject = [...Map.groupBy(accesses, ({ project }) => project)];
  await mapConcurrently(byProject, ports.concurrency, async ([project, of]) => {
    await ports.ledger.recordPullEvidence(project, daysOf(of));
  });
  return { pulls: pulled.length, deeds: deeds.length, deadLetters };
}

function daysOf(accesses: readonly ImageAccess[]): DayRanges {
  const days = new Set(accesses.map(({ atMs }) => dayOf(atMs)));
  return [...days].reduce<DayRanges>((all, day) => unionOfDays(all, [[day, day]]), []);
}
