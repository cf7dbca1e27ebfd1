import type { RepositoryView } from '../../app/report/repository.ts';
import type { NestedManifest } from '../../core/artifact-note.ts';
import { type ArtifactRow, isUsed, SHOWN, type Shown } from '../../core/artifact-row.ts';
import { dateOfDay } from '../../core/day-ranges.ts';
import type { Decision } from '../../core/decision.ts';
import { type Digest, shortDigest } from '../../core/digest.ts';
import type { TimeFact } from '../../core/fact.ts';
import { type Hold, holdSentence } from '../../core/hold.ts';
import { quantity } from '../../core/quantity.ts';
import { reasonSentence, voiceSentence } from '../../core/sentence.ts';
import { formatSize } from '../../core/units.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { cell, htmlTable } from '../html-table.ts';
import { timePlot } from '../plot.ts';
import { policySentence } from '../policy-text.ts';
import { ago, chip, link, type Page, type PageContext, tile, tiles } from './frame.ts';
import { tagList } from './run-page.ts';
import { runsTable } from './runs-page.ts';

const NAMES: Readonly<Record<Shown, string>> = {
  all: 'All',
  going: 'To delete',
  waiting: 'In quarantine',
  kept: 'Kept',
  untagged: 'Untagged',
  used: 'In use',
};

/** The id of the heading that lists begin with. */
const ARTIFACTS = 'artifacts';

/** A repository: its artifacts as a tree, and for each what was decided, and why. */
export function repositoryPage(view: RepositoryView, context: PageContext): Page {
  const { repository, judged, samples, runs, holds } = view.record;
  const body = html`<h1>${repository}</h1>
<p class="faint">${judged === null ? 'never judged' : html`judged ${ago(judged.atMs, context)}`}</p>
${(judged?.policies ?? []).map((policy) => html`<p class="faint">${policySentence(policy) ?? ''}</p>`)}
${summary(view, context)}
${samples.length < 2 ? NOTHING : html`<div class="card">${growthPlot(view)}</div>`}
<h2${context.links.headings ? html` id="${ARTIFACTS}"` : NOTHING}>Artifacts</h2>
${judged === null ? html`<p class="faint">No run has judged them yet.</p>` : artifacts(view, context)}
${holds.length === 0 ? NOTHING : html`<h2>On hold</h2><ul>${holds.map((hold) => html`<li>${holdText(hold, repository, context)}</li>`)}</ul>`}
<h2>Latest runs</h2>
${runsTable('runs', runs, context)}`;
  return { under: 'estate', title: repository, body };
}

function summary({ record }: RepositoryView, context: PageContext): Html {
  const { samples, pullsSinceMs, runs, counts } = record;
  const last = samples.at(-1);
  const known = samples.findLast(({ garbage }) => garbage.kind === 'known');
  const garbage = known?.garbage.kind === 'known' ? known.garbage.value : null;
  const run = runs.find(({ mode }) => mode === 'apply');
  return tiles(
    tile(
      'Size, as listed',
      last === undefined ? 'not recorded' : html`<small>up to</small> ${formatSize(last.sizeBytes)}`,
      last === undefined
        ? 'by no run yet'
        : last.unknownCount === 0
          ? quantity(last.manifests, 'manifest')
          : `${quantity(last.manifests, 'manifest')}, ${last.unknownCount} of unknown size`,
    ),
    tile(
      'Policies would take',
      garbage === null ? 'not known' : html`<small>up to</small> ${formatSize(garbage.sizeBytes)}`,
      garbage === null ? 'no run judged by all policies' : quantity(garbage.artifacts, 'artifact'),
    ),
    tile('Artifacts', String(counts.all), `${counts.untagged} without a tag`),
    tile('In use', String(counts.used), 'as the last run saw it'),
    tile(
      'Pulls',
      pullsSinceMs.kind === 'known'
        ? html`<small>since</small> ${ago(pullsSinceMs.value, context)}`
        : 'not recorded',
      pullsSinceMs.kind === 'known' ? 'recorded by day' : pullsSinceMs.reason,
    ),
    tile('Last applied', run === undefined ? 'not lately' : ago(run.startedAtMs, context)),
  );
}

