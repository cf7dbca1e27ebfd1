import type { Policy } from './policy.ts';
import { type PolicyWarning, sortByPolicy, warning } from './policy-warning.ts';
import { DAY_MS } from './units.ts';

/** Since when a policy is known to be in `mode: plan` without a break. */
export interface PlanningSince {
  readonly policy: string;
  readonly sinceMs: number;
}

/** As many as one document of the ledger holds. Policies beyond these are not remembered, so nothing is told of them. */
export const PLANNING_MAX = 4000;

/** How long a policy may be on trial before plans say so. */
const TRIAL_MAX_MS = 30 * DAY_MS;

/**
 * What is to be remembered after these policies were seen: one in `mode: plan` keeps its time or gets this one,
 * one in `mode: enforce` loses it, and of what is not among them nothing changes, since other folders may be
 * run beside the same ledger. Sorted by policy; null where nothing changed.
 */
export function notePlanning(
  known: readonly PlanningSince[],
  policies: readonly Policy[],
  nowMs: number,
): readonly PlanningSince[] | null {
  const since = new Map(known.map(({ policy, sinceMs }) => [policy, sinceMs]));
  let hasChanged = false;
  for (const { name, mode } of policies) {
    if (mode === 'enforce') hasChanged = since.delete(name) || hasChanged;
    else if (!since.has(name) && since.size < PLANNING_MAX) {
      since.set(name, nowMs);
      hasChanged = true;
    }
  }
  if (!hasChanged) return null;
  return [...since]
    .map(([policy, sinceMs]) => ({ policy, sinceMs }))
    .sort((a, b) => (a.policy < b.policy ? -1 : 1));
}

/** The policies that have been in `mode: plan` for more than 30 days. Silent about what is not remembered. */
export function planningWarnings(
  known: readonly PlanningSince[],
  policies: readonly Policy[],
  nowMs: number,
): PolicyWarning[] {
  const since = new Map(known.map(({ policy, sinceMs }) => [policy, sinceMs]));
  return sortByPolicy(
    policies.flatMap((policy) => {
      const { name, mode } = policy;
      const trialMs = nowMs - (since.get(name) ?? nowMs);
      if (mode === 'enforce' || trialMs <= TRIAL_MAX_MS) return [];
      const message = `The policy ${name} has been in mode: plan for ${Math.floor(trialMs / DAY_MS)} d and deletes nothing.`;
      return [warning('STILL_PLANNING', policy, null, message)];
    }),
  );
}
