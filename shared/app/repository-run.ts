import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/error.ts';
import { type Intent, outcomeLabel, type Run } from '../core/journal.ts';
import type { Plan, RepositoryPlan } from '../core/plan.ts';
import { parseRepository } from '../core/reference.ts';
import { decisionSentence } from '../core/sentence.ts';
import { batchesOf, type NumberedStep } from '../core/step-batch.ts';
import type { Lease } from '../ports.ts';
import type { ApplyPorts, ApplyRequest, RepositoryResult, StepResult } from './apply-request.ts';
import { mapConcurrently } from './concurrency.ts';
import { settleOpenIntents } from './settle-open-intents.ts';
import { runChain, stopped } from './step-chain.ts';
import { createStepRunner, type StepRunner } from './step-runner.ts';
import { usesAmong } from './uses-among.ts';

/** No step is begun this close to the lease's end, so that at most the requests in flight overlap it. */
const LEASE_MARGIN_MS = 30 * 1000;

/** One run over one repository, under its lease. The lease's holder is the run. */
export interface RepositoryRun {
  readonly plan: Plan;
  readonly work: RepositoryPlan;
  readonly request: ApplyRequest;
  readonly lease: Lease;
  readonly startedAtMs: number;
}

/**
 * Runs the steps of one repository: settles what an earlier run left open, reads again what is in use, and works
 * through the steps in batches whose intents are durable before and whose outcomes after.
 */
export async function runRepository(ports: ApplyPorts, running: RepositoryRun): Promise<RepositoryResult> {
  const { plan, work, request, lease, startedAtMs } = running;
  const runId = lease.holder;
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
    gap === null ? await runBatches(ports, running, uses.users) : { results: [], ended: gap };

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

/** What was done of a repository's steps, and why it ended before the last of them; null where it did not. */
interface BatchesResult {
  readonly results: readonly StepResult[];
  readonly ended: string | null;
}

async function runBatches(
  ports: ApplyPorts,
  running: RepositoryRun,
  users: ReadonlyMap<Digest, string>,
): Promise<BatchesResult> {
  const { work, request, lease } = running;
  const repository = parseRepository(work.repository);
  const reasons = new Map(work.decisions.map((decision) => [decision.root, decisionSentence(decision)]));
  const mayGoOn = (): boolean => ports.clock() < lease.untilMs - LEASE_MARGIN_MS;
  const mayBegin = (): boolean =>
    mayGoOn() && !request.isStopped() && (request.untilMs === null || ports.clock() < request.untilMs);
  const results: StepResult[] = [];
  let runner: StepRunner;
  try {
    runner = createStepRunner(ports, repository, await ports.deleter.guard(repository));
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
      await ports.ledger.writeIntents(intentsOf(ports, running, steps, reasons));
    });
    if (unwritten !== null) {
      ended = `What was to be done could not be written down, so it was not done: ${unwritten}`;
      leave(steps);
      continue;
    }
    const settled = await mapConcurrently(batch, ports.concurrency, (chain) =>
      runChain(chain, {
        runId: lease.holder,
        repository: work.repository,
        clock: ports.clock,
        runner,
        users,
        unsaved,
        onOutcome: request.onOutcome,
        mayBegin,
        mayGoOn,
      }),
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
  { plan, work, lease }: RepositoryRun,
  steps: readonly NumberedStep[],
  reasons: ReadonlyMap<Digest, string>,
): Intent[] {
  return steps.map(({ index, step }) => ({
    version: 1,
    runId: lease.holder,
    index,
    repository: work.repository,
    planId: plan.id,
    atMs: ports.clock(),
    step,
    reason: reasons.get(step.root) ?? '',
  }));
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
