import type { ArtifactNote } from './artifact-note.ts';
import { dayOf } from './day-ranges.ts';
import type { Decision } from './decision.ts';

/** Which of a repository's artifacts are shown. */
export const SHOWN = ['all', 'going', 'waiting', 'kept', 'untagged', 'used'] as const;

/** Which of a repository's artifacts are shown. */
export type Shown = (typeof SHOWN)[number];

/** One artifact as it was judged last. */
export interface ArtifactRow {
  readonly decision: Decision;
  /** null where an earlier version judged it. */
  readonly note: ArtifactNote | null;
  /** The last day, counted in UTC from 1970-01-01, on which it, a member or a tag was pulled, as far as that was recorded. */
  readonly lastPullDay: number | null;
  /** The last day on which a run saw it or one of its members in use. */
  readonly lastUseDay: number | null;
}

/** Whether the last run saw it in use, or one did today. */
export function isUsed({ note, lastUseDay }: ArtifactRow, nowMs: number): boolean {
  if (note?.usedBy.kind === 'known') return note.usedBy.value.length > 0;
  return lastUseDay === dayOf(nowMs);
}

/** Whether an artifact is among those that are shown. */
export function isShown(row: ArtifactRow, shown: Shown, nowMs: number): boolean {
  switch (shown) {
    case 'all':
      return true;
    case 'going':
      return row.decision.verdict === 'delete';
    case 'waiting':
      return row.decision.because === 'in quarantine';
    case 'kept':
      return row.decision.verdict === 'keep';
    case 'untagged':
      return row.decision.tags.length === 0;
    case 'used':
      return isUsed(row, nowMs);
  }
}

/** Whether each of these words, in small letters, is in a tag, a digest, or the name of a rule or policy that spoke. */
export function hasWords({ decision }: ArtifactRow, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const names = [
    ...decision.tags,
    decision.root,
    ...decision.members,
    ...decision.voices.flatMap(({ policy, rule }) => [policy, rule]),
  ].map((name) => name.toLowerCase());
  return words.every((word) => names.some((name) => name.includes(word)));
}

/** What goes first, then what was uploaded last; in the end always the same order. */
export function sortRows(rows: readonly ArtifactRow[]): readonly ArtifactRow[] {
  // Asked for once a row, and not once a comparison: there may be a hundred thousand.
  const keyed = rows.map((row) => ({
    row,
    uploadedAtMs: uploadedAt(row) ?? Number.NEGATIVE_INFINITY,
  }));
  const sorted = (verdict: Decision['verdict']): readonly ArtifactRow[] =>
    keyed
      .filter(({ row }) => row.decision.verdict === verdict)
      .sort((a, b) =>
        a.uploadedAtMs === b.uploadedAtMs
          ? a.row.decision.root < b.row.decision.root
            ? -1
            : 1
          : b.uploadedAtMs - a.uploadedAtMs,
      )
      .map(({ row }) => row);
  return [...sorted('delete'), ...sorted('keep')];
}

function uploadedAt({ note }: ArtifactRow): number | null {
  return note === null || note.uploadedAtMs.kind === 'unknown' ? null : note.uploadedAtMs.value;
}
