import type { Digest } from './digest.ts';
import type { HistoryFact } from './history.ts';

/** A tag that a run removed, and when: from before it was looked at until its removal was answered. */
export interface RemovedTag {
  readonly tag: string;
  /** What it pointed at when it was looked at. */
  readonly digest: Digest;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A tag that was moved between the look at it and its removal, so that another's push lost it. */
export interface LostTag {
  readonly removed: RemovedTag;
  /** What it was moved to. */
  readonly digest: Digest;
}

/** How far the clock of whoever publishes events may differ from ours. */
const CLOCK_SKEW_MS = 5_000;

/**
 * The removed tags that others pushed in those moments, each with what was pushed last. One that was pushed
 * again later is none of them: whoever did that has the last word on it. Only what was told counts: what a
 * listing showed has no time of its own.
 */
export function lostTags(removed: readonly RemovedTag[], facts: readonly HistoryFact[]): LostTag[] {
  const pushes = Map.groupBy(
    facts.filter(({ source, action, tag }) => source === 'told' && action === 'INSERT' && tag !== null),
    ({ tag }) => tag,
  );
  return removed.flatMap((one) => {
    const since = (pushes.get(one.tag) ?? [])
      .filter(({ atMs }) => atMs >= one.fromMs - CLOCK_SKEW_MS)
      .toSorted((a, b) => a.atMs - b.atMs);
    if (since.some(({ atMs }) => atMs > one.untilMs + CLOCK_SKEW_MS)) return [];
    const last = since.findLast(({ digest }) => digest !== null && digest !== one.digest);
    return last?.digest == null ? [] : [{ removed: one, digest: last.digest }];
  });
}
