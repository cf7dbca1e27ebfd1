import type { Policy } from './policy.ts';
import { DAY_MS } from './units.ts';

/** A policy as a run or a tick read it last, for whoever has the ledger and not the files. */
export interface PolicyEntry
  extends Pick<Policy, 'name' | 'mode' | 'schedule' | 'owner' | 'reason' | 'source'> {
  /** Globs over `HOST/NAME`. */
  readonly include: readonly string[];
  /** When it was read; at most a day late. */
  readonly seenAtMs: number;
}

/** Policies beyond these are not noted. */
export const ROSTER_MAX = 4000;

/** A policy that nobody has read for longer was deleted or renamed long ago. */
const FORGOTTEN_AFTER_MS = 100 * DAY_MS;

/**
 * What is to be remembered after these policies were read. Of what is not among them nothing changes, since other
 * folders may be run beside the same ledger. Sorted by name; null where nothing changed.
 */
export function noteRoster(
  known: readonly PolicyEntry[],
  policies: readonly Policy[],
  nowMs: number,
): readonly PolicyEntry[] | null {
  const entries = new Map(
    known.filter(({ seenAtMs }) => nowMs - seenAtMs <= FORGOTTEN_AFTER_MS).map((one) => [one.name, one]),
  );
  let hasChanged = entries.size !== known.length;
  for (const policy of policies) {
    const former = entries.get(policy.name);
    if (former === undefined && entries.size >= ROSTER_MAX) continue;
    const entry = entryOf(policy, nowMs);
    const isAsNoted =
      former !== undefined &&
      nowMs - former.seenAtMs < DAY_MS &&
      JSON.stringify({ ...former, seenAtMs: 0 }) === JSON.stringify({ ...entry, seenAtMs: 0 });
    if (isAsNoted) continue;
    entries.set(policy.name, entry);
    hasChanged = true;
  }
  if (!hasChanged) return null;
  return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function entryOf(
  { name, mode, schedule, owner, reason, source, repositories }: Policy,
  seenAtMs: number,
): PolicyEntry {
  return { name, mode, schedule, owner, reason, source, include: repositories.include, seenAtMs };
}
