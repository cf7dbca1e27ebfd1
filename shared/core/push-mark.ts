import type { OnPush } from './policy.ts';
import { MINUTE_MS, SECOND_MS } from './units.ts';

/**
 * A repository was pushed to within a stretch of time. One mark stands for every push of its stretch, so that
 * ten thousand pushes in a minute are one mark, which is written once and never again.
 */
export interface PushMark {
  readonly repository: string;
  readonly fromMs: number;
  /** From this moment on every push makes another mark, whoever records it. */
  readonly untilMs: number;
}

/** How pushes are put together to marks. */
export interface PushStretch {
  readonly lengthMs: number;
  /** Clocks of those who record pushes differ by less than this. */
  readonly skewMs: number;
}

export const PUSH_STRETCH: PushStretch = { lengthMs: MINUTE_MS, skewMs: 10 * SECOND_MS };

/** The mark of a push that is recorded at a time. */
export function pushMark(repository: string, atMs: number, { lengthMs, skewMs }: PushStretch): PushMark {
  const fromMs = Math.floor(atMs / lengthMs) * lengthMs;
  return { repository, fromMs, untilMs: fromMs + lengthMs + skewMs };
}

/**
 * One waiting for all policies of a repository, so that one run follows for all of them: the longest time
 * without a push, and no longer than the shortest time at most. null where none of them runs on pushes.
 */
export function commonWaiting(policies: readonly (OnPush | null)[]): OnPush | null {
  const asked = policies.filter((one) => one !== null);
  if (asked.length === 0) return null;
  return {
    settleMs: Math.max(...asked.map(({ settleMs }) => settleMs)),
    atMostMs: Math.min(...asked.map(({ atMostMs }) => atMostMs)),
  };
}

/** What is to be done about a repository's marks. */
export interface MarkedPushes {
  /** Whether the run that the pushes ask for is due. */
  readonly isDue: boolean;
  /** Marks that may be forgotten: of a run that is due once it is told, or because those around them say the same. */
  readonly done: readonly PushMark[];
}

/**
 * Judges a repository's marks. One that may still stand for pushes to come is never forgotten: who has written it
 * writes it no second time. Where a run is due because of the time at most, that one stays, and with it another
 * run once it is quiet.
 * @param waiting null where no policy asks for a run
 */
export function settlePushes(
  marks: readonly PushMark[],
  waiting: OnPush | null,
  nowMs: number,
): MarkedPushes {
  const sorted = marks.toSorted((a, b) => a.fromMs - b.fromMs);
  const over = sorted.filter(({ untilMs }) => untilMs <= nowMs);
  const [first] = over;
  const lastUntilMs = Math.max(...marks.map(({ untilMs }) => untilMs));
  if (waiting === null || first === undefined) return { isDue: false, done: over };
  const isQuiet = nowMs - lastUntilMs >= waiting.settleMs;
  const isLate = nowMs - first.fromMs >= waiting.atMostMs;
  if (isQuiet || isLate) return { isDue: true, done: over };
  // The first says since when, and the last until when.
  return { isDue: false, done: over.slice(1).filter(({ untilMs }) => untilMs < lastUntilMs) };
}
