import { dateOfDay } from '../core/day-ranges.ts';
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
