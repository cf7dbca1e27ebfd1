import { blockagesAfter, standingBlockages } from '../core/blockage.ts';
import { messageOf } from '../core/error.ts';
import type { Run } from '../core/journal.ts';
import type { Plan, RepositoryPlan } from '../core/plan.ts';
import { parseRepository } from '../core/reference.ts';
import type { Lease, RegistryDeleter } from '../ports.ts';
import type { ApplyPorts, ApplyRequest, RepositoryResult, StepResult } from './apply-request.ts';
import { runBatches } from './batch-run.ts';
import { changeQuarantine } from './change-quarantine.ts';
import type { Turns } from './concurrency.ts';
import { endRun } from './end-run.ts';
import { counted, finishInterrupted } from './finish-interrupted.ts';
import { mendTags } from './mend-tags.ts';
import { type RunWatch, watchRun } from './run-watch.ts';
import { createStepRunner, type StepRunner } from './step-runner.ts';
import type { StopWatch } from './stop-watch.ts';
import { tellHalfTaken } from './tell-half-taken.ts';

/** One run over one repository, under its lease. The lease's holder is the run. */
export interface RepositoryRun {
  readonly plan: Plan;
  readonly work: RepositoryPlan;
  readonly request: ApplyRequest;
  readonly lease: Lease;
  readonly startedAtMs: number;
  readonly stop: StopWatch;
  /** The turns of one of its batches. All repositories of the plan share the limit on requests under way. */
  readonly turns: (batch: number) => Turns;
}

/** What was done of a repository's steps, and why it ended before the last of them; null where it did not. */
interface Work {
  readonly results: readonly StepResult[];
  readonly ended: string | null;
}

/**
 * Runs the steps of one repository: settles what an earlier run left open, reads again what is in use and on
 * hold, and works through the steps in batches whose intents are durable before and whose outcomes after.
 */
export async function runRepository(ports: ApplyPorts, running: RepositoryRun): Promise<RepositoryResult> {
  const { plan, work, request, startedAtMs } = running;
  const runId = running.lease.holder;
  // Asked for while the ledger is: it is a question of its own, and its answer is needed last.
  const guard = ports.deleter.guard(parseRepository(work.repository));
  guard.catch(() => {});
  const takenUntilMs = await finishInterrupted(ports, work.repository, running.lease, plan.id);
  if (takenUntilMs !== null && takenUntilMs > work.listedAtMs) {
    // Each within its limits, two plans over one listing could together take everything.
    const refusal = `Another run took something from it until ${new Date(takenUntilMs).toISOString()}, after this plan's listing, so what the limits were held against is no longer there. Plan again.`;
    return { repository: work.repository, runId: null, refusal, results: [] };
  }
  const run: Run = {
    version: 1,
    id: runId,
    repository: work.repository,
    planId: plan.id,
    startedAtMs,
    finishedAtMs: null,
    trigger: request.trigger,
    mode: 'apply',
    ...(request.due === undefined ? {} : { due: request.due }),
    kept: work.decisions.filter((decision) => decision.verdict === 'keep').length,
    toDelete: work.decisions.filter((decision) => decision.verdict === 'delete').length,
    outcomes: {},
    refusal: null,
    ...(work.refusal === null || request.approval === undefined ? {} : { approval: request.approval }),
  };
  const { enter = [], end = [] } = work.quarantine ?? {};
  const [watch, counts] = await Promise.all([
    watchRun(ports, work, request, running.stop, running.lease),
    ports.ledger
      .saveRun(run, running.lease)
      .then(() => changeQuarantine(ports, running.lease, { enter, end }, work.listedAtMs)),
  ]);
  const { results, ended } = await runSteps(ports, running, { watch, guard });
  const unended = await failureOf(() => endServed(ports, running, watch.lease(), results));
  if (unended !== null) {
    ports.logger.log('WARNING', 'what went is in quarantine still, until the next run', {
      repository: work.repository,
      reason: unended,
    });
  }

  const outcomes = counted(results.map(({ outcome }) => outcome));
  const quarantined = counts === null ? {} : { quarantined: counts };
  const finished = { ...run, ...quarantined, finishedAtMs: ports.clock(), outcomes, refusal: ended };
  const unsaved = await failureOf(() => endRun(ports, finished, watch.lease()));
  const refusal = ended ?? (unsaved === null ? null : `The run's end could not be written down: ${unsaved}`);
  return { repository: work.repository, runId, refusal, results, ...quarantined };
}

