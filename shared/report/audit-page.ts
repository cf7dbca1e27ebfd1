import { auditSubject } from '../core/audit/merged-report.ts';
import type { AuditReport } from '../core/audit/report.ts';
import { lifeOf } from './audit-life.ts';
import { auditSummary } from './audit-summary.ts';
import { auditTable, findingsTable } from './audit-tables.ts';
import { accessTable, keyTable } from './audit-views.ts';
import { renderDocument } from './document.ts';
import { html } from './html.ts';
import { formatUtc } from './time-text.ts';

/** Renders the audit as one page that needs nothing else. */
export function renderAuditPage(report: AuditReport): string {
  const { wrong, worst, next, notSeen } = auditSummary(report);
  const title = `Audit of ${auditSubject(report)}`;
  return renderDocument({
    title,
    body: html`<h1>${title}</h1><p class="faint">${formatUtc(report.atMs)}</p>
<nav class="views" aria-label="Sections"><a href="#findings">Findings</a><a href="#keys">Keys</a><a href="#access">Access</a><a href="#not-seen">Not seen</a></nav>
<p><strong>${wrong}</strong></p>
${worst === null ? null : html`<p>Worst: ${worst}</p><p>Next: ${next ?? ''}</p>`}
<p>${notSeen}</p>
<h2 id="findings">Findings</h2>
${findingsTable('findings-table', 'Findings', report.findings, lifeOf(report))}
<h2 id="keys">Keys</h2>
${auditTable('keys-table', 'Keys', keyTable(report))}
<h2 id="access">Access</h2>
${auditTable('access-table', 'Access', accessTable(report))}
<h2 id="not-seen">Not seen</h2>
<ul>${report.notSeen.map((line) => html`<li>${line}</li>`)}</ul>`,
  });
}
