import type { Outcome } from '../core/journal.ts';
import type { PlanLimits } from '../core/plan.ts';
import type { NumberedStep } from '../core/step-batch.ts';
import type { Clock, RestraintLedger } from '../ports.ts';

/**
 * Reserves the deletions of these chains from what their policies allow a day, over all repositories and
 * workers, before anything of them is sent. Returns the chains that may go, whole ones only; the others are
 * settled as `skipped: limit`.
 * @throws WardenError where the ledger can't say what is left
 */
export async function reserveDay(
  ports: { readonly ledger: Pick<RestraintLedger, 'reserveDeletions'>; readonly clock: Clock },
  limits: PlanLimits | null,
  chains: readonly (readonly NumberedStep[])[],
  settle: (step: NumberedStep, outcome: Outcome) => void,
): Promise<readonly (readonly NumberedStep[])[]> {
  let going = chains;
  for (const { policy, digests } of limits?.perDay ?? []) {
    const counted = going.map((chain) => ({ chain, count: deletionsOf(chain, policy) }));
    const wanted = counted.reduce((sum, { count }) => sum + count, 0);
    if (wanted === 0) continue;
    const day = new Date(ports.clock()).toISOString().slice(0, 'YYYY-MM-DD'.length);
    let left = await ports.ledger.reserveDeletions(policy, day, wanted, digests);
    going = counted.flatMap(({ chain, count }) => {
      if (count <= left) {
        left -= count;
        return [chain];
      }
      const detail = `policy ${policy} allows ${digests} manifests a day, over everything, and they are used up`;
      for (const step of chain) settle(step, { kind: 'skipped', why: 'limit', detail });
      return [];
    });
  }
  return going;
}

function deletionsOf(chain: readonly NumberedStep[], policy: string): number {
  return chain.filter(
    ({ step }) => step.kind === 'delete' && step.allowedBy.some((allowance) => allowance.policy === policy),
  ).length;
}
