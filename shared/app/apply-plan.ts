import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/error.ts';
import { type Intent, type Outcome, outcomeLabel, type Run, type Settlement } from '../core/journal.ts';
import type { Plan, RepositoryPlan, Step } from '../core/plan.ts';
import { checkApplicable } from '../core/plan-check.ts';
import { parseRepository, type Repository } from '../core/reference.ts';
import { decisionSentence } from '../core/sentence.ts';
import type {
  Clock,
  Lease,
  Ledger,
  Logger,
  NewId,
  RegistryDeleter,
  RegistryReader,
  UsageReader,
} from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';
import { settleOpenIntents } from './settle-open-intents.ts';
import { createStepRunner, type StepRunner } from './step-runner.ts';
import { usesAmong } from './uses-among.ts';

export interface ApplyPorts {
  readonly registry: RegistryReader;
  readonly deleter: RegistryDeleter;
  readonly ledger: Ledger;
  readonly usage: UsageReader;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly logger: Logger;
  /** Requests under way side by side. */
  readonly concurrency: number;
}

export interface ApplyRequest {
  readonly trigger: Run['trigger'];
  /** After this time no further step is begun; null for no such time. */
  readonly untilMs: number | null;
  /** Asked before every step; true ends the run cleanly. */
  readonly isStopped: () => boolean;
  /** Told of every outcome as it is known. */
  readonly onOutcome: (repository: string, step: Step, outcome: Outcome) => void;
}

/** What was done with one step. */
export interface StepResult {
  readonly step: Step;
  readonly outcome: Outcome;
}

export interface RepositoryResult {
  readonly repository: string;
  /** null where no run was begun: nothing to do, or something stood in the way before. */
  readonly runId: string | null;
  /** Why the repository was left alone, or left half way; null where nothing stood in the way. */
  readonly refusal: string | null;
  readonly results: readonly StepResult[];
}

/** How long a lease holds; renewed by being taken again for each repository. */
const LEASE_MS = 15 * 60 * 1000;

/** No step is begun this close to the lease's end, so that at most the requests in flight overlap it. */
const LEASE_MARGIN_MS = 30 * 1000;

/** Steps whose intents are one ledger write. A crash leaves at most so many to ask the registry about. */
const BATCH_STEPS = 200;

/**
 * Applies a plan. Before a repository's first delete: its lease, what an earlier run left open, and what is
 * in use now. Before each batch of requests their intents are durable, after it their outcomes. One
 * repository's failure ends no other's run.
 * @throws WardenError PLAN_TOO_OLD, PLAN_FROM_FUTURE, PLAN_NOT_ENFORCED
 */
export async function applyPlan(
  ports: ApplyPorts,
  plan: Plan,
  request: ApplyRequest,
): Promise<RepositoryResult[]> {
  checkApplicable(plan, ports.clock());
  const work = plan.repositories.filter((repository) => repository.steps.length > 0);
  // Repositories one after the other, their steps side by side: the limit is on requests, not on repositories.
  const results: RepositoryResult[] = [];
  for (const repository of work) {
    try {
      results.push(await applyToRepository(ports, plan, repository, request));
    } catch (problem) {
      const reason = messageOf(problem);
      ports.logger.log('ERROR', 'run of a repository failed', { repository: repository.repository, reason });
      results.push({ repository: repository.repository, runId: null, refusal: reason, results: [] });
    }
  }
  return results;
}

