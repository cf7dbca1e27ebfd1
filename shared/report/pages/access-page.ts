import type { AuditedProject, AuditsView } from '../../app/report/audits.ts';
import { auditTable } from '../audit-tables.ts';
import { type AuditTable, accessTable, keyTable } from '../audit-views.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { unaudited } from './findings-page.ts';
import { type Page, type PageContext, when } from './frame.ts';

/** Rows of one table; the command line shows all. */
const ROWS_SHOWN = 2_000;

/** Which keys there are, and who can do what on which registry. */
export function accessPage({ projects, rest }: AuditsView, context: PageContext): Page {
  const body = html`<h1>Keys and access</h1><p class="faint">Keys that somebody could have downloaded, and who can do what on registries, as the last audit of each project saw it.</p>
${unaudited(projects)}${projects.map((project, at) => section(project, at, context))}
${rest === 0 ? NOTHING : html`<p class="note">${rest} more projects were audited and are not on this page.</p>`}`;
  return { under: 'access', title: 'Keys and access', body };
}

function section({ project, report, hasAccess }: AuditedProject, at: number, context: PageContext): Html {
  if (report === null || !hasAccess) {
    return html`<section><h2>${project}</h2><p class="note">An earlier version audited it and did not keep keys and access. Audit it again.</p></section>`;
  }
  const { notSeen } = report;
  return html`<section><h2>${project}</h2><p class="faint">audited ${when(report.atMs, context)}</p>
${notSeen.length === 0 ? NOTHING : html`<details><summary>${notSeen.length} things that these lists may lack</summary><ul>${notSeen.map((line) => html`<li>${line}</li>`)}</ul></details>`}
<h3>Keys</h3>${shortened(`keys-${at}`, `Keys of ${project}`, keyTable(report))}
<h3>Access</h3>${shortened(`access-${at}`, `Access in ${project}`, accessTable(report))}</section>`;
}

function shortened(id: string, label: string, table: AuditTable): Html {
  const rows: (readonly string[])[] = [];
  let rest = 0;
  for (const row of table.rows) {
    if (rows.length < ROWS_SHOWN) rows.push(row);
    else rest += 1;
  }
  return html`${auditTable(id, label, { ...table, rows })}${rest === 0 ? NOTHING : html`<p class="faint">and ${rest} more; <code>gcr-warden audit --view</code> shows all</p>`}`;
}