/** Ends the marks of what went: its time was served. */
async function endServed(
  ports: ApplyPorts,
  { work }: RepositoryRun,
  lease: Lease,
  results: readonly StepResult[],
): Promise<void> {
  const served = work.quarantine?.served ?? [];
  if (served.length === 0) return;
  const gone = new Set(
    results.flatMap(({ step, outcome }) =>
      step.kind === 'delete' && outcome.kind === 'deleted' ? step.digest : [],
    ),
  );
  const end = served
    .filter(({ root }) => gone.has(root))
    .map((one) => ({ ...one, why: 'gone' as const, detail: `it was deleted by run ${lease.holder}` }));
  await changeQuarantine(ports, lease, { enter: [], end }, work.listedAtMs);
}

async function runSteps(
  ports: ApplyPorts,
  running: RepositoryRun,
  { watch, guard }: { readonly watch: RunWatch; readonly guard: ReturnType<RegistryDeleter['guard']> },
): Promise<Work> {
  const { work, request } = running;
  const nothing = (ended: string): Work => ({ results: [], ended });
  watch.mayGoOn();
  const standing = watch.ended();
  if (standing !== null) return nothing(standing);
  if (work.steps.length === 0) return { results: [], ended: null };
  const repository = parseRepository(work.repository);
  let runner: StepRunner;
  try {
    runner = createStepRunner(ports, repository, await guard);
  } catch (problem) {
    return nothing(`How the registry deletes could not be found out: ${messageOf(problem)}`);
  }
  const nowMs = ports.clock();
  let before: ReturnType<typeof standingBlockages>;
  try {
    before = standingBlockages(await ports.ledger.blockages(work.repository), nowMs);
  } catch (problem) {
    return nothing(`What the registry refused before could not be read: ${messageOf(problem)}`);
  }
  // Who asks in person may have mended what was refused, and can't wait until that is forgotten.
  const known: typeof before = request.trigger === 'command' ? new Map() : before;
  const done = await runBatches(ports, running, { watch, runner, known });
  const { ended } = done;
  const results = await withTagsMended(ports, running, watch, done.results);
  tellHalfTaken(ports.logger, { repository: work.repository, runId: running.lease.holder }, results);
  const after = blockagesAfter(before, results, nowMs);
  const isNew = after.length !== before.size || after.some(({ step }) => !before.has(step));
  const unsaved = isNew
    ? await failureOf(() => ports.ledger.saveBlockages(work.repository, after, watch.lease()))
    : null;
  if (unsaved !== null) {
    ports.logger.log('WARNING', 'what the registry refuses could not be remembered and is asked again', {
      repository: work.repository,
      reason: unsaved,
    });
  }
  return { results, ended: ended ?? watch.ended() };
}

/** The results, with what became of tags that somebody moved in the moment of their removal. */
async function withTagsMended(
  ports: ApplyPorts,
  { plan, work, lease, startedAtMs }: RepositoryRun,
  watch: RunWatch,
  results: readonly StepResult[],
): Promise<readonly StepResult[]> {
  const untilMs = ports.clock();
  const untaggings = results.flatMap(({ step, outcome }) =>
    step.kind === 'untag' && outcome.kind === 'deleted' ? [{ step, fromMs: startedAtMs, untilMs }] : [],
  );
  const run = {
    runId: lease.holder,
    repository: work.repository,
    planId: plan.id,
    nextIndex: work.steps.length,
    lease: watch.lease,
  };
  const mended = await mendTags(ports, run, untaggings);
  if (mended === null || mended.size === 0) return results;
  return results.map(({ step, outcome }) => ({
    step,
    outcome: (step.kind === 'untag' && outcome.kind === 'deleted' ? mended.get(step.tag) : null) ?? outcome,
  }));
}

/** What something failed with, or null. */
export async function failureOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (problem) {
    return messageOf(problem);
  }
}
