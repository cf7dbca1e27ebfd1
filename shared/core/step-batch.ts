import type { Step } from './plan.ts';

/** A step with its position among its repository's steps, which names it in the journal. */
export interface NumberedStep {
  readonly index: number;
  readonly step: Step;
}

/**
 * Manifests whose deletions are announced in one ledger write, and confirmed in one. A crash leaves at most so
 * many, with their tags, to ask the registry about.
 */
const BATCH_DELETIONS = 200;

/** Steps of one write: images with very many tags have batches of their own. */
const BATCH_STEPS = 1000;

/**
 * Groups steps for the journal: batches of chains of steps, in their order. A batch deletes up to 200 manifests
 * in up to 1,000 steps; a chain is never cut in two, and one that is longer is a batch by itself.
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
  let stepCount = 0;
  let deletionCount = 0;
  for (const chain of chains.values()) {
    const more = chain.filter(({ step }) => step.kind === 'delete').length;
    if (stepCount > 0 && (stepCount + chain.length > BATCH_STEPS || deletionCount + more > BATCH_DELETIONS)) {
      batches.push(batch);
      batch = [];
      stepCount = 0;
      deletionCount = 0;
    }
    batch.push(chain);
    stepCount += chain.length;
    deletionCount += more;
  }
  if (stepCount > 0) batches.push(batch);
  return batches;
}
