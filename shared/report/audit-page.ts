import { auditSubject } from '../core/audit/merged-report.ts';
import type { AuditReport } from '../core/audit/report.ts';
import type { Finding } from '../core/finding.ts';
import { sha256 } from '../core/hash.ts';
import { auditSummary } from './audit-summary.ts';
import { type AuditTable, accessTable, keyTable } from './audit-views.ts';
import { type Html, html } from './html.ts';
import { printable } from './text.ts';
import { formatUtc } from './time-text.ts';

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #3a414a); --faint: light-dark(#57606a, #9aa4af);
  --bad: light-dark(#b42318, #ff8a7a); --good: light-dark(#18794e, #63d297); --warn: light-dark(#8a5300, #f0b352); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; } p { margin: .25rem 0; }
nav a { margin-right: 1rem; } .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: break-word; } th, td.short, td code.id { white-space: nowrap; } td > code, li { overflow-wrap: anywhere; } td.resource { min-width: 15rem; } td.seen { min-width: 18rem; overflow-wrap: anywhere; } td details { margin-top: .25rem; }
th { color: var(--faint); font-size: .85rem; } th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible, input:focus-visible { outline: 2px solid; } th[aria-sort=ascending] button::after { content: " ↑"; }
th[aria-sort=descending] button::after { content: " ↓"; } pre { font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap; margin: .25rem 0; }
.faint { color: var(--faint); } .FAIL { color: var(--bad); font-weight: 600; } .PASS { color: var(--good); }
.UNKNOWN, .EXCEPTED { color: var(--warn); font-weight: 600; } input { font: inherit; padding: .25rem .5rem; width: min(100%, 28rem); }
@media print { nav, .filter { display: none; } details > * { display: block; } body { max-width: none; padding: 0; } tr { break-inside: avoid; } }
`;

/** Filters and sorts the tables that are there; it makes no element from a text. */
const SCRIPT = `
for (const input of document.querySelectorAll('input[data-for]')) {
  const rows = [...document.getElementById(input.dataset.for).tBodies[0].rows];
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  });
}
for (const button of document.querySelectorAll('th button')) {
  button.addEventListener('click', () => {
    const head = button.closest('th'), body = head.closest('table').tBodies[0], at = head.cellIndex;
    const order = head.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending';
    for (const other of head.parentElement.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', order);
    const key = (row) => row.cells[at].dataset.key ?? row.cells[at].textContent;
    const sorted = [...body.rows].sort((a, b) => key(a).localeCompare(key(b), 'en', { numeric: true }));
    body.append(...(order === 'ascending' ? sorted : sorted.reverse()));
  });
}
addEventListener('beforeprint', () => { for (const one of document.querySelectorAll('details')) one.open = true; });
`;

function hashOf(text: string): string {
  return `'sha256-${Buffer.from(sha256(text).slice('sha256:'.length), 'hex').toString('base64')}'`;
}

/** Nothing from outside, and only this one style sheet and this one script, named by their hashes. */
const POLICY = `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; base-uri 'none'; form-action 'none'`;

const RANK = { critical: 0, high: 1, medium: 2, low: 3, FAIL: 0, UNKNOWN: 1, EXCEPTED: 2, PASS: 3 } as const;

/**
 * Renders the audit as one page that needs nothing else: it works from a file, light and dark, on paper, and
 * without its script too, which only filters and sorts.
 */
export function renderAuditPage(report: AuditReport): string {
  const { wrong, worst, next, notSeen } = auditSummary(report);
  const title = `Audit of ${auditSubject(report)}`;
  const code: Html = { safe: `<style>${STYLE}</style>` };
  const script: Html = { safe: `<script>${SCRIPT}</script>` };
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><title>${title}</title>${code}</head>
<body><header><h1>${title}</h1><p class="faint">${formatUtc(report.atMs)}</p>
<nav aria-label="Sections"><a href="#findings">Findings</a><a href="#keys">Keys</a><a href="#access">Access</a><a href="#not-seen">Not seen</a></nav></header>
<main>
<p><strong>${wrong}</strong></p>
${worst === null ? html`` : html`<p>Worst: ${shown(worst)}</p><p>Next: ${shown(next ?? '')}</p>`}
<p>${notSeen}</p>
<h2 id="findings">Findings</h2>
${findingsTable(report.findings)}
<h2 id="keys">Keys</h2>
${plainTable('keys-table', keyTable(report))}
<h2 id="access">Access</h2>
${plainTable('access-table', accessTable(report))}
<h2 id="not-seen">Not seen</h2>
<ul>${report.notSeen.map((line) => html`<li>${shown(line)}</li>`)}</ul>
</main>${script}</body>
</html>
`.safe;
}

/** Characters that turn or hide text would deceive on a page as on a terminal. */
function shown(text: string): Html {
  return html`${text.split('\n').map(printable).join('\n')}`;
}

function head(id: string, titles: readonly string[]): Html {
  return html`<p class="filter"><label>Filter <input type="search" data-for="${id}"></label></p><div class="scroll"><table id="${id}"><thead><tr>${titles.map((title) => html`<th scope="col"><button type="button">${title}</button></th>`)}</tr></thead><tbody>`;
}

const END: Html = { safe: '</tbody></table></div>' };

function plainTable(id: string, { titles, rows }: AuditTable): Html {
  const lines = Array.from(rows, (row) => html`<tr>${row.map((cell) => html`<td>${shown(cell)}</td>`)}</tr>`);
  return lines.length === 0 ? html`<p>None seen.</p>` : html`${head(id, titles)}${lines}${END}`;
}

function findingsTable(findings: readonly Finding[]): Html {
  if (findings.length === 0) return html`<p>Nothing was asked about.</p>`;
  return html`${head('findings-table', ['status', 'severity', 'check', 'resource', 'what was seen, and what to do'])}${findings.map(findingRow)}${END}`;
}

function findingRow(finding: Finding): Html {
  const { status, severity, check, title, resource, evidence, risk, exception } = finding;
  return html`<tr><td class="short ${status}" data-key="${RANK[status]}">${status}</td><td class="short" data-key="${RANK[severity]}">${severity}</td><td>${title}<br><code class="id">${check}</code></td><td class="resource"><code>${shown(resource)}</code></td><td class="seen">${shown(evidence.sentence)}${risk === '' ? html`` : html`<p class="faint">${risk}</p>`}${exception === null ? html`` : html`<p>Excepted by ${shown(exception.owner)}: ${shown(exception.reason)}</p>`}${stepsOf(finding)}</td></tr>`;
}

function stepsOf({ remediation: { steps } }: Finding): Html {
  if (steps.length === 0) return html``;
  return html`<details><summary>What to do: ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}</summary><ol>${steps.map(
    ({ say, gcloud, terraform, wait }) =>
      html`<li>${shown(say)}${gcloud.map((line) => html`<pre>${shown(line)}</pre>`)}${terraform === null ? html`` : html`<details><summary>Terraform</summary><pre>${shown(terraform)}</pre></details>`}${wait === undefined ? html`` : html`<p class="faint">Wait ${wait}.</p>`}</li>`,
  )}</ol></details>`;
}
