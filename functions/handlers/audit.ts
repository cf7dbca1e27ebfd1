import type { HttpFunction } from '@google-cloud/functions-framework';
import { type AuditPorts, auditProject } from '../../shared/app/audit.ts';
import { publishDeadLetter } from '../../shared/app/dead-letter.ts';
import { readAuditFolder } from '../../shared/app/read-audit-folder.ts';
import type { AuditFolder } from '../../shared/core/audit/folder.ts';
import type { AuditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { formatAuditWork, parseAuditWork } from '../../shared/core/audit-work.ts';
import { WardenError } from '../../shared/core/error.ts';
import { isPushMessage } from '../../shared/core/push-message.ts';
import type { Logger, PolicyFileReader, Publisher } from '../../shared/ports.ts';
import { answerDelivery, answerRequest } from './reply.ts';
import type { Span } from './span.ts';

/** What an audit works with, and of what. */
export interface AuditSetting {
  readonly ports: Omit<AuditPorts, 'logger' | 'folder'>;
  readonly projects: readonly string[];
  /** The folder of policies, with the exceptions in it; read anew for each audit. */
  readonly policyFiles: PolicyFileReader;
  /** Where each project becomes a message, to be audited by itself; without it all are audited by one request. */
  readonly work?: { readonly publisher: Publisher; readonly topic: string; readonly deadLetterTopic: string };
}

/**
 * Cloud Scheduler → one message a project on topic `work`; such a message → the project's findings in the ledger.
 * Where there is no such topic, the scheduler's request → the findings of every configured project, and how many
 * there are in the answer.
 */
export function auditHandler(
  logger: Logger,
  open: () => Promise<AuditSetting>,
  onReport: (report: AuditReport) => void = () => {},
): HttpFunction {
  return async (request, response) => {
    if (isPushMessage(request.body)) {
      await answerDelivery(logger, request, response, async (message, span) => {
        const setting = await open();
        let project: string;
        try {
          project = readWork(message.data, setting.projects);
        } catch (problem) {
          if (!(problem instanceof WardenError) || setting.work === undefined) throw problem;
          const { deadLetterTopic, publisher } = setting.work;
          const ports = { publisher: span.carrying(publisher), deadLetterTopic, logger: span.logger };
          await publishDeadLetter(ports, message, problem);
          return;
        }
        await auditAll(setting, [project], span, onReport);
      });
      return;
    }
    await answerRequest(logger, request, response, async (span) => {
      const setting = await open();
      const { work, projects } = setting;
      if (work === undefined) return auditAll(setting, projects, span, onReport);
      const publisher = span.carrying(work.publisher);
      for (const project of projects) {
        const { data, attributes } = formatAuditWork(project);
        await publisher.publish(work.topic, data, attributes);
      }
      return { published: projects.length };
    });
  };
}

/** How many findings there are of each project, by their status. */
async function auditAll(
  { ports, policyFiles }: AuditSetting,
  projects: readonly string[],
  span: Span,
  onReport: (report: AuditReport) => void,
): Promise<Record<string, Record<string, number>>> {
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
}

/** Reads work and refuses a project that nobody named: a forged message must not make us read elsewhere. */
function readWork(data: string, projects: readonly string[]): string {
  const { project } = parseAuditWork(data);
  if (projects.includes(project)) return project;
  throw new WardenError('WORK_OUTSIDE_TARGETS', `${project} is none of the projects that are audited.`);
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
