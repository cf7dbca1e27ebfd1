import type { Digest } from './digest.ts';
import type { ImageEvent } from './image-event.ts';

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

/** The removed tags that others pushed in those moments, each with what was pushed last. */
export function lostTags(removed: readonly RemovedTag[], events: readonly ImageEvent[]): LostTag[] {
  return removed.flatMap((one) => {
    const pushes = events.filter(
      ({ action, tag, digest, publishedAtMs }) =>
        action === 'INSERT' &&
        tag === one.tag &&
        digest !== null &&
        digest !== one.digest &&
        publishedAtMs >= one.fromMs - CLOCK_SKEW_MS &&
        publishedAtMs <= one.untilMs + CLOCK_SKEW_MS,
    );
    const last = pushes.toSorted((a, b) => a.publishedAtMs - b.publishedAtMs).at(-1);
    return last?.digest == null ? [] : [{ removed: one, digest: last.digest }];
  });
}
