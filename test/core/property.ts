import fc from 'fast-check';

/** Names a failed run's seed again: `PROPERTY_SEED=123 vitest run …` makes the same cases. */
const SEED = process.env['PROPERTY_SEED'];

/** Cases of one property; `PROPERTY_RUNS` asks for more. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 1000);

/** Checks a property over 1,000 random cases. A failure prints the smallest case and the seed that made it. */
export function checkProperty<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => void): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      holds(value);
    }),
    { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
  );
}
