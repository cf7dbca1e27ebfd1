import type { HttpFunction } from '@google-cloud/functions-framework';
import { type AuditPorts, auditProject } from '../../shared/app/audit.ts';
import { readAuditFolder } from '../../shared/app/read-audit-folder.ts';
import type { AuditFolder } from '../../shared/core/audit/folder.ts';
import type { AuditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import type { Logger, PolicyFileReader } from '../../shared/ports.ts';
import { answerRequest } from './reply.ts';

/** What an audit works with, and of what. */
export interface AuditSetting {
  readonly ports: Omit<AuditPorts, 'logger' | 'folder'>;
  readonly projects: readonly string[];
  /** The folder of policies, with the exceptions in it; read anew for each audit. */
  readonly policyFiles: PolicyFileReader;
}

/** Cloud Scheduler → the findings of every configured project in the ledger, and how many there are in the answer. */
export function auditHandler(
  logger: Logger,
  open: () => Promise<AuditSetting>,
  onReport: (report: AuditReport) => void = () => {},
): HttpFunction {
  return async (request, response) => {
    await answerRequest(logger, request, response, async (span) => {
      const { ports, projects, policyFiles } = await open();
      const folder = await readAuditFolder(policyFiles);
      logFolder(span.logger, folder);
      const { changes, ...others } = ports;
      const told = changes && { changes: { ...changes, publisher: span.carrying(changes.publisher) } };
      const spanned = { ...others, ...told, logger: span.logger, folder };
      const counts: Record<string, Record<string, number>> = {};
      for (const project of projects) {
        const report = await auditProject(spanned, project, DEFAULT_AUDIT_SETTINGS);
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

/** What the audit goes by, and what of it is broken: its findings say so too. */
function logFolder(logger: Logger, { exceptions, broken, policies, files }: AuditFolder): void {
  logger.log('INFO', 'policies and exceptions read', {
    exceptions: exceptions.length,
    policies: policies.kind === 'known' ? policies.value.length : null,
    files: files.map(({ file, contentHash }) => `${file} ${contentHash}`),
  });
  if (policies.kind === 'unknown') {
    logger.log('WARNING', 'the policies are not known', { reason: policies.reason });
  }
  const problems =
    broken.kind === 'unknown'
      ? [broken.reason]
      : broken.value.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  for (const reason of problems)
    logger.log('WARNING', 'exceptions are broken and except nothing', { reason });
}
