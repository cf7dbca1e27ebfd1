import { auditSubject } from '../core/audit/merged-report.ts';
import type { AuditReport } from '../core/audit/report.ts';
import type { Finding } from '../core/finding.ts';
import { lifeOf } from './audit-life.ts';
import { auditSummary } from './audit-summary.ts';
import { type AuditTable, accessTable, keyTable } from './audit-views.ts';
import { markdownCode, markdownText } from './markdown.ts';
import { formatUtc } from './time-text.ts';

/** The audit as Markdown, for an issue or a pull request: the summary, what to do, and both views. */
export function renderAuditMarkdown(report: AuditReport): string {
  const { wrong, worst, next, notSeen } = auditSummary(report);
  const life = lifeOf(report);
  const failing = report.findings.filter(({ status }) => status === 'FAIL');
  const others = report.findings.filter(({ status }) => status === 'UNKNOWN' || status === 'EXCEPTED');
  return `${[
    `# Audit of ${markdownText(auditSubject(report))}`,
    `${formatUtc(report.atMs)}. **${wrong}.**`,
    ...(worst === null ? [] : [`- Worst: ${markdownText(worst)}\n- Next: ${markdownText(next ?? '')}`]),
    markdownText(notSeen),
    ...(failing.length === 0
      ? []
      : ['## What to do', ...failing.map((each) => findingText(each, life(each)))]),
    ...(others.length === 0
      ? []
      : [
          '## Not decided, or excepted',
          markdownTable({
            titles: ['status', 'check', 'resource', 'why'],
            rows: others.map(({ status, check, resource, evidence, exception }) => [
              status,
              check,
              resource,
              exception === null ? evidence.sentence : `${exception.reason} (${exception.owner})`,
            ]),
          }),
        ]),
    '## Not seen',
    report.notSeen.map((line) => `- ${markdownText(line)}`).join('\n') || 'Nothing.',
    '## Keys',
    markdownTable(keyTable(report)),
    '## Access',
    markdownTable(accessTable(report)),
  ].join('\n\n')}\n`;
}

function findingText({ severity, title, check, evidence, risk, remediation }: Finding, life: string): string {
  return [
    `### ${severity}: ${markdownText(title)} (\`${check}\`)${life === '' ? '' : `, ${life}`}`,
    [evidence.sentence, risk].map(markdownText).join('\n'),
    ...remediation.steps.map(({ say, gcloud, terraform, wait }, at) =>
      [
        `${at + 1}. ${markdownText(say)}`,
        ...(gcloud.length === 0 ? [] : [indented(markdownCode(gcloud.join('\n'), 'sh'))]),
        ...(terraform === null ? [] : [indented(markdownCode(terraform, 'terraform'))]),
        ...(wait === undefined ? [] : [`   Wait ${markdownText(wait)}.`]),
      ].join('\n\n'),
    ),
  ].join('\n\n');
}

function indented(block: string): string {
  return block.replace(/^(?=.)/gm, '   ');
}

function markdownTable({ titles, rows }: AuditTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(' | ')} |`;
  const lines = Array.from(rows, line);
  if (lines.length === 0) return 'None seen.';
  return [line(titles), `|${titles.map(() => '---|').join('')}`, ...lines].join('\n');
}
