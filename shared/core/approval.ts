import type { Digest } from './digest.ts';
import { WardenError } from './error.ts';
import type { Plan, Refusal } from './plan.ts';

/** A person's word that one plan may go over a limit: this plan as it is, and no other. */
export interface Approval {
  readonly planId: Digest;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
}

/**
 * The limits that a person may overrule: how much goes. What is not known, a freeze and the last artifact of a
 * repository are nobody's to wave through: for the last two the policy has to say so.
 */
const APPROVABLE: ReadonlySet<Refusal['code']> = new Set(['LIMIT_DIGESTS', 'LIMIT_SHARE', 'LIMIT_SIZE']);

/** Whether an approval lets a repository's steps go although it was refused. */
export function isApproved(refusal: Refusal, plan: Plan, approval: Approval | null): boolean {
  return approval !== null && approval.planId === plan.id && APPROVABLE.has(refusal.code);
}

/**
 * Checks that an approval is of this plan.
 * @throws WardenError APPROVAL_INVALID
 */
export function checkApproval(plan: Plan, approval: Approval): void {
  if (approval.planId === plan.id) return;
  throw new WardenError(
    'APPROVAL_INVALID',
    `${approval.planId} was approved, and this plan is ${plan.id}. Look at this plan, and approve it by its own id.`,
  );
}
