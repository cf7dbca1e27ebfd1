import type { Policy } from './policy.ts';
import { DAY_MS } from './units.ts';

/** How long what was deleted is kept for undo where no policy says otherwise. */
export const DEFAULT_UNDO_MS = 30 * DAY_MS;

/**
 * How long to keep what goes by these policies: as long as any of them wants, 0 where all of them say off.
 * undefined where none says anything.
 */
export function longestUndo(policies: readonly Policy[]): number | undefined {
  if (policies.every(({ undoMs }) => undoMs === undefined)) return undefined;
  return Math.max(...policies.map(({ undoMs }) => undoMs ?? DEFAULT_UNDO_MS));
}