async function applyToRepository(
  ports: ApplyPorts,
  plan: Plan,
  work: RepositoryPlan,
  request: ApplyRequest,
): Promise<RepositoryResult> {
  const untouched = (refusal: string): RepositoryResult => ({
    repository: work.repository,
    runId: null,
    refusal,
    results: [],
  });
  if (work.completeness.kind === 'incomplete')
    return untouched(`The listing may not hold everything: ${work.completeness.reason}`);
  if (work.refusal !== null) return untouched(work.refusal.message);
  const runId = ports.newId();
  const startedAtMs = ports.clock();
  const taken = await ports.ledger.acquireLease(work.repository, runId, startedAtMs, startedAtMs + LEASE_MS);
  if (taken.kind === 'held') {
    return untouched(
      `Another run works on it until ${new Date(taken.by.untilMs).toISOString()} at the latest.`,
    );
  }
  try {
    return await runSteps(ports, plan, work, request, taken.lease, runId, startedAtMs);
  } finally {
    await giveBack(ports, taken.lease);
  }
}

/** A lease that can't be given back ends by itself; that is no reason to lose what the run did. */
async function giveBack(ports: ApplyPorts, lease: Lease): Promise<void> {
  try {
    await ports.ledger.releaseLease(lease);
  } catch (problem) {
    ports.logger.log('WARNING', 'a lease could not be given back and ends by itself', {
      repository: lease.repository,
      reason: messageOf(problem),
    });
  }
}

async function runSteps(
  ports: ApplyPorts,
  plan: Plan,
  work: RepositoryPlan,
  request: ApplyRequest,
  lease: Lease,
  runId: string,
  startedAtMs: number,
): Promise<RepositoryResult> {
  const repository = parseRepository(work.repository);
  await settleOpenIntents(ports, repository);
  const run: Run = {
    version: 1,
    id: runId,
    repository: work.repository,
    planId: plan.id,
    startedAtMs,
    finishedAtMs: null,
    trigger: request.trigger,
    mode: 'apply',
    kept: work.decisions.filter((decision) => decision.verdict === 'keep').length,
    toDelete: work.decisions.filter((decision) => decision.verdict === 'delete').length,
    outcomes: {},
    refusal: null,
  };
  await ports.ledger.saveRun(run);

  const uses = work.asksUsage
    ? usesAmong(work, await ports.usage.read())
    : { users: new Map<Digest, string>(), gap: null };
  const gap = uses.gap === null ? null : `What is in use could not be read again: ${uses.gap}`;
  const { results, ended } =
    gap === null
      ? await runBatches(ports, plan, work, request, { repository, lease, runId, users: uses.users })
      : { results: [], ended: gap };

  const outcomes: Record<string, number> = {};
  for (const { outcome } of results) {
    const label = outcomeLabel(outcome);
    outcomes[label] = (outcomes[label] ?? 0) + 1;
  }
  const unsaved = await failureOf(() =>
    ports.ledger.saveRun({ ...run, finishedAtMs: ports.clock(), outcomes, refusal: ended }),
  );
  const refusal = ended ?? (unsaved === null ? null : `The run's end could not be written down: ${unsaved}`);
  return { repository: work.repository, runId, refusal, results };
}

/** What something failed with, or null. */
async function failureOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (problem) {
    return messageOf(problem);
  }
}

interface RepositoryRun {
  readonly repository: Repository;
  readonly lease: Lease;
  readonly runId: string;
  /** Who uses an artifact now, by root. */
  readonly users: ReadonlyMap<Digest, string>;
}

/** What was done of a repository's steps, and why it ended before the last of them; null where it did not. */
interface BatchesResult {
  readonly results: readonly StepResult[];
  readonly ended: string | null;
}

interface NumberedStep {
  readonly index: number;
  readonly step: Step;
}

