import type { RunsView } from '../../app/report/runs.ts';
import type { Run } from '../../core/journal.ts';
import { stopSentence } from '../../core/stop-order.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { cell, htmlTable } from '../html-table.ts';
import { chip, link, type Page, type PageContext, repositoryLink, when } from './frame.ts';
import { runOutcome } from './run-outcome.ts';

/** What ran lately, over which repository, and what came of it. */
export function runsPage({ runs, isAll, stopOrder }: RunsView, context: PageContext): Page {
  const body = html`<h1>Runs</h1><p class="faint">What was planned, deleted, skipped, refused and repaired, the newest first.</p>
${stopOrder === null ? NOTHING : html`<p class="note bad" role="alert">${stopSentence(stopOrder)}</p>`}
${runsTable('runs', runs, context)}
${isAll ? NOTHING : html`<p class="faint">These are the newest ${runs.length}; <code>gcr-warden history HOST/NAME</code> shows those of one repository.</p>`}`;
  return { under: 'runs', title: 'Runs', body };
}

/** A table of runs, for this page and for that of a repository. */
export function runsTable(name: string, runs: readonly Run[], context: PageContext): Html {
  return htmlTable({
    name,
    label: 'Runs',
    columns: [
      { title: 'Started' },
      { title: 'Mode' },
      { title: 'By' },
      { title: 'Repository' },
      { title: 'Outcome' },
    ],
    rows: runs.map((run) => runRow(run, context)),
    empty: 'No run is written down in this ledger.',
  });
}

function runRow(run: Run, context: PageContext): Html {
  const { id, repository, startedAtMs, mode, trigger } = run;
  const started = link({ page: 'run', runId: id, repository }, when(startedAtMs, context), context);
  const name = repositoryLink(repository, context);
  return html`<tr>${cell(started, { key: startedAtMs })}<td>${modeChip(mode)}</td><td>${trigger}</td><td class="name">${name}</td><td class="long">${runOutcome(run)}</td></tr>`;
}

/** Whether a run only said what it would do. */
function modeChip(mode: Run['mode']): Html {
  return mode === 'apply' ? chip('applied', 'plain') : html`<span class="faint">planned</span>`;
}
