import type { CostView, FreedRow } from '../../app/report/cost.ts';
import { dateOfDay } from '../../core/day-ranges.ts';
import { quantity } from '../../core/quantity.ts';
import { STORAGE_PRICE, storageCost } from '../../core/storage-price.ts';
import { formatSize } from '../../core/units.ts';
import { dollarText } from '../dollar-text.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { cell, htmlTable } from '../html-table.ts';
import { timePlot } from '../plot.ts';
import { sizeText } from '../size-text.ts';
import { ago, type Page, type PageContext, pathName, repositoryLink, tile, tiles } from './frame.ts';

/** What was freed, what could be, and what that is in money. */
export function costPage(view: CostView, context: PageContext): Page {
  const { repositories, freed, dollarsPerMonth, waiting, months, steps, isAllSteps } = view;
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
  storedTile(view),
)}
<p class="note">What was freed is an upper bound. What a registry lists counts a layer for each image that has it; where the ledger keeps the manifests, each layer of a repository is counted once, without those that something else there still has. Another repository may share layers. The price is ${dollarText(STORAGE_PRICE.dollarsPerGibMonth)} a GiB and month, as <code>${STORAGE_PRICE.source}</code> has it since ${STORAGE_PRICE.since}; the first half GiB is free, discounts are not known here, and other hosts have no price.</p>
${storedSection(view)}
<h2>Freed by repository</h2>
${htmlTable({
  name: 'freed',
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
<h2>Deleted by month</h2>
${htmlTable({
  name: 'months',
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
  return { under: 'cost', title: 'Cost', body };
}

function freedRow(row: FreedRow, context: PageContext): Html {
  const { repository, deleted, freed, dollarsPerMonth, firstAtMs, lastAtMs } = row;
  const name = repositoryLink(repository, context);
  const price =
    dollarsPerMonth === null ? html`<span class="faint">no price</span>` : dollarText(dollarsPerMonth);
  return html`<tr><th scope="row" class="name">${name}</th>${cell(String(deleted), { as: 'right' })}${cell(sizeText(freed), { key: freed.sizeBytes, as: 'right' })}${cell(price, { key: dollarsPerMonth ?? -1, as: 'right' })}${cell(ago(firstAtMs, context), { key: firstAtMs, as: 'right' })}${cell(ago(lastAtMs, context), { key: lastAtMs, as: 'right' })}</tr>`;
}

/** What is really there where an audit saw it, and else what registries list. */
function storedTile({ stored, standing }: CostView): Html {
  if (stored.repositories.length === 0) {
    return tile(
      'All that is there',
      html`<small>up to</small> ${formatSize(standing.sizeBytes)}`,
      `up to ${dollarText(standing.dollarsPerMonth)} a month, as listed`,
    );
  }
  const sizeBytes = stored.repositories.reduce((sum, one) => sum + one.sizeBytes, 0);
  return tile('Stored, as billed', formatSize(sizeBytes), `${dollarText(storageCost(sizeBytes))} a month`);
}

function storedSection({ stored: { repositories, days } }: CostView): Html {
  if (repositories.length === 0) {
    return html`<p class="faint">What Artifact Registry really stores is not known: no audit has read it yet.</p>`;
  }
  const plot =
    days.length < 2
      ? NOTHING
      : html`<div class="card">${timePlot({
          title: 'Stored over time, as billed',
          description: `Bytes that Artifact Registry stores, by day, on ${quantity(days.length, 'day')} with an audit`,
          unit: 'bytes',
          curves: [
            {
              name: 'stored by all repositories of the audited projects',
              look: 'a',
              isFilled: true,
              points: days.map(({ atMs, sizeBytes }) => ({ atMs, value: sizeBytes })),
            },
          ],
        })}</div>`;
  return html`<h2>What is really stored</h2><p class="faint">Artifact Registry’s own count of each of its repositories, by the last audits: real bytes, each layer once. One of its repositories holds many images, so these are not the repositories below.</p>${plot}
${htmlTable({
  name: 'stored',
  label: 'Stored by repository of Artifact Registry',
  columns: [
    { title: 'Repository of Artifact Registry' },
    { title: 'Stored', align: 'right' },
    { title: 'A month', align: 'right' },
    { title: 'Seen', align: 'right' },
  ],
  rows: repositories.map(
    ({ name, day, sizeBytes, dollarsPerMonth }) =>
      html`<tr><th scope="row" class="name">${pathName(name)}</th>${cell(formatSize(sizeBytes), { key: sizeBytes, as: 'right' })}${cell(dollarText(dollarsPerMonth), { key: dollarsPerMonth, as: 'right' })}${cell(dateOfDay(day), { key: day, as: 'right' })}</tr>`,
  ),
  empty: 'None.',
})}`;
}