function growthPlot({ record: { samples, repository } }: RepositoryView): Html {
  return timePlot({
    title: 'Size over time, as listed',
    description: `Bytes of ${repository} by day, and what policies would take of them, over ${quantity(samples.length, 'sample')}`,
    unit: 'bytes',
    curves: [
      {
        name: 'everything, up to',
        look: 'a',
        isFilled: true,
        points: samples.map(({ atMs, sizeBytes }) => ({ atMs, value: sizeBytes })),
      },
      {
        name: 'what policies would take, up to',
        look: 'b',
        isFilled: true,
        // A run of some policies only says nothing of all of them, and is left out.
        points: samples.flatMap(({ atMs, garbage }) =>
          garbage.kind === 'known' ? { atMs, value: garbage.value.sizeBytes } : [],
        ),
      },
    ],
  });
}

function artifacts(view: RepositoryView, context: PageContext): Html {
  const { rows, record, found, search } = view;
  const { counts } = record;
  return html`<nav class="views" aria-label="Which artifacts">${SHOWN.map((shown) => viewLink(view, shown, context))}</nav>
${context.links.search ? searchForm(view, context) : NOTHING}
${search === '' ? NOTHING : html`<p>${quantity(found, 'artifact')} with “${search}” in tags, digests, rules or policies.</p>`}
${partLinks('above', view, context)}${htmlTable({
  name: 'artifact-table',
  label: `Artifacts of ${record.repository}`,
  columns: [
    { title: 'Verdict' },
    { title: 'Tags and manifests' },
    { title: 'Size, up to', align: 'right' },
    { title: 'Uploaded', align: 'right' },
    { title: 'Last pull', align: 'right' },
    { title: 'In use' },
    { title: 'Why' },
  ],
  rows: rows.map((row) => artifactRow(row, view, context)),
  empty: counts.all === 0 ? 'The repository was empty.' : 'None.',
})}${partLinks('below', view, context)}`;
}

function viewLink(
  { shown, record: { repository, counts } }: RepositoryView,
  one: Shown,
  context: PageContext,
): Html {
  const text = `${NAMES[one]} ${counts[one]}`;
  const to = context.links.within({ page: 'repository', repository, shown: one, part: 1 }, ARTIFACTS);
  const current = one === shown ? html` aria-current="true"` : NOTHING;
  // A view that most repositories never need is named where there is something in it.
  const isIdle = one === 'waiting' && counts[one] === 0 && one !== shown;
  return to === null || isIdle ? NOTHING : html`<a href="${to}"${current}>${text}</a>`;
}

function searchForm(
  { record: { repository, counts }, shown, search }: RepositoryView,
  { links }: PageContext,
): Html {
  const hidden = { ...links.kept, repository, ...(shown === 'all' ? {} : { show: shown }) };
  return html`<form role="search" method="get" class="filter">${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<label>Search ${quantity(counts[shown], 'artifact')} <input type="search" name="q" value="${search}"></label><button>Search</button></form>`;
}

function partLinks(
  where: 'above' | 'below',
  { part, parts, shown, search, found, record: { repository } }: RepositoryView,
  { links }: PageContext,
): Html {
  if (parts === 1) return NOTHING;
  const to = (number: number): string | null =>
    number < 1 || number > parts
      ? null
      : links.within({ page: 'repository', repository, shown, part: number, search }, ARTIFACTS);
  const go = (number: number, text: string): Html => {
    const target = number === part ? null : to(number);
    return target === null ? html`<span class="faint">${text}</span>` : html`<a href="${target}">${text}</a>`;
  };
  return html`<nav class="parts" aria-label="Parts of the list, ${where} it">${go(1, 'First')}${go(part - 1, 'Before')}<span>Part ${part} of ${parts}, ${found} in all</span>${go(part + 1, 'Next')}${go(parts, 'Last')}</nav>`;
}

function artifactRow(row: ArtifactRow, { record }: RepositoryView, context: PageContext): Html {
  const { decision, note, lastPullDay } = row;
  const { repository, atMs } = record;
  const size = note?.sizeBytes.kind === 'known' ? note.sizeBytes.value : null;
  const uploadedAt = note === null || note.uploadedAtMs.kind === 'unknown' ? null : note.uploadedAtMs;
  const uploaded = uploadedAt?.value ?? null;
  const bound = uploadedAt?.kind === 'at latest' ? ' at the latest' : '';
  return html`<tr>${cell(verdictChip(decision), { key: decision.verdict === 'keep' ? 2 : decision.enforced ? 0 : 1 })}
<td class="image">${decision.tags.length === 0 ? html`<span class="faint">untagged</span> ` : tagList(decision.tags)}${digestLink(repository, decision.root, context)}${tree(row, repository, context)}</td>
${cell(size === null ? unknownCell(reasonOf(note?.sizeBytes)) : formatSize(size), { key: size ?? -1, as: 'right' })}
${cell(uploaded === null ? unknownCell(reasonOf(note?.uploadedAtMs)) : html`${ago(uploaded, context)}${bound}`, { key: uploaded ?? -1, as: 'right' })}
${cell(pullText(lastPullDay, note?.lastPulledAtMs), { key: lastPullDay ?? -1, as: 'right' })}
<td class="long">${useText(row, atMs)}</td>
<td class="long">${why(decision)}</td></tr>`;
}

