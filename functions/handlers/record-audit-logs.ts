import type { HttpFunction } from '@google-cloud/functions-framework';
import {
  type RecordAuditLogsPorts,
  type RecordAuditLogsRequest,
  type RecordedAuditLogs,
  recordAuditLogs,
} from '../../shared/app/record-audit-logs.ts';
import type { Logger } from '../../shared/ports.ts';
import { answerRequest } from './reply.ts';

/** What the function needs, and which subscriptions it reads. */
export interface RecordAuditLogsSetting extends Omit<RecordAuditLogsPorts, 'logger'> {
  readonly subscriptions: RecordAuditLogsRequest['subscriptions'];
  readonly ownAccounts: RecordAuditLogsRequest['ownAccounts'];
}

/** Cloud Scheduler → what waits in the subscriptions of the audit log, into the ledger. */
export function recordAuditLogsHandler(
  logger: Logger,
  open: () => Promise<RecordAuditLogsSetting>,
  budgetMs: number,
  onRecorded: (recorded: RecordedAuditLogs) => void = () => {},
): HttpFunction {
  return async (request, response) => {
    await answerRequest(logger, request, response, async (span) => {
      const setting = await open();
      const untilMs = setting.clock() + budgetMs;
      const recorded = await recordAuditLogs({ ...setting, logger: span.logger }, { ...setting, untilMs });
      onRecorded(recorded);
      return recorded;
    });
  };
}