async function runBatches(
  ports: ApplyPorts,
  plan: Plan,
  work: RepositoryPlan,
  request: ApplyRequest,
  run: RepositoryRun,
): Promise<BatchesResult> {
  const reasons = new Map(work.decisions.map((decision) => [decision.root, decisionSentence(decision)]));
  const mayGoOn = (): boolean => ports.clock() < run.lease.untilMs - LEASE_MARGIN_MS;
  const mayBegin = (): boolean =>
    mayGoOn() && !request.isStopped() && (request.untilMs === null || ports.clock() < request.untilMs);
  const results: StepResult[] = [];
  let runner: StepRunner;
  try {
    runner = createStepRunner(ports, run.repository, await ports.deleter.guard(run.repository));
  } catch (problem) {
    return { results, ended: `How the registry deletes could not be found out: ${messageOf(problem)}` };
  }
  const leave = (steps: readonly NumberedStep[]): void => {
    for (const { step } of steps) results.push({ step, outcome: stopped() });
  };
  let ended: string | null = null;
  for (const batch of batchesOf(work.steps)) {
    const steps = batch.flat();
    if (ended !== null || !mayBegin()) {
      // Nothing was begun, so nothing is journalled: the next plan finds these again.
      leave(steps);
      continue;
    }
    let unsaved: ReadonlyMap<Digest, string> = new Map();
    const unwritten = await failureOf(async () => {
      unsaved = await runner.saveForUndo(steps.map(({ step }) => step));
      await ports.ledger.writeIntents(intentsOf(ports, plan, work, run, steps, reasons));
    });
    if (unwritten !== null) {
      ended = `What was to be done could not be written down, so it was not done: ${unwritten}`;
      leave(steps);
      continue;
    }
    const settled = await mapConcurrently(batch, ports.concurrency, (chain) =>
      runChain(ports, work.repository, chain, { request, run, runner, unsaved, mayBegin, mayGoOn }),
    );
    for (const chain of settled)
      for (const { step, settlement } of chain) results.push({ step, outcome: settlement.outcome });
    const unsettled = await failureOf(() =>
      ports.ledger.writeSettlements(settled.flatMap((chain) => chain.map(({ settlement }) => settlement))),
    );
    if (unsettled !== null) {
      ended = `What was done could not be written down: ${unsettled}. The next run asks the registry and writes it.`;
    }
  }
  return { results, ended };
}

function intentsOf(
  ports: ApplyPorts,
  plan: Plan,
  work: RepositoryPlan,
  run: RepositoryRun,
  steps: readonly NumberedStep[],
  reasons: ReadonlyMap<Digest, string>,
): Intent[] {
  return steps.map(({ index, step }) => ({
    version: 1,
    runId: run.runId,
    index,
    repository: work.repository,
    planId: plan.id,
    atMs: ports.clock(),
    step,
    reason: reasons.get(step.root) ?? '',
  }));
}

function stopped(): Outcome {
  return { kind: 'skipped', why: 'stopped', detail: 'the run ended before this step' };
}

/** Chains grouped so that a group has about `BATCH_STEPS` steps; a chain is never cut in two. */
function batchesOf(steps: readonly Step[]): NumberedStep[][][] {
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

interface SettledStep {
  readonly step: Step;
  readonly settlement: Settlement;
}

interface ChainContext {
  readonly request: ApplyRequest;
  readonly run: RepositoryRun;
  readonly runner: StepRunner;
  readonly unsaved: ReadonlyMap<Digest, string>;
  /** Whether another digest may be begun. */
  readonly mayBegin: () => boolean;
  /** Whether a digest that was begun may be finished, although the run is to end. */
  readonly mayGoOn: () => boolean;
}

/**
 * Runs the steps of one chain in their order. Once something of the chain had to stay, the rest stays too:
 * what comes later in a chain is what the earlier ones point at.
 */
async function runChain(
  ports: ApplyPorts,
  repository: string,
  chain: readonly NumberedStep[],
  context: ChainContext,
): Promise<SettledStep[]> {
  const settled: SettledStep[] = [];
  const settle = ({ index, step }: NumberedStep, outcome: Outcome): void => {
    const settlement: Settlement = {
      version: 1,
      runId: context.run.runId,
      repository,
      index,
      atMs: ports.clock(),
      outcome,
    };
    settled.push({ step, settlement });
    context.request.onOutcome(repository, step, outcome);
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
  const user = context.run.users.get(step.root);
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
