import type { LookedAt, LookedThrough } from '../app/replay-dead-letters.ts';
import { type TextStyle, table } from './text.ts';
import { formatTimeAndAge } from './time-text.ts';

/** One dead letter, with as much of its text as may be shown. */
export interface ShownLetter extends LookedAt {
  readonly excerpt: string;
}

/** Renders dead letters in the order given, what each of them is, and what was done with it. */
export function renderDeadLetters(
  letters: readonly ShownLetter[],
  { mayBeMore }: Pick<LookedThrough, 'mayBeMore'>,
  style: TextStyle,
): string {
  if (letters.length === 0) return 'There are no dead letters.\n';
  const rows = letters.map(({ letter, done, excerpt }) => [
    letter.messageId,
    formatTimeAndAge(letter.atMs, style.clock),
    letter.code ?? '',
    letter.replays === 0 ? '' : String(letter.replays),
    doneText(done),
    `${letter.reason} — ${excerpt}`,
  ]);
  const columns = [
    { title: 'MESSAGE' },
    { title: 'SINCE' },
    { title: 'CODE' },
    { title: 'PUT BACK BEFORE', align: 'right' },
    { title: 'NOW' },
    { title: 'WHY, AND HOW IT BEGINS' },
  ] as const;
  const counts = [...Map.groupBy(letters, ({ done }) => done.kind)].map(
    ([kind, all]) => `${all.length} ${kind}`,
  );
  const more = mayBeMore ? ' There may be more: --max says how many are looked at.' : '';
  return `${table(columns, rows, style)}\n${letters.length} dead letters: ${counts.join(', ')}.${more}\n`;
}

function doneText(done: LookedAt['done']): string {
  if (done.kind === 'put back') return `put back on ${done.topic}`;
  return done.kind === 'not put back' ? `not put back: ${done.reason}` : 'left';
}
