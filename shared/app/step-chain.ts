import { type Blockage, everyStepName } from '../core/blockage.ts';
import type { Digest } from '../core/digest.ts';
import type { Outcome, Settlement } from '../core/journal.ts';
import type { Step } from '../core/plan.ts';
import type { NumberedStep } from '../core/step-batch.ts';
import type { Clock } from '../ports.ts';
import type { Turns } from './concurrency.ts';
import type { RunWatch } from './run-watch.ts';
import type { StepEnd, StepRunner } from './step-runner.ts';

/** What the steps of one repository's run have in common. */
export interface ChainContext {
  readonly runId: string;
  readonly repository: string;
  readonly clock: Clock;
  readonly runner: StepRunner;
  readonly watch: RunWatch;
  readonly turns: Turns;
  /** What the registry refused for good, before or in this run. */
  readonly known: ReadonlyMap<Digest, Blockage>;
  /** Why a manifest could not be saved for undo, by digest. */
  readonly unsaved: ReadonlyMap<Digest, string>;
  readonly onOutcome: (step: NumberedStep, outcome: Outcome) => void;
}

/**
 * Runs the steps of one chain in their order. Once something of the chain had to stay, the rest stays too:
 * what comes later in a chain is what the earlier ones point at.
 */
export async function runChain(chain: readonly NumberedStep[], context: ChainContext): Promise<Settlement[]> {
  const { runId, repository } = context;
  const settled: Settlement[] = [];
  const settle = (numbered: NumberedStep, outcome: Outcome, isCertain = true): void => {
    const { index } = numbered;
    if (isCertain) settled.push({ version: 1, runId, repository, index, atMs: context.clock(), outcome });
    context.onOutcome(numbered, outcome);
  };
  let standing: Outcome | null = null;
  // A digest that has lost a tag is finished: left behind untagged, the rule that named its tag would not find it.
  let begun: Digest | null = null;
  let riding: NumberedStep[] = [];
  for (const numbered of chain) {
    const { step } = numbered;
    const isBegun = step.digest === begun;
    // Its turn comes before it is looked at, so that what was looked at is sent at once.
    const end =
      standing === null ? await context.turns(() => runStep(context, step, isBegun)) : known(standing);
    if (end === 'with its digest') {
      begun = step.digest;
      riding.push(numbered);
      continue;
    }
    const { outcome, isCertain } = end;
    if (step.kind === 'untag' && isGone(outcome)) begun = step.digest;
    if (!isGone(outcome) && !hasMoved(outcome)) standing ??= outcomeOfRest(step, outcome);
    if (step.kind === 'delete') {
      // What the registry refuses of the digest it refuses of the tags that only go with it.
      const ofTags = isGone(outcome) || outcome.kind === 'blocked' ? outcome : outcomeOfRest(step, outcome);
      for (const tag of riding) settle(tag, ofTags, isCertain);
      riding = [];
    }
    settle(numbered, outcome, isCertain);
  }
  return settled;
}

function known(outcome: Outcome): StepEnd {
  return { outcome, isCertain: true };
}

/** What becomes of the rest of a chain once one step of it had to stay. */
function outcomeOfRest(step: Step, outcome: Outcome): Outcome {
  const isShared =
    outcome.kind === 'skipped' &&
    (outcome.why === 'stopped' || outcome.why === 'in use' || outcome.why === 'held');
  return isShared ? outcome : stayedBehind(step);
}

/** The outcome of a step that was not begun because this one, before it in its chain, had to stay. */
export function stayedBehind(step: Step): Outcome {
  const what = step.kind === 'untag' ? `tag ${step.tag}` : step.digest;
  // Of something nested, who reads this knows the image or the index, and not its digest.
  const whose = step.digest === step.root ? '' : `, which belongs to ${step.root}`;
  return { kind: 'skipped', why: 'claimed', detail: `${what} had to stay${whose}` };
}

function isGone(outcome: Outcome): boolean {
  return outcome.kind === 'deleted' || outcome.kind === 'already gone';
}

/** A tag that moved on no longer holds the digest: the digest's own delete may go on, guarded as ever. */
function hasMoved(outcome: Outcome): boolean {
  return outcome.kind === 'skipped' && outcome.why === 'moved';
}

async function runStep(
  { watch, unsaved, known: refused, runner }: ChainContext,
  step: Step,
  isBegun: boolean,
): Promise<StepEnd | 'with its digest'> {
  await watch.refresh();
  const maySend = isBegun ? watch.mayGoOn : watch.mayBegin;
  if (!maySend()) return known(stopped());
  const objection = watch.objection(step);
  if (objection !== null) return known(objection);
  const blockage = refused.get(everyStepName(step.kind));
  if (blockage !== undefined) return known(stillBlocked(step, blockage));
  // A tag stays where its digest could not go.
  if (step.kind === 'untag' && !isBegun && refused.has(everyStepName('delete'))) {
    return known({ kind: 'skipped', why: 'claimed', detail: `${step.digest} had to stay` });
  }
  // Not even untagged: what can't be brought back stays as it is.
  const why = unsaved.get(step.digest);
  if (why !== undefined) {
    const reason = `its manifest could not be saved for undo: ${why}`;
    return known({ kind: 'failed', retryable: true, reason });
  }
  return runner.run(step, maySend);
}

/** The outcome of a step that is not asked for because it, or every step of its kind, was refused for good. */
export function stillBlocked(step: Step, blockage: Blockage): Outcome {
  const { reason } = blockage;
  const isForAll = blockage.step === everyStepName(step.kind);
  return isForAll ? { kind: 'blocked', reason, of: 'repository' } : { kind: 'blocked', reason };
}

/** The outcome of a step that was not begun because the run ended. */
export function stopped(): Outcome {
  return { kind: 'skipped', why: 'stopped', detail: 'the run ended before this step' };
}
