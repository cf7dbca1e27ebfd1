import type { PoliciesView, PolicyRow } from '../../app/report/policies.ts';
import { quantity } from '../../core/quantity.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { cell, htmlTable } from '../html-table.ts';
import { sourceSentence } from '../image-text.ts';
import { sizeText } from '../size-text.ts';
import { ago, chip, type Page, type PageContext, when } from './frame.ts';

/** What each policy did, and what it will do next and when. */
export function policiesPage(view: PoliciesView, context: PageContext): Page {
  const { policies, steps, isAllSteps } = view;
  const body = html`<h1>Policies</h1><p class="faint">As runs and ticks of the scheduler read them last.</p>
${htmlTable({
  name: 'policies',
  label: 'Policies',
  columns: [
    { title: 'Policy' },
    { title: 'Mode' },
    { title: 'Next time' },
    { title: 'Would take now', align: 'right' },
    { title: 'Did' },
    { title: 'File' },
  ],
  rows: policies.map((row) => policyRow(row, context)),
  empty: 'No run and no tick has read a policy yet.',
})}
<p class="faint small">${isAllSteps ? `Deeds are counted from all ${quantity(steps, 'step')} of the journal.` : `Deeds are counted from the newest ${steps} steps of the journal.`} What two policies allowed is counted with both. “Would take” is by the last run of each repository in which the policy spoke.</p>`;
  return { under: 'policies', title: 'Policies', body };
}

function policyRow(row: PolicyRow, context: PageContext): Html {
  const { name, entry } = row;
  return html`<tr><th scope="row"><strong>${name}</strong>${entry?.owner == null ? NOTHING : html`<br><span class="faint small">${entry.owner}</span>`}${entry?.reason == null ? NOTHING : html`<br><span class="faint small">${entry.reason}</span>`}${entry === null ? NOTHING : html`<details><summary>${quantity(entry.include.length, 'pattern')}</summary>${entry.include.map((glob) => html`<code>${glob}</code><br>`)}</details>`}</th>
<td>${mode(row, context)}</td>
${cell(next(row, context), { key: row.nextMs?.kind === 'known' ? row.nextMs.value : Number.MAX_SAFE_INTEGER })}
${cell(going(row), { key: row.going, as: 'right' })}
<td>${deeds(row, context)}</td>
<td class="long small">${entry === null ? html`<span class="faint">no run has read it for long</span>` : html`${sourceSentence(entry.source)}<br><span class="faint">read ${ago(entry.seenAtMs, context)}</span>`}</td></tr>`;
}

function mode({ entry, planningSinceMs }: PolicyRow, context: PageContext): Html {
  if (entry === null) return html`<span class="faint">not known</span>`;
  if (entry.mode === 'enforce') return chip('enforces', 'bad');
  return html`${chip('plans', 'warn')}${planningSinceMs === null ? NOTHING : html`<br><span class="faint small">since ${ago(planningSinceMs, context)}</span>`}`;
}

function next({ entry, nextMs, lastTickMs }: PolicyRow, context: PageContext): Html {
  const last = lastTickMs === null ? html`never yet` : html`last ${ago(lastTickMs, context)}`;
  if (entry === null) return html`<span class="faint">not known</span>`;
  if (nextMs === null || entry.schedule === null) {
    return html`no schedule<br><span class="faint small">runs when asked for</span>`;
  }
  const time = nextMs.kind === 'known' ? when(nextMs.value, context) : html`not known: ${nextMs.reason}`;
  return html`${time}<br><span class="faint small">${entry.schedule.cron} in ${entry.schedule.timeZone}; ${last}</span>`;
}

function going({ going: artifacts, goingRepositories, entry }: PolicyRow): Html {
  if (artifacts === 0) return html`<span class="faint">nothing</span>`;
  const of = goingRepositories === 1 ? 'in 1 repository' : `in ${goingRepositories} repositories`;
  return html`${quantity(artifacts, 'artifact')}<br><span class="faint small">${of}${entry?.mode === 'plan' ? ', if it enforced' : ''}</span>`;
}

function deeds(
  { deeds: { deleted, deletedBytes, unknownCount, others, lastAtMs } }: PolicyRow,
  context: PageContext,
): Html {
  if (lastAtMs === null) return html`<span class="faint">nothing yet</span>`;
  const freed = sizeText({ kind: 'at most', sizeBytes: deletedBytes, unknownCount });
  const rest = Object.entries(others)
    .map(([label, count]) => `${count} ${label}`)
    .join(', ');
  return html`${chip(`${deleted} deleted`, deleted === 0 ? 'plain' : 'good')} ${deleted === 0 ? NOTHING : html`<span class="small">${freed}, as listed</span>`}${rest === '' ? NOTHING : html`<br><span class="small">${rest}</span>`}<br><span class="faint small">last ${ago(lastAtMs, context)}</span>`;
}
