import type { FindingChange } from '../core/finding-history.ts';
import { type TextStyle, table } from './text.ts';
import { formatTime } from './time-text.ts';

/** What changed, for a terminal: one line a change, what asks for somebody first. */
export function renderFindingChanges(changes: readonly FindingChange[], style: TextStyle): string {
  if (changes.length === 0) return 'Nothing changed.\n';
  return `${table(
    [{ title: 'WHAT' }, { title: 'WHEN' }, { title: 'SEVERITY' }, { title: 'CHECK' }, { title: 'EVIDENCE' }],
    changes.map(({ kind, atMs, severity, check, sentence }) => [
      kind,
      formatTime(atMs, style.clock),
      severity,
      check,
      sentence,
    ]),
    style,
  )}\n`;
}
