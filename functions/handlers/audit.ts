import type { HttpFunction } from '@google-cloud/functions-framework';
import { type AuditPorts, auditProject } from '../../shared/app/audit.ts';
import type { AuditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import type { Logger } from '../../shared/ports.ts';
import { answerRequest } from './reply.ts';

/** Cloud Scheduler → the findings of every configured project in the ledger, and how many there are in the answer. */
export function auditHandler(
  logger: Logger,
  open: () => Promise<{ readonly ports: Omit<AuditPorts, 'logger'>; readonly projects: readonly string[] }>,
  onReport: (report: AuditReport) => void = () => {},
): HttpFunction {
  return async (_request, response) => {
    await answerRequest(logger, response, async () => {
      const { ports, projects } = await open();
      const counts: Record<string, Record<string, number>> = {};
      for (const project of projects) {
        const report = await auditProject({ ...ports, logger }, project, DEFAULT_AUDIT_SETTINGS);
        onReport(report);
        const byStatus = Map.groupBy(report.findings, (finding) => finding.status);
        counts[project] = Object.fromEntries(
          [...byStatus].map(([status, findings]) => [status, findings.length]),
        );
      }
      return counts;
    });
  };
}
