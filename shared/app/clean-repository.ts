import type { Run } from '../core/journal.ts';
import type { RepositoryPlan } from '../core/plan.ts';
import type { Repository } from '../core/reference.ts';
import type { PolicyReader } from '../ports.ts';
import { applyPlan } from './apply-plan.ts';
import type { ApplyPorts, ApplyRequest, RepositoryResult } from './apply-request.ts';
import { type PlanPorts, planOne } from './plan-target.ts';

export interface CleanPorts extends ApplyPorts, PlanPorts {
  readonly policies: PolicyReader;
}

export interface CleanRequest {
  readonly repository: Repository;
  readonly trigger: Run['trigger'];
  /** The policies that are due; null for all. */
  readonly deleting: ReadonlySet<string> | null;
  readonly untilMs: number | null;
  readonly isStopped: ApplyRequest['isStopped'];
  readonly onPlan: (plan: RepositoryPlan) => void;
  readonly onOutcome: ApplyRequest['onOutcome'];
}

/** What a run over one repository planned and did. */
export interface CleanResult {
  readonly plan: RepositoryPlan | null;
  /** null where there was nothing to apply. */
  readonly result: RepositoryResult | null;
}

/**
 * Lists, judges and cleans one repository: plans what policies in `mode: enforce` allow and applies that
 * plan. What policies in `mode: plan` would delete is decided and written down, and stays.
 */
export async function cleanRepository(ports: CleanPorts, request: CleanRequest): Promise<CleanResult> {
  const { trigger, deleting } = request;
  const policies = await ports.policies.read();
  const plan = await planOne(ports, request.repository, { policies, scope: 'enforced', trigger, deleting });
  const planned = plan.repositories[0] ?? null;
  if (planned !== null) request.onPlan(planned);
  const due = deleting === null ? {} : { due: [...deleting].sort() };
  const [result = null] = await applyPlan(ports, plan, { ...request, ...due });
  return { plan: planned, result };
}
