import { type ReferenceDays, unionOfDays } from '../../core/day-ranges.ts';

/**
 * What is stored and what comes to it, each reference once, sorted; null where all of it was stored before, so that
 * nothing has to be written.
 */
export function addedDays(
  stored: readonly ReferenceDays[],
  coming: readonly ReferenceDays[],
): readonly ReferenceDays[] | null {
  const all = new Map(stored.map((one) => [one.reference, one]));
  let isNew = false;
  for (const { reference, days } of coming) {
    const before = all.get(reference)?.days ?? [];
    const after = unionOfDays(before, days);
    if (JSON.stringify(after) === JSON.stringify(before)) continue;
    isNew = true;
    all.set(reference, { reference, days: after });
  }
  if (!isNew) return null;
  return [...all.values()].sort((a, b) => (a.reference < b.reference ? -1 : 1));
}