/** A verdict, with the word that says whether it is meant. */
export function verdictChip({ verdict, enforced, because }: Decision): Html {
  if (because === 'in quarantine') return chip('in quarantine', 'warn');
  if (verdict === 'keep') return chip('keep', 'good');
  return enforced ? chip('delete', 'bad') : chip('would delete', 'warn');
}

function digestLink(repository: string, digest: Digest, context: PageContext): Html {
  return link({ page: 'image', repository, digest }, html`<code>${shortDigest(digest)}</code>`, context);
}

/** What lives and dies with it. */
function tree({ decision, note }: ArtifactRow, repository: string, context: PageContext): Html {
  const { members } = decision;
  if (members.length === 0) return NOTHING;
  const nested: readonly NestedManifest[] =
    note?.nested ?? members.slice(0, 50).map((digest) => ({ digest, as: 'child', depth: 1 }));
  const rest = members.length - nested.length;
  return html`<details><summary>with ${quantity(members.length, 'more manifest')}</summary>${branch(nested, 1, repository, context)}${rest > 0 ? html`<p class="faint small">and ${rest} more</p>` : NOTHING}</details>`;
}

function branch(
  nested: readonly NestedManifest[],
  depth: number,
  repository: string,
  context: PageContext,
): Html {
  const items: Html[] = [];
  for (const [at, one] of nested.entries()) {
    if (one.depth < depth) break;
    if (one.depth > depth) continue;
    const below = nested.slice(at + 1);
    const end = below.findIndex((other) => other.depth <= depth);
    const inner = end === -1 ? below : below.slice(0, end);
    items.push(
      html`<li><span class="faint">${one.as === 'child' ? 'has' : 'about it'}</span> ${digestLink(repository, one.digest, context)}${inner.length === 0 ? NOTHING : branch(inner, depth + 1, repository, context)}</li>`,
    );
  }
  return html`<ul class="tree">${items}</ul>`;
}

function unknownCell(reason: string): Html {
  return html`<span class="faint" title="${reason}">not known</span>`;
}

function reasonOf(fact: { readonly kind: string; readonly reason?: string } | undefined): string {
  return fact?.reason ?? 'an earlier version judged it, and wrote this not down';
}

function pullText(day: number | null, asked: TimeFact | undefined): Html {
  if (day !== null) return html`<span class="nowrap">${dateOfDay(day)}</span>`;
  if (asked?.kind === 'known' && asked.value === null) return html`never`;
  return html`<span class="faint" title="${reasonOf(asked)}">none known</span>`;
}

function useText(row: ArtifactRow, nowMs: number): Html {
  const { note, lastUseDay } = row;
  if (note?.usedBy.kind === 'known' && note.usedBy.value.length > 0) {
    const [first = '', ...others] = note.usedBy.value;
    const more =
      others.length === 0
        ? NOTHING
        : html`<details><summary>and ${others.length} more</summary><ul>${others.slice(0, 50).map((by) => html`<li>${by}</li>`)}</ul></details>`;
    return html`${chip('in use', 'plain')} ${first}${more}`;
  }
  if (isUsed(row, nowMs)) return chip('in use', 'plain');
  if (lastUseDay !== null) return html`<span class="nowrap">last on ${dateOfDay(lastUseDay)}</span>`;
  return note?.usedBy.kind === 'known'
    ? html`no`
    : html`<span class="faint" title="${reasonOf(note?.usedBy)}">not known</span>`;
}

function why(decision: Decision): Html {
  const { voices } = decision;
  const all =
    voices.length < 2
      ? NOTHING
      : html`<details><summary>all ${voices.length} rules that spoke</summary><ul>${voices.map((voice) => html`<li>${voice.answer === 'unknown' ? 'could not tell' : `says ${voice.effect}`}: ${voiceSentence(voice)}</li>`)}</ul></details>`;
  return html`${reasonSentence(decision)}${all}`;
}

function holdText(hold: Hold, repository: string, context: PageContext): Html {
  const on =
    hold.on.kind === 'tag'
      ? html`<span class="tag">${hold.on.tag}</span>`
      : digestLink(repository, hold.on.digest, context);
  return html`${on} ${holdSentence(hold)}`;
}
