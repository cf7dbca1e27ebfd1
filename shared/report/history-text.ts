import type { Run } from '../core/journal.ts';
import { quantity } from '../core/quantity.ts';
import { quarantinedTexts } from './quarantine-text.ts';
import { type TextStyle, table } from './text.ts';
import { formatTimeAndAge, inReadersZone } from './time-text.ts';

/** Renders runs, newest first as they come. */
export function renderRuns(runs: readonly Run[], style: TextStyle): string {
  if (runs.length === 0) return 'No run is written down in this ledger.\n';
  const rows = runs.map((run) => [
    formatTimeAndAge(run.startedAtMs, style.clock),
    run.mode,
    run.trigger,
    run.id,
    run.repository,
    outcome(run),
  ]);
  const columns = ['STARTED', 'MODE', 'BY', 'RUN', 'REPOSITORY', 'OUTCOME'].map((title) => ({ title }));
  return inReadersZone(`${table(columns, rows, style)}\n`, style.clock);
}

/** What became of a run, in a few words. */
export function outcome(run: Run): string {
  const { approval } = run;
  const approved =
    approval === undefined ? '' : ` (over a limit, approved by ${approval.by}: ${approval.reason})`;
  return `${outcomeOf(run)}${approved}`;
}

function outcomeOf(run: Run): string {
  if (run.refusal !== null) return run.refusal;
  if (run.finishedAtMs === null) return 'under way, or interrupted';
  if (run.mode === 'plan') return `${quantity(run.toDelete, 'artifact')} to delete, ${run.kept} to keep`;
  const counts = [
    ...Object.entries(run.outcomes).map(([label, count]) => `${count} ${label}`),
    ...quarantinedTexts(run.quarantined),
  ];
  return counts.length === 0 ? 'nothing done' : counts.join(', ');
}
