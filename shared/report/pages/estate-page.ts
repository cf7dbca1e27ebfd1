import type { EstateRow, EstateView } from '../../app/report/estate.ts';
import { shortDigest } from '../../core/digest.ts';
import { quantity } from '../../core/quantity.ts';
import type { ListedBytes, RepositorySample } from '../../core/repository-sample.ts';
import { stopSentence } from '../../core/stop-order.ts';
import { DAY_MS, formatSize } from '../../core/units.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { cell, htmlTable } from '../html-table.ts';
import { shareBar, sparkline, timePlot } from '../plot.ts';
import { sizeText } from '../size-text.ts';
import {
  ago,
  count,
  link,
  type Page,
  type PageContext,
  pathName,
  repositoryLink,
  tile,
  tiles,
  when,
} from './frame.ts';
import { runOutcome } from './run-outcome.ts';

/** What there is, how it grew, and what of it could go. */
export function estatePage(view: EstateView, context: PageContext): Page {
  return { under: 'estate', title: 'Estate', body: body(view, context) };
}

function body(view: EstateView, context: PageContext): Html {
  const { repositories, days, stopOrder, isAll } = view;
  const head = html`<h1>Estate</h1><p class="faint">${repositories.length} ${repositories.length === 1 ? 'repository' : 'repositories'} that runs have looked at</p>${stopOrder === null ? NOTHING : html`<p class="note bad" role="alert">${stopSentence(stopOrder)}</p>`}${isAll ? NOTHING : html`<p class="note">These are the first ${repositories.length} repositories of more: totals and plot are of them alone.</p>`}`;
  if (repositories.length === 0) {
    return html`${head}<p class="note">No run is written down in this ledger yet. <code>gcr-warden plan</code>, or the first tick of the scheduler, fills this page.</p>${eventsSection(view, context)}`;
  }
  return html`${head}
${summary(view, context)}
${days.length === 0 ? html`<p class="note">How large the repositories are is not recorded yet. Each run over a whole listing keeps a sample.</p>` : html`<div class="card">${growthPlot(view)}</div>`}
<h2>Repositories</h2>
${repositoryTable(view, context)}
${eventsSection(view, context)}`;
}

function summary({ days, repositories, lastRun }: EstateView, context: PageContext): Html {
  const today = days.at(-1);
  const last = repositories.flatMap(({ samples }) => samples.at(-1) ?? []);
  const artifacts = last.reduce((sum, one) => sum + one.artifacts, 0);
  const manifests = last.reduce((sum, one) => sum + one.manifests, 0);
  const month = days.findLast(({ atMs }) => today !== undefined && atMs <= today.atMs - 30 * DAY_MS);
  const garbage = today?.garbageBytes.kind === 'known' ? today.garbageBytes.value : null;
  return tiles(
    tile('Size, as listed', today === undefined ? 'not known' : upTo(today), unknownText(today)),
    tile(
      'Policies would take',
      garbage === null ? 'not known' : html`<small>up to</small> ${formatSize(garbage)}`,
      garbage === null || today === undefined
        ? 'no run judged by all policies'
        : html`${shareText(garbage, today.sizeBytes)} of it`,
    ),
    tile(
      'In 30 days',
      month === undefined || today === undefined || month.repositories !== today.repositories
        ? 'not known'
        : changeText(today.sizeBytes - month.sizeBytes),
      month === undefined
        ? 'the record is younger than that'
        : month.repositories !== today?.repositories
          ? 'the repositories are not the same ones'
          : null,
    ),
    tile('Artifacts', count(artifacts), `${count(manifests)} manifests in all`),
    tile(
      'Last run',
      lastRun === null ? 'none' : ago(lastRun.startedAtMs, context),
      lastRun === null
        ? null
        : link(
            { page: 'run', runId: lastRun.id, repository: lastRun.repository },
            lastRun.mode === 'plan' ? 'it planned' : 'it deleted',
            context,
          ),
    ),
  );
}

function growthPlot({ days }: EstateView): Html {
  return timePlot({
    title: 'Size over time, as registries list it',
    description: `Bytes of all repositories by day, and what policies would take of them, over ${quantity(days.length, 'day')}`,
    unit: 'bytes',
    curves: [
      {
        name: 'everything, up to',
        look: 'a',
        isFilled: true,
        points: days.map(({ atMs, sizeBytes }) => ({ atMs, value: sizeBytes })),
      },
      {
        name: 'what policies would take, up to',
        look: 'b',
        isFilled: true,
        points: days.map(({ atMs, garbageBytes }) => ({
          atMs,
          value: garbageBytes.kind === 'known' ? garbageBytes.value : null,
        })),
      },
    ],
  });
}

