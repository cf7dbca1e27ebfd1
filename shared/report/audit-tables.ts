import type { Finding } from '../core/finding.ts';
import type { AuditTable } from './audit-views.ts';
import { type Html, html, NOTHING } from './html.ts';
import { cell, htmlTable } from './html-table.ts';

const RANK = { critical: 0, high: 1, medium: 2, low: 3, FAIL: 0, UNKNOWN: 1, EXCEPTED: 2, PASS: 3 } as const;

/**
 * What was found, and what to do about it.
 * @param life since when each is as it is; empty for nothing to say
 */
export function findingsTable(
  name: string,
  label: string,
  findings: readonly Finding[],
  life: (finding: Finding) => string = () => '',
): Html {
  return htmlTable({
    name,
    label,
    columns: ['Status', 'Severity', 'Check', 'Resource', 'What was seen, and what to do'].map((title) => ({
      title,
    })),
    rows: findings.map((finding) => findingRow(finding, life(finding))),
    empty: 'Nothing was asked about.',
  });
}

/** Keys, or who can do what. */
export function auditTable(name: string, label: string, { titles, rows }: AuditTable): Html {
  return htmlTable({
    name,
    label,
    columns: titles.map((title) => ({ title: title.charAt(0).toUpperCase() + title.slice(1) })),
    rows: Array.from(rows, (row) => html`<tr>${row.map((text) => html`<td class="long">${text}</td>`)}</tr>`),
    empty: 'None seen.',
  });
}

function findingRow(finding: Finding, life: string): Html {
  const { status, severity, check, title, resource, evidence, risk, exception } = finding;
  return html`<tr>${cell(status, { key: RANK[status], as: status })}${cell(severity, { key: RANK[severity] })}<td>${title}<br><code class="nowrap">${check}</code></td><td class="resource"><code>${resource}</code></td><td class="seen">${evidence.sentence}${risk === '' ? NOTHING : html`<p class="faint">${risk}</p>`}${exception === null ? NOTHING : html`<p>Excepted by ${exception.owner} until ${new Date(exception.expiresMs).toISOString().slice(0, 10)}: ${exception.reason} (${exception.place})</p>`}${life === '' ? NOTHING : html`<p class="faint">${life}</p>`}${stepsOf(finding)}</td></tr>`;
}

function stepsOf({ remediation: { steps } }: Finding): Html {
  if (steps.length === 0) return NOTHING;
  return html`<details><summary>What to do: ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}</summary><ol>${steps.map(
    ({ say, gcloud, terraform, wait }) =>
      html`<li>${say}${gcloud.map((line) => html`<pre>${line}</pre>`)}${terraform === null ? NOTHING : html`<details><summary>Terraform</summary><pre>${terraform}</pre></details>`}${wait === undefined ? NOTHING : html`<p class="faint">Wait ${wait}.</p>`}</li>`,
  )}</ol></details>`;
}
