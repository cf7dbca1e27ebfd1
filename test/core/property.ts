import fc from 'fast-check';

/** The seed of every property in a file. `PROPERTY_SEED=123 vitest run …` makes the same cases again. */
const SEED = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

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
  if (!isSeedPrinted) console.info(`PROPERTY_SEED=${SEED}`);
  isSeedPrinted = true;
  fc.assert(
    fc.property(arbitrary, (value) => {
      holds(value);
    }),
    { numRuns: RUNS === undefined ? cases : Number(RUNS), seed: SEED },
  );
}
