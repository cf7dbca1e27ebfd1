import type { SimulationReport } from '../app/simulate-policies.ts';
import { shortDigest } from '../core/digest.ts';
import { sha256 } from '../core/hash.ts';
import { reasonSentence } from '../core/sentence.ts';
import type { SimulatedDeletion, SimulatedNight, Simulation } from '../core/simulation.ts';
import { type Html, html } from './html.ts';
import { changedTags, problemLine } from './policy-diff-text.ts';
import { freedSize, laterSentence, simulationNotes, summarySentence } from './simulation-text.ts';
import { printable } from './text.ts';
import { formatUtc, UTC } from './time-text.ts';

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #3a414a); --faint: light-dark(#57606a, #9aa4af);
  --bad: light-dark(#b42318, #ff8a7a); --recorded: light-dark(#57606a, #9aa4af); --replayed: light-dark(#0b57d0, #8ab4f8);
  --gone: light-dark(#8a5300, #f0b352); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 1.75rem 0 .5rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; } p { margin: .25rem 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
th, td.short { white-space: nowrap; } td.long { overflow-wrap: anywhere; } th { color: var(--faint); font-weight: 600; font-size: .85rem; }
code { font: 13px/1.5 ui-monospace, monospace; } .faint { color: var(--faint); } .bad { color: var(--bad); font-weight: 600; }
svg { display: block; width: 100%; height: auto; margin: .75rem 0 .25rem; } svg text { font: 12px system-ui, sans-serif; fill: var(--faint); }
.grid { stroke: var(--line); stroke-width: 1; } .recorded { fill: none; stroke: var(--recorded); stroke-width: 1.5; stroke-dasharray: 4 3; }
.replayed { fill: none; stroke: var(--replayed); stroke-width: 2; } .gone { fill: var(--gone); } .wanted { fill: var(--bad); }
.key { display: inline-block; width: 1.1rem; height: .2rem; margin: 0 .4rem .25rem 0; vertical-align: middle; }
.legend span.name { margin-right: 1.25rem; } .k-recorded { background: var(--recorded); } .k-replayed { background: var(--replayed); }
.k-gone { background: var(--gone); height: .7rem; width: .7rem; } .k-wanted { background: var(--bad); height: .7rem; width: .7rem; border-radius: 50%; }
`;

/** Nothing from outside, no script, and only this one style sheet, named by its hash. */
const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${Buffer.from(
  sha256(STYLE).slice('sha256:'.length),
  'hex',
).toString('base64')}'; base-uri 'none'; form-action 'none'`;

/** Repositories on one page, those with the most to tell first; JSON has all. */
const REPOSITORIES_SHOWN = 100;

/** Rows of one table, the latest. */
const ROWS_SHOWN = 300;

/** Renders a replay as one page that needs nothing else: a plot over time, and tables. */
export function renderSimulationPage(report: SimulationReport): string {
  const style: Html = { safe: `<style>${STYLE}</style>` };
  const sorted = [...report.repositories].sort((a, b) => weightOf(b.simulation) - weightOf(a.simulation));
  const rest = sorted.length - REPOSITORIES_SHOWN;
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>What the policies would have done</title>${style}</head>
<body><header><h1>What the policies would have done</h1><p class="faint">${printable(report.target)}, ${formatUtc(report.sinceMs)} to ${formatUtc(report.untilMs)}</p></header>
<main>
${report.problems.map((problem) => html`<p class="bad">${problemLine(problem)}</p>`)}
${report.catalog.kind === 'incomplete' ? html`<p class="bad">Not all repositories were seen: ${printable(report.catalog.reason)}</p>` : html``}
${sorted.slice(0, REPOSITORIES_SHOWN).map(
  ({ repository, simulation }) =>
    html`<section><h2><code>${printable(repository)}</code></h2>
${simulation.kind === 'known' ? section(simulation.value) : html`<p class="bad">Not replayed: ${printable(simulation.reason)}</p>`}</section>
`,
)}
${rest > 0 ? html`<p class="faint">and ${rest} more repositories</p>` : html``}
${sorted.length === 0 ? html`<p>There is no repository.</p>` : html``}
</main></body>
</html>
`.safe;
}

/** What was wanted later weighs most, then what could not be replayed, then what would have gone. */
function weightOf(simulation: SimulationReport['repositories'][number]['simulation']): number {
  if (simulation.kind === 'unknown') return 1e6;
  const { deletions } = simulation.value;
  return deletions.length + 1e7 * deletions.filter(({ usedLater }) => usedLater.length > 0).length;
}

function section(simulation: Simulation): Html {
  const wanted = simulation.deletions.filter(({ usedLater }) => usedLater.length > 0);
  const others = simulation.deletions.filter(({ usedLater }) => usedLater.length === 0);
  const last = simulation.nights.findLast(({ refusal }) => refusal !== null);
  return html`<p class="${wanted.length > 0 ? 'bad' : 'sum'}">${summarySentence(simulation)}</p>
${last?.refusal == null ? html`` : html`<p>Stopped ${formatUtc(last.atMs)}: ${printable(last.refusal.message)}</p>`}
${simulation.nights.length === 0 ? html`` : plot(simulation)}
${simulationNotes(simulation, UTC).map((note) => html`<p class="faint">${printable(note)}</p>`)}
${wanted.length === 0 ? html`` : html`<h3>Would have gone, and was wanted later</h3>${deletionTable(wanted, true)}`}
${others.length === 0 ? html`` : html`<h3>Would have gone</h3>${deletionTable(others, false)}`}`;
}

/** Two tables: what was wanted later has a column more. */
function deletionTable(deletions: readonly SimulatedDeletion[], isWanted: boolean): Html {
  const shown = deletions.slice(-ROWS_SHOWN);
  const rest = deletions.length - shown.length;
  const titles = ['Went', 'Tags', 'Digest', 'Freed, up to', ...(isWanted ? ['Later'] : []), 'Why'];
  return html`<div class="scroll"><table><thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${shown.map((deletion) => deletionRow(deletion, isWanted))}</tbody></table></div>${rest > 0 ? html`<p class="faint">and ${rest} earlier ones</p>` : html``}`;
}

function deletionRow(deletion: SimulatedDeletion, isWanted: boolean): Html {
  const { atMs, decision, manifests, root, usedLater } = deletion;
  const others = manifests.length > 1 ? ` +${manifests.length - 1}` : '';
  const later = usedLater.map((use) => printable(laterSentence(use, atMs, UTC))).join('; ');
  return html`<tr><td class="short">${formatUtc(atMs)}</td><td class="long">${printable(changedTags(decision))}</td><td class="short"><code>${shortDigest(root)}</code>${others}</td><td class="short">${freedSize(deletion)}</td>${isWanted ? html`<td class="long bad">${later}</td>` : html``}<td class="long">${printable(reasonSentence(decision))}</td></tr>`;
}

const WIDTH = 960;
const HEIGHT = 300;
const MARGIN = { left: 56, right: 16, top: 14, bottom: 28 };
/** The lower part of the plot is for what goes each night. */
const BARS_HEIGHT = 60;
const GRID_LINES = 4;
const DATES_MAX = 8;

/** Manifests over time, as recorded and as replayed, with what goes each night below. */
function plot({ nights, deletions, repository }: Simulation): Html {
  const first = nights[0]?.atMs ?? 0;
  const spanMs = Math.max(1, (nights.at(-1)?.atMs ?? first) - first);
  const highest = ceiling(
    Math.max(1, ...nights.map(({ manifests, recordedManifests }) => Math.max(manifests, recordedManifests))),
  );
  const mostGone = Math.max(1, ...nights.map(({ deleted }) => deleted));
  const floor = HEIGHT - MARGIN.bottom;
  const base = floor - BARS_HEIGHT - 22;
  const plotWidth = WIDTH - MARGIN.left - MARGIN.right;
  const x = (atMs: number): string => (MARGIN.left + ((atMs - first) / spanMs) * plotWidth).toFixed(1);
  const y = (count: number): string => (base - (count / highest) * (base - MARGIN.top)).toFixed(1);
  const line = (count: (night: SimulatedNight) => number): string =>
    nights.map((night, at) => `${at === 0 ? 'M' : 'L'}${x(night.atMs)} ${y(count(night))}`).join('');
  const barWidth = Math.max(1, Math.min(8, (plotWidth / nights.length) * 0.7));
  const wantedNights = new Set(
    deletions.filter(({ usedLater }) => usedLater.length > 0).map(({ atMs }) => atMs),
  );
  const dates = nights.filter((_, at) => at % Math.ceil(nights.length / DATES_MAX) === 0);
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Manifests of ${printable(repository)} over time: recorded, and as the policies would have left them; below, how many would have gone each night">
${Array.from({ length: GRID_LINES + 1 }, (_, at) => {
  const count = (highest / GRID_LINES) * at;
  return html`<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(count)}" y2="${y(count)}"/><text x="${MARGIN.left - 8}" y="${y(count)}" dy="4" text-anchor="end">${count}</text>`;
})}
<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${floor}" y2="${floor}"/><text x="${MARGIN.left - 8}" y="${floor - BARS_HEIGHT + 4}" text-anchor="end">${mostGone}</text><text x="${MARGIN.left - 8}" y="${floor}" text-anchor="end">0</text>
${dates.map(({ atMs }) => html`<text x="${x(atMs)}" y="${HEIGHT - 8}" text-anchor="${atMs === first ? 'start' : 'middle'}">${new Date(atMs).toISOString().slice(0, 10)}</text>`)}
${nights
  .filter(({ deleted }) => deleted > 0)
  .map(({ atMs, deleted }) => {
    const height = Math.max(1, (deleted / mostGone) * BARS_HEIGHT);
    return html`<rect class="gone" x="${(Number(x(atMs)) - barWidth / 2).toFixed(1)}" y="${(floor - height).toFixed(1)}" width="${barWidth.toFixed(1)}" height="${height.toFixed(1)}"><title>${formatUtc(atMs)}: ${deleted}</title></rect>`;
  })}
<path class="recorded" d="${line(({ recordedManifests }) => recordedManifests)}"/><path class="replayed" d="${line(({ manifests, deleted }) => manifests - deleted)}"/>
${nights
  .filter(({ atMs }) => wantedNights.has(atMs))
  .map(
    (night) =>
      html`<circle class="wanted" cx="${x(night.atMs)}" cy="${y(night.manifests - night.deleted)}" r="5"><title>${formatUtc(night.atMs)}: something that was wanted later</title></circle>`,
  )}
</svg><p class="legend faint"><span class="key k-recorded"></span><span class="name">manifests as recorded</span><span class="key k-replayed"></span><span class="name">as the policies would have left them</span><span class="key k-gone"></span><span class="name">gone that night</span><span class="key k-wanted"></span><span class="name">wanted later</span></p>`;
}

/** The next number that four grid lines divide well. */
function ceiling(count: number): number {
  const steps = [1, 2, 5, 10, 20, 25, 50];
  for (let factor = 1; ; factor *= 10) {
    for (const step of steps) if (step * factor * GRID_LINES >= count) return step * factor * GRID_LINES;
  }
}