function repositoryTable({ repositories }: EstateView, context: PageContext): Html {
  return htmlTable({
    name: 'repositories',
    label: 'Repositories',
    columns: [
      { title: 'Repository' },
      { title: 'Size, up to', align: 'right' },
      { title: 'Policies would take', align: 'right' },
      { title: 'Last 30 days', align: 'right' },
      { title: 'Artifacts', align: 'right' },
      { title: 'Untagged', align: 'right' },
      { title: 'Last run' },
    ],
    rows: repositories.map((row) => repositoryRow(row, context)),
    empty: 'There is none.',
  });
}

function repositoryRow({ repository, samples, lastRun }: EstateRow, context: PageContext): Html {
  const last = samples.at(-1) ?? null;
  const name = html`<th scope="row" class="name">${repositoryLink(repository, context)}</th>`;
  const run =
    lastRun === null
      ? html`<td class="faint">not among the last</td>`
      : cell(html`${ago(lastRun.startedAtMs, context)}<br>${runOutcome(lastRun)}`, {
          key: lastRun.startedAtMs,
        });
  if (last === null) {
    const none = cell('not recorded', { key: -1, as: 'right faint' });
    return html`<tr>${name}${none}${none}${none}${none}${none}${run}</tr>`;
  }
  return html`<tr>${name}${cell(sizeCell(last), { key: last.sizeBytes, as: 'right' })}${garbageCell(samples)}${growthCell(samples)}${cell(count(last.artifacts), { key: last.artifacts, as: 'right' })}${cell(count(last.untaggedArtifacts), { key: last.untaggedArtifacts, as: 'right' })}${run}</tr>`;
}

function sizeCell({ sizeBytes, unknownCount }: ListedBytes): Html {
  return html`${formatSize(sizeBytes)}${unknownCount === 0 ? NOTHING : html`<br><span class="faint small">and ${unknownCount} of unknown size</span>`}`;
}

function garbageCell(samples: readonly RepositorySample[]): Html {
  const found = samples.findLast(({ garbage }) => garbage.kind === 'known');
  const last = samples.at(-1);
  if (found?.garbage.kind !== 'known') {
    const reason = last?.garbage.kind === 'unknown' ? last.garbage.reason : 'no run said';
    return cell(html`<span title="${reason}">not known</span>`, { key: -1, as: 'right faint' });
  }
  const { sizeBytes, artifacts } = found.garbage.value;
  const share = found.sizeBytes === 0 ? 0 : sizeBytes / found.sizeBytes;
  return cell(
    artifacts === 0
      ? 'nothing'
      : html`${formatSize(sizeBytes)}${shareBar(share)}<br><span class="faint small">${quantity(artifacts, 'artifact')}</span>`,
    { key: sizeBytes, as: artifacts === 0 ? 'right faint' : 'right' },
  );
}

function growthCell(samples: readonly RepositorySample[]): Html {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || first === last) {
    return cell('one sample', { key: 0, as: 'right faint' });
  }
  const change = last.sizeBytes - first.sizeBytes;
  return cell(html`${sparkline(samples.map(({ sizeBytes }) => sizeBytes))} ${changeText(change)}`, {
    key: change,
    as: 'right',
  });
}

function eventsSection({ events }: EstateView, context: PageContext): Html {
  const rows = events.map(
    ({ publishedAtMs, action, repository, digest, tag }) =>
      html`<tr>${cell(when(publishedAtMs, context), { key: publishedAtMs, as: 'nowrap' })}<td>${action === 'INSERT' ? 'pushed' : 'deleted'}</td><td class="long">${pathName(repository)}${tag === null ? '' : `:${tag}`}</td><td>${digest === null ? '' : link({ page: 'image', repository, digest }, html`<code>${shortDigest(digest)}</code>`, context)}</td></tr>`,
  );
  return html`<h2>Latest events</h2>${htmlTable({
    name: 'events',
    label: 'Latest events',
    columns: [{ title: 'When' }, { title: 'What' }, { title: 'Image' }, { title: 'Digest' }],
    rows,
    empty: 'The registry told of nothing yet.',
  })}`;
}

function upTo({ sizeBytes }: ListedBytes): Html {
  return html`<small>up to</small> ${formatSize(sizeBytes)}`;
}

function unknownText(today: ListedBytes | undefined): string {
  if (today === undefined) return 'no run has kept a sample';
  return today.unknownCount === 0
    ? 'a layer counts for each image that has it'
    : sizeText({ kind: 'at most', ...today }).replace(/^.* and /, 'and ');
}

function changeText(bytes: number): string {
  return bytes === 0 ? '±0' : bytes > 0 ? `+${formatSize(bytes)}` : `−${formatSize(-bytes)}`;
}

function shareText(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  const share = (part / whole) * 100;
  return share > 0 && share < 1 ? 'less than 1 %' : `${Math.round(share)} %`;
}
