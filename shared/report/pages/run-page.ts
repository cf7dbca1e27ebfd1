import type { RunView } from '../../app/report/runs.ts';
import { shortDigest } from '../../core/digest.ts';
import type { JournalEntry } from '../../core/journal.ts';
import { quantity } from '../../core/quantity.ts';
import { stepSentence } from '../../core/sentence.ts';
import { formatAge, formatSize } from '../../core/units.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { cell, htmlTable } from '../html-table.ts';
import { link, type Page, type PageContext, repositoryLink, when } from './frame.ts';
import { runOutcome, stepOutcome } from './run-outcome.ts';

/** One run: what was to be done with what, why, and how it ended. */
export function runPage(view: RunView, context: PageContext): Page {
  const { run, steps, isAll } = view;
  const { repository, startedAtMs, finishedAtMs, mode, trigger, id, kept, toDelete, planId } = run;
  const took = finishedAtMs === null ? '' : ` and took ${formatAge(Math.max(0, finishedAtMs - startedAtMs))}`;
  const body = html`<h1>A run over ${repository}</h1>
<p>${runOutcome(run)}</p>
<dl class="facts">
<dt>Repository</dt><dd>${repositoryLink(repository, context)}</dd>
<dt>Began</dt><dd>${when(startedAtMs, context)}${took}</dd>
<dt>Mode</dt><dd>${mode === 'plan' ? 'it only said what it would do' : 'it applied a plan'}, asked for by ${trigger}</dd>
<dt>Verdicts</dt><dd>${quantity(toDelete, 'artifact')} to delete, ${kept} to keep</dd>
${run.refusal === null ? NOTHING : html`<dt>Stopped</dt><dd class="text-bad">${run.refusal}</dd>`}
${run.approval === undefined ? NOTHING : html`<dt>Approved</dt><dd>by ${run.approval.by}: ${run.approval.reason}</dd>`}
<dt>Run</dt><dd><code>${id}</code></dd><dt>Plan</dt><dd><code>${planId}</code></dd>
</dl>
<h2>Steps</h2>
${stepsTable(view, context)}
${isAll ? NOTHING : html`<p class="faint">These are ${steps.length} of more.</p>`}`;
  return { under: 'runs', title: 'A run', body };
}

function stepsTable({ run, steps }: RunView, context: PageContext): Html {
  return htmlTable({
    name: 'steps',
    label: 'Steps',
    columns: [
      { title: 'Step' },
      { title: 'Tags' },
      { title: 'Digest' },
      { title: 'Size', align: 'right' },
      { title: 'Outcome' },
      { title: 'Why' },
    ],
    rows: steps.map((entry) => stepRow(entry, context)),
    empty:
      run.mode === 'plan'
        ? 'It took no step: it planned. What it decided of each artifact is on the page of the repository, until another run decides.'
        : 'It took no step.',
  });
}

function stepRow({ intent, settlement }: JournalEntry, context: PageContext): Html {
  const { step, repository, reason, index } = intent;
  const tags = step.kind === 'untag' ? [step.tag] : step.tags;
  const digest = html`<code>${shortDigest(step.digest)}</code>`;
  const size = step.kind === 'delete' ? step.sizeBytes : null;
  return html`<tr>${cell(stepSentence(step), { key: index })}<td>${tagList(tags)}</td><td>${link({ page: 'image', repository, digest: step.digest }, digest, context)}</td>${cell(size === null ? '' : formatSize(size), { key: size ?? -1, as: 'right' })}<td class="long">${stepOutcome(settlement?.outcome ?? null)}</td><td class="long">${reason}</td></tr>`;
}

/** Tags as a reader copies them. */
export function tagList(tags: readonly string[]): Html {
  return html`${tags.map((tag) => html`<span class="tag">${tag}</span>`)}`;
}
