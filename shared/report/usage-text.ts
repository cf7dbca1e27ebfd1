import { type DayRanges, dateOfDay, lastDay } from '../core/day-ranges.ts';
import { quantity } from '../core/quantity.ts';
import type { LastUse } from '../core/usage-record.ts';

/** When something was last in use, as runs saw it; null where none ever asked. */
export function lastUseSentence({ lastSeenDay, unseenDay, isBestEffort }: LastUse): string | null {
  const unseen =
    unseenDay === null
      ? ''
      : `not on ${dateOfDay(unseenDay)}${isBestEffort ? ', as far as best effort tells' : ''}`;
  if (lastSeenDay !== null) {
    return `last seen in use on ${dateOfDay(lastSeenDay)}${unseen === '' ? '' : `, ${unseen}`}`;
  }
  return unseen === '' ? null : `never seen in use, ${unseen} either`;
}

/** On how many days something was pulled, and when last; null where no pull is recorded. */
export function pulledSentence(days: DayRanges): string | null {
  const last = lastDay(days);
  if (last === null) return null;
  const count = days.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  return `on ${quantity(count, 'day')}, last on ${dateOfDay(last)}`;
}
