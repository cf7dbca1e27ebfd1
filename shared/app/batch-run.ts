import { type Blockage, blockageOf, everyStepName } from '../core/blockage.ts';
import type { Decision } from '../core/decision.ts';
import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/error.ts';
import type { Intent, Outcome } from '../core/journal.ts';
import type { Step } from '../core/plan.ts';
import type { PolicySummary } from '../core/policy.ts';
import { decisionSentence } from '../core/sentence.ts';
import { batchesOf, type NumberedStep } from '../core/step-batch.ts';
import { DEFAULT_UNDO_MS } from '../core/undo-term.ts';
import type { ApplyPorts, StepResult } from './apply-request.ts';
import { mapConcurrently, type Turns } from './concurrency.ts';
import { reserveDay } from './day-reservation.ts';
import type { RepositoryRun } from './repository-run.ts';
import type { RunWatch } from './run-watch.ts';
import { runChain, stayedBehind, stillBlocked, stopped } from './step-chain.ts';
import type { StepRunner } from './step-runner.ts';

/**
 * Batches of one repository under way at once: while one waits for its last answers and its outcomes are
 * written, the next is already being sent.
 */
const BATCHES_AT_ONCE = 2;

/** What the batches of one run work with. */
export interface BatchTools {
  readonly watch: RunWatch;
  readonly runner: StepRunner;
  /** What the registry refused for good before, by the step's name. */
  readonly known: ReadonlyMap<Digest, Blockage>;
}

/** Works through all steps of a run. Whatever fails, what was done is in the results. */
export async function runBatches(
  ports: ApplyPorts,
  running: RepositoryRun,
  tools: BatchTools,
): Promise<{ readonly results: readonly StepResult[]; readonly ended: string | null }> {
  const { work } = running;
  const going = work.decisions.filter(({ verdict }) => verdict === 'delete');
  const decisions = new Map(going.map((decision) => [decision.root, decision]));
  let ended: string | null = null;
  // Grows with what this run finds out.
  const known = new Map([...tools.known].map(([name, blockage]) => [name, toldAgain(blockage)]));
  const batches = await mapConcurrently(batchesOf(work.steps), BATCHES_AT_ONCE, async (batch, number) => {
    const tried = new Map<number, StepResult>();
    const settle = ({ index, step }: NumberedStep, outcome: Outcome): void => {
      tried.set(index, { step, outcome });
    };
    if (ended === null && tools.watch.mayBegin()) {
      const problem = await runBatch(
        ports,
        running,
        { ...tools, known },
        { chains: batch, turns: running.turns(number), decisions, settle },
      );
      ended ??= problem;
    }
    // Nothing was begun of the rest, so nothing is journalled: the next plan finds it again.
    return batch.flat().map(({ index, step }) => tried.get(index) ?? { step, outcome: stopped() });
  });
  return { results: batches.flat(), ended };
}

interface Batch {
  readonly chains: readonly (readonly NumberedStep[])[];
  readonly turns: Turns;
  /** Of what goes, by root. */
  readonly decisions: ReadonlyMap<Digest, Decision>;
  /** Told of every step's outcome as soon as it is known, whatever fails after. */
  readonly settle: (step: NumberedStep, outcome: Outcome) => void;
}

