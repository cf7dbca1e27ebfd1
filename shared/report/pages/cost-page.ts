import type { CostView, FreedRow } from '../../app/report/cost.ts';
import { quantity } from '../../core/quantity.ts';
import { STORAGE_PRICE } from '../../core/storage-price.ts';
import { formatSize } from '../../core/units.ts';
import { dollarText } from '../dollar-text.ts';
import { type Html, html } from '../html.ts';
import { cell, htmlTable } from '../html-table.ts';
import { sizeText } from '../size-text.ts';
import { ago, type PageContext, renderPage, repositoryLink, tile, tiles } from './frame.ts';

/** What was freed, what could be, and what that is in money. */
export function renderCostPage(view: CostView, context: PageContext): string {
  const { repositories, freed, dollarsPerMonth, waiting, standing, months, steps, isAllSteps } = view;
  const deleted = repositories.reduce((sum, one) => sum + one.deleted, 0);
  const body = html`<h1>Cost</h1><p class="faint">What deleting has freed, and what storing costs by list price.</p>
${tiles(
  tile(
    'Freed',
    deleted === 0 ? 'nothing yet' : html`<small>up to</small> ${formatSize(freed.sizeBytes)}`,
    deleted === 0 ? null : quantity(deleted, 'manifest'),
  ),
  tile(
    'Saved a month',
    html`<small>up to</small> ${dollarText(dollarsPerMonth)}`,
    'by list price, at Google’s registries',
  ),
  tile(
    'Policies would free',
    html`<small>up to</small> ${formatSize(waiting.sizeBytes)}`,
    `up to ${dollarText(waiting.dollarsPerMonth)} a month`,
  ),
  tile(
    'All that is there',
    html`<small>up to</small> ${formatSize(standing.sizeBytes)}`,
    `up to ${dollarText(standing.dollarsPerMonth)} a month`,
  ),
)}
<p class="note">Bytes are upper bounds. What a registry lists counts a layer for each image that has it; where the ledger keeps the manifests, each layer of a repository is counted once, without those that something else there still has. Another repository may share layers. The price is ${dollarText(STORAGE_PRICE.dollarsPerGibMonth)} a GiB and month, as <code>${STORAGE_PRICE.source}</code> has it since ${STORAGE_PRICE.since}; the first half GiB is free, discounts are not known here, and other hosts have no price.</p>
<h2>By repository</h2>
${htmlTable({
  id: 'freed',
  label: 'Freed by repository',
  columns: [
    { title: 'Repository' },
    { title: 'Manifests', align: 'right' },
    { title: 'Freed', align: 'right' },
    { title: 'A month, up to', align: 'right' },
    { title: 'First', align: 'right' },
    { title: 'Last', align: 'right' },
  ],
  rows: repositories.map((row) => freedRow(row, context)),
  empty: 'No run has deleted anything that did not come back.',
})}
<h2>By month</h2>
${htmlTable({
  id: 'months',
  label: 'Deleted by month',
  columns: [
    { title: 'Month' },
    { title: 'Manifests', align: 'right' },
    { title: 'As listed', align: 'right' },
  ],
  rows: months.map(
    ({ month, deleted: count, sizeBytes, unknownCount }) =>
      html`<tr><th scope="row">${month}</th>${cell(String(count), { as: 'right' })}${cell(sizeText({ kind: 'at most', sizeBytes, unknownCount }), { key: sizeBytes, as: 'right' })}</tr>`,
  ),
  empty: 'Nothing yet.',
})}
<p class="faint small">${isAllSteps ? `From all ${quantity(steps, 'step')} of the journal.` : `From the newest ${steps} steps of the journal: earlier deletions are not counted.`} What was restored or pushed again is not among what was freed, and is among the months.</p>`;
  return renderPage({ under: 'cost', title: 'Cost', body }, context);
}

function freedRow(row: FreedRow, context: PageContext): Html {
  const { repository, deleted, freed, dollarsPerMonth, firstAtMs, lastAtMs } = row;
  const name = repositoryLink(repository, context);
  const price =
    dollarsPerMonth === null ? html`<span class="faint">no price</span>` : dollarText(dollarsPerMonth);
  return html`<tr><th scope="row" class="name">${name}</th>${cell(String(deleted), { as: 'right' })}${cell(sizeText(freed), { key: freed.sizeBytes, as: 'right' })}${cell(price, { key: dollarsPerMonth ?? -1, as: 'right' })}${cell(ago(firstAtMs, context), { key: firstAtMs, as: 'right' })}${cell(ago(lastAtMs, context), { key: lastAtMs, as: 'right' })}</tr>`;
}
