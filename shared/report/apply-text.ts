import type { RepositoryResult } from '../app/apply-plan.ts';
import { shortDigest } from '../core/digest.ts';
import { outcomeLabel } from '../core/journal.ts';
import { outcomeSentence } from '../core/sentence.ts';
import { printable, type TextStyle, table, toned } from './text.ts';

/** Renders what a run did: every step with its outcome, and what stood in the way. */
export function renderResults(results: readonly RepositoryResult[], style: TextStyle): string {
  if (results.length === 0) return 'Nothing to do: the plan has no steps.\n';
  return `${results.map((result) => renderResult(result, style)).join('\n\n')}\n`;
}

/** Renders what a run did to one repository. */
export function renderResult(result: RepositoryResult, style: TextStyle): string {
  const lines = [
    `${toned(result.repository, 'strong', style)}${result.runId === null ? '' : `  run ${result.runId}`}`,
  ];
  if (result.refusal !== null) lines.push(toned(`Left alone: ${printable(result.refusal)}`, 'bad', style));
  if (result.results.length > 0) {
    const rows = result.results.map(({ step, outcome }) => [
      step.kind === 'untag' ? `tag ${step.tag}` : 'digest',
      shortDigest(step.digest),
      outcomeSentence(outcome),
    ]);
    lines.push(table([{ title: 'STEP' }, { title: 'DIGEST' }, { title: 'OUTCOME' }], rows, style));
    lines.push(countOutcomes(result));
  }
  return lines.join('\n');
}

function countOutcomes({ results }: RepositoryResult): string {
  const counts = new Map<string, number>();
  for (const { step, outcome } of results) {
    const label = `${outcomeLabel(outcome)} ${step.kind === 'untag' ? 'tags' : 'digests'}`;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]) => `${count} ${label}`).join(', ');
}
