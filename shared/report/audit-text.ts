import type { Grant } from '../core/audit/grants.ts';
import { auditSubject } from '../core/audit/merged-report.ts';
import type { AuditReport } from '../core/audit/report.ts';
import type { Finding, RemedyStep, Severity } from '../core/finding.ts';
import { lifeOf } from './audit-life.ts';
import { auditSummary } from './audit-summary.ts';
import { type AuditTable, ageCell, dayCell, endCell, stateCell } from './audit-views.ts';
import { printable, type TextStyle, type Tone, table, tableLines, toned, wrap } from './text.ts';
import { formatTimeAndAge } from './time-text.ts';

/** Enough to tell keys apart; the commands have the whole. */
const KEY_ID_CHARACTERS = 12;

/** In what form remedies are written, the default first. */
export const REMEDY_FORMS = ['gcloud', 'terraform'] as const;

export type RemedyForm = (typeof REMEDY_FORMS)[number];

/**
 * The audit of a project for a terminal: what is wrong and what to do about it, what could not be seen, then keys by age and who can do what.
 * @param remedies with `terraform`, steps that Terraform holds nothing of keep their commands
 */
export function renderAudit(
  report: AuditReport,
  style: TextStyle,
  remedies: RemedyForm = REMEDY_FORMS[0],
): string {
  const { findings, notSeen } = report;
  const life = lifeOf(report);
  const failing = findings.filter(({ status }) => status === 'FAIL');
  const excepted = findings.filter(({ status }) => status === 'EXCEPTED');
  const unseen = findings.filter(({ status }) => status === 'UNKNOWN');
  return `${[
    `${toned(`Audit of ${printable(auditSubject(report))}`, 'strong', style)}, ${formatTimeAndAge(report.atMs, style.clock)}`,
    summaryText(report, style),
    ...(failing.length > 0
      ? [
          heading('What to do', style),
          ...failing.map((each) => findingText(each, style, remedies, life(each))),
        ]
      : []),
    ...(excepted.length > 0
      ? [heading('Excepted', style), ...excepted.map((each) => exceptedText(each, style))]
      : []),
    ...(unseen.length > 0
      ? [
          heading('Not decided', style),
          ...unseen.map((each) => findingText(each, style, remedies, life(each))),
        ]
      : []),
    heading('Not seen', style),
    ...notSeen.map((line) => indented(line, style)),
    heading('Service-account keys, oldest first', style),
    keysTable(report, style),
    heading('Permissions on buckets and repositories', style),
    grantsText(report.grants, style),
  ].join('\n')}\n`;
}

function heading(text: string, style: TextStyle): string {
  return `\n${toned(text, 'strong', style)}`;
}

function indented(text: string, style: TextStyle): string {
  return wrap(printable(text), Math.max(20, style.widthColumns - 2))
    .map((line) => `  ${line}`)
    .join('\n');
}

function summaryText(report: AuditReport, style: TextStyle): string {
  const { wrong, worst, next, notSeen } = auditSummary(report);
  const lines = [
    wrong,
    ...(worst === null ? [] : [`Worst: ${worst}`, `Next: ${next}`]),
    `Not seen: ${notSeen}`,
  ];
  return lines.flatMap((line) => wrap(printable(line), Math.max(20, style.widthColumns))).join('\n');
}

/** One of the views alone, as a table, row by row. */
export function* renderAuditTable({ titles, rows }: AuditTable, style: TextStyle): Generator<string> {
  const [first] = rows;
  if (first === undefined) {
    yield 'None seen.\n';
    return;
  }
  const columns = titles.map((title) => ({ title: title.toUpperCase() }));
  for (const line of tableLines(columns, rows, style)) yield `${line}\n`;
}

function keysTable({ keys, atMs }: AuditReport, style: TextStyle): string {
  if (keys.length === 0) return '  none seen';
  return table(
    [
      { title: 'AGE', align: 'right' },
      { title: 'KEY' },
      { title: 'STATE' },
      { title: 'LAST USED' },
      { title: 'ENDS' },
      { title: 'ACCOUNT' },
    ],
    keys.map((key) => [
      ageCell(key),
      key.keyId.slice(0, KEY_ID_CHARACTERS),
      stateCell(key),
      dayCell(key.lastAuthenticatedMs, 'not seen'),
      endCell(key, atMs),
      key.account,
    ]),
    style,
  );
}

function grantsText(grants: Iterable<Grant>, style: TextStyle): string {
  const byMember = Map.groupBy(grants, ({ member }) => member);
  if (byMember.size === 0) return '  none seen';
  const inner: TextStyle = { ...style, widthColumns: style.widthColumns - 2 };
  return [...byMember]
    .map(([member, group]) => {
      const rows = group.map((grant) => [canCell(grant), whereCell(grant)]);
      const lines = table([{ title: 'CAN' }, { title: 'WHERE, AND BY WHICH WAY' }], rows, inner).split('\n');
      return [printable(member), ...lines.map((line) => `  ${line}`)].join('\n');
    })
    .join('\n');
}

function canCell({ abilities }: Grant): string {
  return abilities.kind === 'known' ? abilities.value.join(', ') : 'unknown';
}

function whereCell({ on, path, condition, abilities }: Grant): string {
  const only =
    condition.kind === 'unknown'
      ? ', only if a condition holds that was not shown'
      : condition.value === null
        ? ''
        : `, only if ${condition.value}`;
  const why = abilities.kind === 'unknown' ? `; ${abilities.reason}` : '';
  const way = path.join(' > ');
  return `${on.join(', ')}; ${way.startsWith('in ') ? way : `by ${way}`}${only}${why}`;
}

function exceptedText({ title, check, evidence, exception }: Finding, style: TextStyle): string {
  const why =
    exception === null
      ? ''
      : ` ${exception.owner} answers for it until ${formatTimeAndAge(exception.expiresMs, style.clock)}: ${exception.reason} (${exception.place})`;
  return indented(`${title} (${check}). ${evidence.sentence}.${why}`, style);
}

const TONE: Readonly<Record<Severity, Tone>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'warning',
  low: 'faint',
};

function findingText(finding: Finding, style: TextStyle, remedies: RemedyForm, life: string): string {
  const { status, severity, check, title, evidence, risk, remediation } = finding;
  const word = status === 'FAIL' ? severity : 'unknown';
  const gap = ' '.repeat(word.length + 2);
  const titleLines = wrap(
    `${title} (${check})${life === '' ? '' : `, ${life}`}`,
    Math.max(20, style.widthColumns - gap.length),
  );
  const head = toned(word, status === 'FAIL' ? TONE[severity] : 'warning', style);
  return [
    `${head}  ${titleLines.join(`\n${gap}`)}`,
    indented(evidence.sentence, style),
    ...(risk === '' ? [] : [indented(risk, style)]),
    // Never wrapped: what mends is there to be copied.
    ...remediation.steps.flatMap((step) => [
      `    ${toned(printable(`# ${step.say}`), 'faint', style)}`,
      ...remedyLines(step, remedies).map((line) => `    ${toned(printable(line), 'good', style)}`),
      ...(step.wait === undefined ? [] : [`    ${toned(printable(`# Wait ${step.wait}.`), 'faint', style)}`]),
    ]),
  ].join('\n');
}

function remedyLines({ gcloud, terraform }: RemedyStep, remedies: RemedyForm): readonly string[] {
  return remedies === 'terraform' && terraform !== null ? terraform.trimEnd().split('\n') : gcloud;
}
