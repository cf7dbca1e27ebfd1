import { messageOf } from '../core/error.ts';
import type { Plan, RepositoryPlan } from '../core/plan.ts';
import { checkApplicable } from '../core/plan-check.ts';
import type { Lease } from '../ports.ts';
import type { ApplyPorts, ApplyRequest, RepositoryResult } from './apply-request.ts';
import { runRepository } from './repository-run.ts';

/** How long a lease holds; renewed by being taken again for each repository. */
const LEASE_MS = 15 * 60 * 1000;

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
    return await runRepository(ports, { plan, work, request, lease: taken.lease, startedAtMs });
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
