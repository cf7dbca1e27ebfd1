import type { SimulationReport } from '../app/simulate-policies.ts';
import { shortDigest } from '../core/digest.ts';
import { reasonSentence } from '../core/sentence.ts';
import type { SimulatedDeletion, SimulatedQuarantine, Simulation } from '../core/simulation.ts';
import { renderDocument } from './document.ts';
import { type Html, html } from './html.ts';
import { cell, htmlTable } from './html-table.ts';
import { timePlot } from './plot.ts';
import { changedTags, problemLine } from './policy-diff-text.ts';
import {
  freedSize,
  laterSentence,
  quarantineEndText,
  simulationNotes,
  summarySentence,
} from './simulation-text.ts';
import { formatUtc, UTC } from './time-text.ts';

/** Repositories on one page, those with the most to tell first; JSON has all. */
const REPOSITORIES_SHOWN = 100;

/** Rows of one table, the latest. */
const ROWS_SHOWN = 300;

/** Renders a replay as one page that needs nothing else: a plot over time, and tables. */
export function renderSimulationPage(report: SimulationReport): string {
  const sorted = [...report.repositories].sort((a, b) => weightOf(b.simulation) - weightOf(a.simulation));
  const rest = sorted.length - REPOSITORIES_SHOWN;
  return renderDocument({
    title: 'What the policies would have done',
    body: html`<h1>What the policies would have done</h1><p class="faint">${report.target}, ${formatUtc(report.sinceMs)} to ${formatUtc(report.untilMs)}</p>
${report.problems.map((problem) => html`<p class="note bad">${problemLine(problem)}</p>`)}
${report.catalog.kind === 'incomplete' ? html`<p class="note bad">Not all repositories were seen: ${report.catalog.reason}</p>` : null}
${sorted.slice(0, REPOSITORIES_SHOWN).map(
  ({ repository, simulation }, at) =>
    html`<section><h2><code>${repository}</code></h2>
${simulation.kind === 'known' ? section(simulation.value, at) : html`<p class="text-bad">Not replayed: ${simulation.reason}</p>`}</section>
`,
)}
${rest > 0 ? html`<p class="faint">and ${rest} more repositories</p>` : null}
${sorted.length === 0 ? html`<p>There is no repository.</p>` : null}`,
  });
}

/** What was wanted later weighs most, then what could not be replayed, then what would have gone. */
function weightOf(simulation: SimulationReport['repositories'][number]['simulation']): number {
  if (simulation.kind === 'unknown') return 1e6;
  const { deletions } = simulation.value;
  return deletions.length + 1e7 * deletions.filter(({ usedLater }) => usedLater.length > 0).length;
}

function section(simulation: Simulation, at: number): Html {
  const wanted = simulation.deletions.filter(({ usedLater }) => usedLater.length > 0);
  const others = simulation.deletions.filter(({ usedLater }) => usedLater.length === 0);
  const last = simulation.nights.findLast(({ refusal }) => refusal !== null);
  return html`<p${wanted.length > 0 ? html` class="text-bad"` : null}>${summarySentence(simulation)}</p>
${last?.refusal == null ? null : html`<p>Stopped ${formatUtc(last.atMs)}: ${last.refusal.message}</p>`}
${simulation.nights.length === 0 ? null : html`<div class="card">${plot(simulation)}</div>`}
${simulationNotes(simulation, UTC).map((note) => html`<p class="faint">${note}</p>`)}
${simulation.quarantined.length === 0 ? null : html`<h3>Would have been announced, and would have stayed for a time</h3>${quarantineTable(`announced-${at}`, simulation.quarantined)}`}
${wanted.length === 0 ? null : html`<h3>Would have gone, and was wanted later</h3>${deletionTable(`wanted-${at}`, wanted, true)}`}
${others.length === 0 ? null : html`<h3>Would have gone</h3>${deletionTable(`gone-${at}`, others, false)}`}`;
}

/** Two tables: what was wanted later has a column more. */
function deletionTable(name: string, deletions: readonly SimulatedDeletion[], isWanted: boolean): Html {
  const shown = deletions.slice(-ROWS_SHOWN);
  const rest = deletions.length - shown.length;
  const titles = ['Went', 'Tags', 'Digest', 'Freed, up to', ...(isWanted ? ['Later'] : []), 'Why'];
  return html`${htmlTable({
    name,
    label: isWanted ? 'Would have gone, and was wanted later' : 'Would have gone',
    columns: titles.map((title) => ({ title })),
    rows: shown.map((deletion) => deletionRow(deletion, isWanted)),
    empty: 'Nothing.',
  })}${rest > 0 ? html`<p class="faint">and ${rest} earlier ones</p>` : null}`;
}

function deletionRow(deletion: SimulatedDeletion, isWanted: boolean): Html {
  const { atMs, decision, manifests, root, usedLater } = deletion;
  const others = manifests.length > 1 ? ` +${manifests.length - 1}` : '';
  const later = usedLater.map((use) => laterSentence(use, atMs, UTC)).join('; ');
  return html`<tr>${cell(formatUtc(atMs), { as: 'nowrap' })}<td class="long">${changedTags(decision)}</td><td class="nowrap"><code>${shortDigest(root)}</code>${others}</td><td class="nowrap">${freedSize(deletion)}</td>${isWanted ? html`<td class="long text-bad">${later}</td>` : null}<td class="long">${reasonSentence(decision)}</td></tr>`;
}

function quarantineTable(name: string, all: readonly SimulatedQuarantine[]): Html {
  const shown = all.slice(-ROWS_SHOWN);
  const rest = all.length - shown.length;
  return html`${htmlTable({
    name,
    label: 'Would have been announced',
    columns: ['Announced', 'Goes from', 'Tags', 'Digest', 'Rule', 'Then'].map((title) => ({ title })),
    rows: shown.map(
      (one) =>
        html`<tr>${cell(formatUtc(one.announcedAtMs), { as: 'nowrap' })}${cell(formatUtc(one.goesFromMs), { as: 'nowrap' })}<td class="long">${one.tags.length === 0 ? '-' : one.tags.join(', ')}</td><td class="nowrap"><code>${shortDigest(one.root)}</code></td><td>${one.rules.map(({ policy, rule }) => `${policy}/${rule}`).join(', ')}</td><td class="long">${quarantineEndText(one, UTC)}</td></tr>`,
    ),
    empty: 'Nothing.',
  })}${rest > 0 ? html`<p class="faint">and ${rest} earlier ones</p>` : null}`;
}

/** Manifests over time, as recorded and as replayed, with what goes each night below. */
function plot({ nights, deletions, repository }: Simulation): Html {
  const wanted = deletions.filter(({ usedLater }) => usedLater.length > 0).map(({ atMs }) => atMs);
  return timePlot({
    title: 'Manifests over time',
    description: `Manifests of ${repository} over time: recorded, and as the policies would have left them; below, how many would have gone each night`,
    unit: 'count',
    curves: [
      {
        name: 'manifests as recorded',
        look: 'c',
        points: nights.map(({ atMs, recordedManifests }) => ({ atMs, value: recordedManifests })),
      },
      {
        name: 'as the policies would have left them',
        look: 'a',
        points: nights.map(({ atMs, manifests, deleted }) => ({ atMs, value: manifests - deleted })),
      },
    ],
    bars: {
      name: 'gone that night',
      points: nights.map(({ atMs, deleted }) => ({ atMs, value: deleted })),
      ...(wanted.length === 0 ? {} : { marked: { name: 'wanted later', atMs: new Set(wanted) } }),
    },
  });
}
