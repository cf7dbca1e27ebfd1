import { type Hold, holdSentence } from '../core/hold.ts';
import { type TextStyle, table } from './text.ts';

/** Renders holds in the order given. */
export function renderHolds(holds: readonly Hold[], style: TextStyle): string {
  if (holds.length === 0) return 'Nothing is on hold there.\n';
  const rows = holds.map((hold) => [
    hold.repository,
    hold.on.kind === 'digest' ? hold.on.digest : `tag ${hold.on.tag}`,
    holdSentence(hold),
  ]);
  return `${table([{ title: 'REPOSITORY' }, { title: 'WHAT' }, { title: 'HOLD' }], rows, style)}\n`;
}
