import { messageOf } from '../core/error.ts';
import type { Policy } from '../core/policy.ts';
import { noteRoster } from '../core/policy-roster.ts';
import type { EstateLedger, Logger } from '../ports.ts';

export interface NotePoliciesPorts {
  readonly ledger: Pick<EstateLedger, 'policyRoster' | 'savePolicyRoster'>;
  readonly logger: Logger;
}

/**
 * Writes down which policies there are, for pages that have the ledger alone: one read, and one write a day or
 * where something changed. A ledger that does not take it stops nothing.
 */
export async function notePolicies(
  { ledger, logger }: NotePoliciesPorts,
  policies: readonly Policy[],
  nowMs: number,
): Promise<void> {
  try {
    const noted = noteRoster(await ledger.policyRoster(), policies, nowMs);
    if (noted !== null) await ledger.savePolicyRoster(noted);
  } catch (problem) {
    logger.log('WARNING', 'which policies there are was not written down', { reason: messageOf(problem) });
  }
}
