import type { RepositoryResult } from '../app/apply-request.ts';
import { shortDigest } from '../core/digest.ts';
import { outcomeLabel } from '../core/journal.ts';
import { quantity } from '../core/quantity.ts';
import { outcomeSentence } from '../core/sentence.ts';
import { quarantinedTexts } from './quarantine-text.ts';
import { printable, type TextStyle, table, toned } from './text.ts';
import { inReadersZone } from './time-text.ts';

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
  const quarantined = quarantinedTexts(result.quarantined);
  if (quarantined.length > 0) lines.push(`${quarantined.join(', ')}.`);
  return inReadersZone(lines.join('\n'), style.clock);
}

/** `deleted 2 tags and 3 digests, skipped: moved 1 tag` */
function countOutcomes({ results }: RepositoryResult): string {
  const counts = new Map<string, { tags: number; digests: number }>();
  for (const { step, outcome } of results) {
    const label = outcomeLabel(outcome);
    const count = counts.get(label) ?? { tags: 0, digests: 0 };
    count[step.kind === 'untag' ? 'tags' : 'digests'] += 1;
    counts.set(label, count);
  }
  return [...counts]
    .map(([label, { tags, digests }]) => {
      const parts = [tags > 0 ? quantity(tags, 'tag') : '', digests > 0 ? quantity(digests, 'digest') : ''];
      return `${label} ${parts.filter((part) => part !== '').join(' and ')}`;
    })
    .join(', ');
}
