import { WardenError } from '../../core/error.ts';

/** The most that one question may ask for. */
export const RESULTS_MAX = 100_000;

/** Restorations of one repository that are remembered, the newest. */
export const RESTORATIONS_MAX = 1_000;

/**
 * Checks how many results are asked for.
 * @throws WardenError LEDGER_LIMIT_INVALID
 */
export function checkedLimit(limit: number): number {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > RESULTS_MAX) {
    throw new WardenError(
      'LEDGER_LIMIT_INVALID',
      `The ledger was asked for ${limit} results; ask for a whole number from 1 to ${RESULTS_MAX}.`,
    );
  }
  return limit;
}
