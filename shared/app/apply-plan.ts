import { checkApproval, isApproved } from '../core/approval.ts';
import { messageOf } from '../core/error.ts';
import type { Plan, RepositoryPlan } from '../core/plan.ts';
import { checkApplicable } from '../core/plan-check.ts';
import { isOverLimit, wayOut } from '../core/plan-limit.ts';
import type { Lease } from '../ports.ts';
import type { ApplyPorts, ApplyRequest, RepositoryResult } from './apply-request.ts';
import { mapConcurrently, type Turns, takeTurns } from './concurrency.ts';
import { finishInterrupted, isSomethingLeft } from './finish-interrupted.ts';
import { type RepositoryRun, runRepository } from './repository-run.ts';
import { LEASE_MS } from './run-watch.ts';
import { openStopWatch } from './stop-watch.ts';

/** Repositories worked on side by side. What limits the load is the number of requests under way, which they share. */
const REPOSITORIES_AT_ONCE = 10;

/** More than the batches of any repository: the first repository's last batch goes before the second's first. */
const BATCHES_MAX = 1_000_000;

/**
 * Applies a plan. Before a repository's first delete: its lease, what an earlier run left open, and what is
 * in use and on hold now. What was left open is settled also where nothing is to be deleted. Before each batch
 * of requests their intents are durable, after it their outcomes. Nothing is begun while everything is stopped. One repository's failure ends no other's run.
 * @throws WardenError PLAN_TOO_OLD, PLAN_FROM_FUTURE, PLAN_NOT_ENFORCED, APPROVAL_INVALID
 */
export async function applyPlan(
  ports: ApplyPorts,
  plan: Plan,
  request: ApplyRequest,
): Promise<RepositoryResult[]> {
  checkApplicable(plan, ports.clock());
  if (request.approval !== undefined) checkApproval(plan, request.approval);
  const stop = await openStopWatch(ports);
  const turns = takeTurns(ports.concurrency);
  try {
    const results = await mapConcurrently(
      plan.repositories,
      REPOSITORIES_AT_ONCE,
      async (repository, index) => {
        try {
          if (repository.steps.length === 0 && !changesQuarantine(repository)) {
            await settleLeftBehind(ports, repository.repository);
            return null;
          }
          const own = (batch: number): Turns => turns(index * BATCHES_MAX + batch);
          return await applyToRepository(ports, { plan, work: repository, request, stop, turns: own });
        } catch (problem) {
          const reason = messageOf(problem);
          ports.logger.log('ERROR', 'run of a repository failed', {
            repository: repository.repository,
            reason,
          });
          return { repository: repository.repository, runId: null, refusal: reason, results: [] };
        }
      },
    );
    return results.filter((result) => result !== null);
  } finally {
    stop.close();
  }
}

/** Whether a run has something to write down although it deletes nothing. */
function changesQuarantine({ quarantine, refusal, completeness }: RepositoryPlan): boolean {
  if (refusal !== null || completeness.kind === 'incomplete' || quarantine === undefined) return false;
  return quarantine.enter.length > 0 || quarantine.end.length > 0;
}

async function applyToRepository(
  ports: ApplyPorts,
  running: Omit<RepositoryRun, 'lease' | 'startedAtMs'>,
): Promise<RepositoryResult> {
  const { work, stop } = running;
  const untouched = (refusal: string): RepositoryResult => ({
    repository: work.repository,
    runId: null,
    refusal,
    results: [],
  });
  const refusal =
    work.completeness.kind === 'incomplete'
      ? `The listing may not hold everything: ${work.completeness.reason}`
      : refusalOf(running);
  if (refusal !== null) {
    await settleLeftBehind(ports, work.repository);
    return untouched(refusal);
  }
  const standing = stop.refusal();
  if (standing !== null) return untouched(standing);
  const runId = ports.newId();
  const startedAtMs = ports.clock();
  const taken = await ports.ledger.acquireLease(work.repository, runId, startedAtMs, startedAtMs + LEASE_MS);
  if (taken.kind === 'held') {
    return untouched(
      `Another run works on it until ${new Date(taken.by.untilMs).toISOString()} at the latest.`,
    );
  }
  try {
    return await runRepository(ports, { ...running, lease: taken.lease, startedAtMs });
  } finally {
    await giveBack(ports, taken.lease);
  }
}

/** Why a plan's repository is to be left alone, unless a person let it go all the same. */
function refusalOf({ plan, work, request }: Pick<RepositoryRun, 'plan' | 'work' | 'request'>): string | null {
  if (work.refusal === null) {
    return isOverLimit(work)
      ? 'More would go than the limits in the plan allow, though it does not say so.'
      : null;
  }
  if (isApproved(work.refusal, plan, request.approval ?? null)) return null;
  return `${work.refusal.message}${wayOut(work)}`;
}

/**
 * Where nothing is to be deleted, what an earlier run left open is settled all the same: a run that was killed
 * at its last step leaves nothing for the next plan to find.
 */
async function settleLeftBehind(ports: ApplyPorts, repository: string): Promise<void> {
  if (!(await isSomethingLeft(ports, repository))) return;
  const nowMs = ports.clock();
  const taken = await ports.ledger.acquireLease(repository, ports.newId(), nowMs, nowMs + LEASE_MS);
  // Whoever holds it settles its own.
  if (taken.kind === 'held') return;
  try {
    await finishInterrupted(ports, repository, taken.lease);
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
