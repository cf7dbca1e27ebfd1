import { type Hold, holdSentence } from '../core/hold.ts';
import { type TextStyle, table } from './text.ts';
import { inReadersZone } from './time-text.ts';

/** Renders holds in the order given. */
export function renderHolds(holds: readonly Hold[], style: TextStyle): string {
  if (holds.length === 0) return 'Nothing is on hold there.\n';
  const rows = holds.map((hold) => [
    hold.repository,
    hold.on.kind === 'digest' ? hold.on.digest : `tag ${hold.on.tag}`,
    holdSentence(hold),
  ]);
  const columns = [{ title: 'REPOSITORY' }, { title: 'WHAT' }, { title: 'HOLD' }];
  return inReadersZone(`${table(columns, rows, style)}\n`, style.clock);
}
