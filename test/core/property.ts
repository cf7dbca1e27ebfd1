import fc from 'fast-check';
import { PROPERTY_SEED } from '../support/property-seed.ts';

/** Asks for fewer or more cases than a property does. */
const RUNS = process.env['PROPERTY_RUNS'];

/** Cases of a property that something may be deleted by. */
export const MANY = 10_000;

let isSeedPrinted = false;

/**
 * Checks a property over random cases and prints the seed that made them. A failure prints the smallest case
 * that fails.
 */
export function checkProperty<T>(
  arbitrary: fc.Arbitrary<T>,
  holds: (value: T) => void,
  cases: number = 1000,
): void {
  if (!isSeedPrinted) console.info(`PROPERTY_SEED=${PROPERTY_SEED}`);
  isSeedPrinted = true;
  fc.assert(
    fc.property(arbitrary, (value) => {
      holds(value);
    }),
    { numRuns: RUNS === undefined ? cases : Number(RUNS), seed: PROPERTY_SEED },
  );
}
