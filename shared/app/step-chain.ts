import type { Digest } from '../core/digest.ts';
import type { Outcome, Settlement } from '../core/journal.ts';
import type { Step } from '../core/plan.ts';
import type { NumberedStep } from '../core/step-batch.ts';
import type { Clock } from '../ports.ts';
import type { StepRunner } from './step-runner.ts';

/** A step that was tried, or left, with what the journal says of it. */
export interface SettledStep {
  readonly step: Step;
  readonly settlement: Settlement;
}

/** What the steps of one repository's run have in common. */
export interface ChainContext {
  readonly runId: string;
  readonly repository: string;
  readonly clock: Clock;
  readonly runner: StepRunner;
  /** Who uses an artifact now, by root. */
  readonly users: ReadonlyMap<Digest, string>;
  /** Why a manifest could not be saved for undo, by digest. */
  readonly unsaved: ReadonlyMap<Digest, string>;
  readonly onOutcome: (repository: string, step: Step, outcome: Outcome) => void;
  /** Whether another digest may be begun. */
  readonly mayBegin: () => boolean;
  /** Whether a digest that was begun may be finished, although the run is to end. */
  readonly mayGoOn: () => boolean;
}

/**
 * Runs the steps of one chain in their order. Once something of the chain had to stay, the rest stays too:
 * what comes later in a chain is what the earlier ones point at.
 */
export async function runChain(
  chain: readonly NumberedStep[],
  context: ChainContext,
): Promise<SettledStep[]> {
  const { runId, repository } = context;
  const settled: SettledStep[] = [];
  const settle = ({ index, step }: NumberedStep, outcome: Outcome): void => {
    const settlement: Settlement = {
      version: 1,
      runId,
      repository,
      index,
      atMs: context.clock(),
      outcome,
    };
    settled.push({ step, settlement });
    context.onOutcome(repository, step, outcome);
  };
  let standing: Outcome | null = null;
  // A digest that has lost a tag is finished: left behind untagged, the rule that named its tag would not find it.
  let begun: Digest | null = null;
  let riding: NumberedStep[] = [];
  for (const numbered of chain) {
    const { step } = numbered;
    const outcome: Outcome | 'with its digest' =
      standing ?? (await runStep(context, step, step.digest === begun));
    if (step.kind === 'untag' && (outcome === 'with its digest' || isGone(outcome))) begun = step.digest;
    if (outcome === 'with its digest') {
      riding.push(numbered);
      continue;
    }
    if (!isGone(outcome) && !hasMoved(outcome)) standing ??= outcomeOfRest(step, outcome);
    if (step.kind === 'delete') {
      for (const tag of riding) settle(tag, isGone(outcome) ? outcome : outcomeOfRest(step, outcome));
      riding = [];
    }
    settle(numbered, outcome);
  }
  return settled;
}

/** What becomes of the rest of a chain once one step of it had to stay. */
function outcomeOfRest(step: Step, outcome: Outcome): Outcome {
  if (outcome.kind === 'skipped' && (outcome.why === 'stopped' || outcome.why === 'in use')) return outcome;
  const what = step.kind === 'untag' ? `tag ${step.tag}` : step.digest;
  return { kind: 'skipped', why: 'claimed', detail: `${what} had to stay` };
}

function isGone(outcome: Outcome): boolean {
  return outcome.kind === 'deleted' || outcome.kind === 'already gone';
}

/** A tag that moved on no longer holds the digest: the digest's own delete may go on, guarded as ever. */
function hasMoved(outcome: Outcome): boolean {
  return outcome.kind === 'skipped' && outcome.why === 'moved';
}

async function runStep(
  context: ChainContext,
  step: Step,
  isBegun: boolean,
): Promise<Outcome | 'with its digest'> {
  if (!(isBegun ? context.mayGoOn() : context.mayBegin())) return stopped();
  const user = context.users.get(step.root);
  if (user !== undefined) return { kind: 'skipped', why: 'in use', detail: user };
  // Not even untagged: what can't be brought back stays as it is.
  const unsaved = context.unsaved.get(step.digest);
  if (unsaved !== undefined) {
    return {
      kind: 'failed',
      retryable: true,
      reason: `its manifest could not be saved for undo: ${unsaved}`,
    };
  }
  return context.runner.run(step);
}

/** The outcome of a step that was not begun because the run ended. */
export function stopped(): Outcome {
  return { kind: 'skipped', why: 'stopped', detail: 'the run ended before this step' };
}
