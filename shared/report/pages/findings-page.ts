import type { AuditedProject, AuditsView, KeptReport } from '../../app/report/audits.ts';
import { auditSummary } from '../audit-summary.ts';
import { findingsTable } from '../audit-tables.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { type Page, type PageContext, when } from './frame.ts';

/** Findings of one project on the page, what fails first. */
const FINDINGS_SHOWN = 1_000;

/** What the audit found, project by project. */
export function findingsPage(view: AuditsView, context: PageContext): Page {
  const { projects, rest } = view;
  const body = html`<h1>Findings</h1><p class="faint">What the last audit of each project found. Keys and who can do what are on <a href="${context.links.to({ page: 'access' }) ?? ''}">a page of their own</a>.</p>
${unaudited(projects)}${projects.map((project, at) => section(project, at, context))}
${rest === 0 ? NOTHING : html`<p class="note">${rest} more projects were audited and are not on this page.</p>`}`;
  return { under: 'findings', title: 'Findings', body };
}

/** What stands where no project was audited. */
export function unaudited(projects: readonly AuditedProject[]): Html {
  return projects.length > 0
    ? NOTHING
    : html`<p class="note">No project was audited yet: nothing is known of its keys and permissions. <code>gcr-warden audit --project PROJECT --ledger …</code> does it, or the function <code>audit</code>.</p>`;
}

function section({ project, report }: AuditedProject, at: number, context: PageContext): Html {
  if (report === null) {
    return html`<section><h2>${project}</h2><p class="note">An earlier version audited it, in a form that is not read any more. Audit it again.</p></section>`;
  }
  const { wrong, worst, next, notSeen } = auditSummary(report);
  const open = report.findings.filter(({ status }) => status !== 'PASS');
  const shown = open.slice(0, FINDINGS_SHOWN);
  const passed = report.findings.length - open.length;
  return html`<section><h2>${project}</h2><p><strong>${wrong}</strong> <span class="faint">audited ${when(report.atMs, context)}</span></p>
${worst === null ? NOTHING : html`<p>Worst: ${worst}</p><p>Next: ${next ?? ''}</p>`}<p class="faint">${notSeen}</p>
${shown.length === 0 ? html`<p>${passed === 0 ? 'Nothing was asked about.' : `All ${passed} answers are PASS.`}</p>` : findingsTable(`findings-${at}`, `Findings of ${project}`, shown)}
${open.length > shown.length ? html`<p class="faint">and ${open.length - shown.length} more</p>` : NOTHING}
${passed === 0 || shown.length === 0 ? NOTHING : html`<details><summary>${passed} answers are PASS</summary>${passedTable(report, at)}</details>`}
${report.notSeen.length === 0 ? NOTHING : html`<details><summary>What was not seen</summary><ul>${report.notSeen.map((line) => html`<li>${line}</li>`)}</ul></details>`}</section>`;
}

function passedTable({ project, findings }: KeptReport, at: number): Html {
  return findingsTable(
    `passed-${at}`,
    `PASS in ${project}`,
    findings.filter(({ status }) => status === 'PASS').slice(0, FINDINGS_SHOWN),
  );
}