/** Runs one batch. Returns why the run has to end, or null. */
async function runBatch(
  ports: ApplyPorts,
  running: RepositoryRun,
  { watch, runner, known }: BatchTools & { readonly known: Map<Digest, Blockage> },
  { chains, turns, decisions, settle }: Batch,
): Promise<string | null> {
  const { work, request } = running;
  const open = chains.filter((chain) => !isKnownToStay(chain, known, settle));
  let going: readonly (readonly NumberedStep[])[];
  let unsaved: ReadonlyMap<Digest, string> = new Map();
  try {
    going = await reserveDay(ports, work.limits, open, settle);
    const steps = going.flat();
    if (steps.length === 0) return null;
    const untilMs = keptUntilMs(ports, running);
    if (untilMs !== null) {
      const wanted = steps.filter(({ step }) => watch.objection(step) === null).map(({ step }) => step);
      unsaved = await runner.saveForUndo(wanted, { turns, untilMs, lease: watch.lease() });
    }
    const intents = intentsOf(ports, running, steps, { decisions, untilMs });
    await ports.ledger.writeIntents(intents, watch.lease());
  } catch (problem) {
    return `What was to be done could not be written down, so it was not done: ${messageOf(problem)}`;
  }
  const settled = await mapConcurrently(going, ports.concurrency, (chain) =>
    runChain(chain, {
      runId: running.lease.holder,
      repository: work.repository,
      clock: ports.clock,
      runner,
      watch,
      turns,
      unsaved,
      known,
      onOutcome: (step, outcome) => {
        if (outcome.kind === 'blocked' && outcome.of === 'repository') {
          const name = everyStepName(step.step.kind);
          if (!known.has(name)) known.set(name, { step: name, reason: outcome.reason, atMs: ports.clock() });
        }
        settle(step, outcome);
        request.onOutcome(work.repository, step.step, outcome);
      },
    }),
  );
  try {
    await ports.ledger.writeSettlements(settled.flat(), watch.lease());
    return null;
  } catch (problem) {
    return `What was done could not be written down: ${messageOf(problem)}. The next run asks the registry and writes it.`;
  }
}

/** Until when the manifests of what goes now are kept for undo; null where they are not. */
function keptUntilMs({ clock }: ApplyPorts, { work, request }: RepositoryRun): number | null {
  const undoMs = request.undo === false ? 0 : (work.undoMs ?? DEFAULT_UNDO_MS);
  return undoMs === 0 ? null : clock() + undoMs;
}

/** As this run tells it: the refusal is an earlier one. */
function toldAgain(blockage: Blockage): Blockage {
  const since = new Date(blockage.atMs).toISOString();
  return { ...blockage, reason: `${blockage.reason} (refused on ${since}, not asked again yet)` };
}

/**
 * Whether something of a chain was refused for good before. The whole chain is left then: what a refused step
 * points at could not go either.
 */
function isKnownToStay(
  chain: readonly NumberedStep[],
  known: ReadonlyMap<Digest, Blockage>,
  settle: Batch['settle'],
): boolean {
  if (known.size === 0) return false;
  const blockages = chain.map(({ step }) => blockageOf(known, step));
  const at = blockages.findIndex((blockage) => blockage !== null);
  const first = chain[at];
  if (first === undefined) return false;
  for (const [index, numbered] of chain.entries()) {
    const blockage = blockages[index] ?? null;
    settle(numbered, blockage === null ? stayedBehind(first.step) : stillBlocked(numbered.step, blockage));
  }
  return true;
}

function intentsOf(
  ports: ApplyPorts,
  { plan, work, lease }: RepositoryRun,
  steps: readonly NumberedStep[],
  { decisions, untilMs }: Pick<Batch, 'decisions'> & { readonly untilMs: number | null },
): Intent[] {
  const policiesOf = summaryReader(work.policies);
  return steps.map(({ index, step }) => {
    // Made for one batch at a time: the sentences of all would take more than the plan.
    const decision = decisions.get(step.root);
    return {
      version: 1,
      runId: lease.holder,
      index,
      repository: work.repository,
      planId: plan.id,
      atMs: ports.clock(),
      step,
      reason: decision === undefined ? '' : decisionSentence(decision),
      ...policiesOf(step),
      ...(step.kind === 'delete' && untilMs !== null ? { keptUntilMs: untilMs } : {}),
    };
  });
}

/** Finds the owners and reasons behind a step. Most steps are allowed by one list, and share what is found. */
function summaryReader(
  policies: readonly PolicySummary[],
): (step: Step) => { readonly policies?: readonly PolicySummary[] } {
  const told = new Map(
    policies.filter(({ owner, reason }) => owner !== null || reason !== null).map((one) => [one.name, one]),
  );
  const found = new Map<Step['allowedBy'], { readonly policies?: readonly PolicySummary[] }>();
  return ({ allowedBy }) => {
    const known = found.get(allowedBy);
    if (known !== undefined) return known;
    const names = new Set(allowedBy.map(({ policy }) => policy));
    const summaries = [...names].flatMap((name) => told.get(name) ?? []);
    const fields = summaries.length === 0 ? {} : { policies: summaries };
    found.set(allowedBy, fields);
    return fields;
  };
}
