import type { Step } from './plan.ts';

/** A step with its position among its repository's steps, which names it in the journal. */
export interface NumberedStep {
  readonly index: number;
  readonly step: Step;
}

/** Steps whose intents are one ledger write. A crash leaves at most so many to ask the registry about. */
const BATCH_STEPS = 200;

/**
 * Groups steps for the journal: batches of chains of steps, in their order. A batch has about 200 steps; a chain
 * is never cut in two.
 */
export function batchesOf(steps: readonly Step[]): NumberedStep[][][] {
  const chains = new Map<number, NumberedStep[]>();
  for (const [index, step] of steps.entries()) {
    const chain = chains.get(step.chain);
    if (chain === undefined) chains.set(step.chain, [{ index, step }]);
    else chain.push({ index, step });
  }
  const batches: NumberedStep[][][] = [];
  let batch: NumberedStep[][] = [];
  let size = 0;
  for (const chain of chains.values()) {
    if (size > 0 && size + chain.length > BATCH_STEPS) {
      batches.push(batch);
      batch = [];
      size = 0;
    }
    batch.push(chain);
    size += chain.length;
  }
  if (size > 0) batches.push(batch);
  return batches;
}
