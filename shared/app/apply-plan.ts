import { messageOf } from '../core/error.ts';
import type { Plan } from '../core/plan.ts';
import { checkApplicable } from '../core/plan-check.ts';
import type { Lease } from '../ports.ts';
import type { ApplyPorts, ApplyRequest, RepositoryResult } from './apply-request.ts';
import { mapConcurrently, takeTurns } from './concurrency.ts';
import { type RepositoryRun, runRepository } from './repository-run.ts';
import { LEASE_MS } from './run-watch.ts';
import { openStopWatch } from './stop-watch.ts';

/** Repositories worked on side by side. What limits the load is the number of requests under way, which they share. */
const REPOSITORIES_AT_ONCE = 10;

/**
 * Applies a plan. Before a repository's first delete: its lease, what an earlier run left open, and what is
 * in use and on hold now. Before each batch of requests their intents are durable, after it their outcomes.
 * Nothing is begun while everything is stopped. One repository's failure ends no other's run.
 * @throws WardenError PLAN_TOO_OLD, PLAN_FROM_FUTURE, PLAN_NOT_ENFORCED
 */
export async function applyPlan(
  ports: ApplyPorts,
  plan: Plan,
  request: ApplyRequest,
): Promise<RepositoryResult[]> {
  checkApplicable(plan, ports.clock());
  const work = plan.repositories.filter((repository) => repository.steps.length > 0);
  const stop = await openStopWatch(ports);
  const turns = takeTurns(ports.concurrency);
  try {
    return await mapConcurrently(work, REPOSITORIES_AT_ONCE, async (repository) => {
      try {
        return await applyToRepository(ports, { plan, work: repository, request, stop, turns });
      } catch (problem) {
        const reason = messageOf(problem);
        ports.logger.log('ERROR', 'run of a repository failed', {
          repository: repository.repository,
          reason,
        });
        return { repository: repository.repository, runId: null, refusal: reason, results: [] };
      }
    });
  } finally {
    stop.close();
  }
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
  if (work.completeness.kind === 'incomplete')
    return untouched(`The listing may not hold everything: ${work.completeness.reason}`);
  if (work.refusal !== null) return untouched(work.refusal.message);
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
