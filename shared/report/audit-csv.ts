import type { AuditReport } from '../core/audit/report.ts';
import type { Finding } from '../core/finding.ts';
import { lifeOf } from './audit-life.ts';
import type { AuditTable } from './audit-views.ts';
import { csv, csvLines } from './csv.ts';

/** The findings as CSV, one a line; the steps of a remedy are lines of one cell. */
export function renderAuditCsv(report: AuditReport): string {
  const life = lifeOf(report);
  return csv(
    [
      'status',
      'severity',
      'check',
      'title',
      'project',
      'resource',
      'evidence',
      'risk',
      'what to do',
      'as Terraform',
      'since',
      'excepted by',
      'excepted until',
      'excepted because',
      'fingerprint',
    ],
    report.findings.map((finding) => [
      finding.status,
      finding.severity,
      finding.check,
      finding.title,
      finding.project,
      finding.resource,
      finding.evidence.sentence,
      finding.risk,
      commandsOf(finding),
      terraformOf(finding),
      life(finding),
      finding.exception?.owner ?? '',
      finding.exception === null ? '' : new Date(finding.exception.expiresMs).toISOString(),
      finding.exception?.reason ?? '',
      finding.fingerprint,
    ]),
  );
}

/** A view as CSV, line by line. */
export function renderTableCsv({ titles, rows }: AuditTable): Iterable<string> {
  return csvLines(titles, rows);
}

function commandsOf({ remediation }: Finding): string {
  return remediation.steps
    .map(({ say, gcloud }, at) => [`${at + 1}. ${say}`, ...gcloud].join(' '))
    .join(' ; ');
}

function terraformOf({ remediation }: Finding): string {
  return remediation.steps
    .flatMap(({ terraform }, at) => (terraform === null ? [] : [`# ${at + 1}.\n${terraform}`]))
    .join('\n');
}
