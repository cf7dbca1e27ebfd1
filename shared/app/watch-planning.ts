import { messageOf } from '../core/error.ts';
import { notePlanning, planningWarnings } from '../core/planning-since.ts';
import type { Policy } from '../core/policy.ts';
import type { PolicyWarning } from '../core/policy-warning.ts';
import type { CoordinationLedger, Logger } from '../ports.ts';

export interface WatchPlanningPorts {
  readonly ledger: Pick<CoordinationLedger, 'planningSince' | 'savePlanningSince'>;
  readonly logger: Logger;
}

/**
 * Writes down which policies are in `mode: plan` and tells of those that have been so for long: one read, and
 * one write where something changed. A ledger that can't tell stops nothing; then there is no warning.
 */
export async function watchPlanning(
  { ledger, logger }: WatchPlanningPorts,
  policies: readonly Policy[],
  nowMs: number,
): Promise<PolicyWarning[]> {
  try {
    const known = await ledger.planningSince();
    const noted = notePlanning(known, policies, nowMs);
    if (noted !== null) await ledger.savePlanningSince(noted);
    return planningWarnings(known, policies, nowMs);
  } catch (problem) {
    logger.log('WARNING', 'since when policies are in mode: plan is not known', {
      reason: messageOf(problem),
    });
    return [];
  }
}
