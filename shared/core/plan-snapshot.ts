import { assemblePlan } from './assemble-plan.ts';
import { targetWarnings } from './inventory-warnings.ts';
import type { Plan } from './plan.ts';
import { type PlanScope, planListing } from './plan-repository.ts';
import type { PolicySet } from './policy.ts';
import { warningSentence } from './policy-warning.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Plans from a snapshot: the plan that a run at the snapshot's time would have made. The plan is dated so as
 * well, and never later: it is as old as what it knows, and `apply` refuses it by that age.
 */
export function planSnapshot(
  snapshot: Snapshot,
  policies: PolicySet,
  scope: PlanScope,
  oldest?: number,
): Plan {
  const nowMs = snapshot.takenAtMs;
  const { target, catalog } = snapshot;
  const repositories = snapshot.repositories.map(({ listing, history }) =>
    planListing({
      listing,
      history,
      usage: snapshot.usage,
      policies,
      scope,
      nowMs,
      ...(oldest === undefined ? {} : { oldest }),
    }),
  );
  return assemblePlan({
    createdAtMs: nowMs,
    target,
    catalog,
    problems: policies.problems,
    warnings: targetWarnings(policies.policies, { target, catalog, repositories }, nowMs).map(
      warningSentence,
    ),
    repositories,
  });
}
