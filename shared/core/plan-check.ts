import { WardenError } from './error.ts';
import type { Plan, Step } from './plan.ts';

/** A plan older than this describes a registry that has moved on. */
const PLAN_AGE_MAX_MS = 24 * 60 * 60 * 1000;

/** How far a plan may come from the future before clocks are to be mended first. */
const CLOCK_SKEW_MAX_MS = 5 * 60 * 1000;

function isEnforced(step: Step): boolean {
  return step.allowedBy.some((allowance) => allowance.mode === 'enforce');
}

/**
 * Refuses a plan that must not be applied: older than a day, or with a step that no policy in
 * `mode: enforce` allows.
 * @throws WardenError PLAN_TOO_OLD, PLAN_FROM_FUTURE, PLAN_NOT_ENFORCED
 */
export function checkApplicable(plan: Plan, nowMs: number): void {
  const ageMs = nowMs - plan.createdAtMs;
  if (ageMs > PLAN_AGE_MAX_MS) {
    throw new WardenError(
      'PLAN_TOO_OLD',
      `The plan was made at ${new Date(plan.createdAtMs).toISOString()}, more than a day ago. Make a new one and look at it again.`,
    );
  }
  if (ageMs < -CLOCK_SKEW_MAX_MS) {
    throw new WardenError(
      'PLAN_FROM_FUTURE',
      `The plan was made at ${new Date(plan.createdAtMs).toISOString()}, which has not come yet. Set this machine's clock right.`,
    );
  }
  const unenforced = new Set<string>();
  for (const repository of plan.repositories) {
    for (const step of repository.steps) {
      if (!isEnforced(step))
        for (const { policy, source } of step.allowedBy) unenforced.add(`${policy} (${source.file})`);
    }
  }
  if (unenforced.size > 0) {
    throw new WardenError(
      'PLAN_NOT_ENFORCED',
      `The plan has steps of policies in mode: plan: ${[...unenforced].sort().join(', ')}. Set "mode: enforce" in them and plan again, or plan a target that they don't select.`,
    );
  }
}
