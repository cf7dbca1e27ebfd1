import type { Outcome, Run } from '../../core/journal.ts';
import { quantity } from '../../core/quantity.ts';
import { outcomeSentence } from '../../core/sentence.ts';
import { outcome } from '../history-text.ts';
import { type Html, html } from '../html.ts';
import { quarantinedTexts } from '../quarantine-text.ts';
import { chip } from './frame.ts';

/** What became of a run, the counts as chips. */
export function runOutcome(run: Run): Html {
  if (run.refusal !== null) return html`${chip('refused', 'bad')} ${outcome(run)}`;
  if (run.finishedAtMs === null) return html`${chip('not finished', 'warn')} ${outcome(run)}`;
  if (run.mode === 'plan') {
    return run.toDelete === 0
      ? html`nothing to delete, ${quantity(run.kept, 'artifact')} to keep`
      : html`${chip(`${run.toDelete} to delete`, 'warn')} ${run.kept} to keep`;
  }
  const counts = Object.entries(run.outcomes);
  const waiting = quarantinedTexts(run.quarantined);
  if (counts.length === 0) return html`${outcome(run)}`;
  return html`${counts.map(([label, count]) => html`${chip(`${count} ${label}`, toneOf(label))} `)}${waiting.join(', ')}${run.approval === undefined ? null : html`<span class="faint">over a limit, approved by ${run.approval.by}: ${run.approval.reason}</span>`}`;
}

function toneOf(label: string): 'good' | 'bad' | 'warn' | 'plain' {
  if (label === 'deleted' || label === 'repaired') return 'good';
  if (label === 'failed' || label === 'blocked') return 'bad';
  return label.startsWith('skipped') ? 'warn' : 'plain';
}

/** How one step ended. */
export function stepOutcome(ended: Outcome | null): Html {
  if (ended === null) return html`${chip('no outcome', 'warn')} the run was interrupted, or is under way`;
  const sentence = outcomeSentence(ended);
  const [word = ''] = sentence.split(/[:(,]/);
  const rest = sentence.slice(word.length).replace(/^: /, '');
  return html`${chip(word, toneOf(ended.kind))} ${rest}`;
}
