import { messageOf } from '../core/error.ts';
import type { History } from '../core/history.ts';
import type { Listing } from '../core/listing.ts';
import type { Usage } from '../core/usage.ts';
import { sightUsage } from '../core/usage-record.ts';
import type { Logger, UsageLedger } from '../ports.ts';

/**
 * Writes down what a run saw to be in use, whatever its rules ask: what would have gone and ran later can be told
 * from this alone. A day that could not be written down counts as one on which nobody asked; no plan fails for it.
 */
export async function recordUsage(
  { ledger, logger }: { readonly ledger: UsageLedger; readonly logger: Logger },
  usage: Usage,
  { listing, history }: { readonly listing: Listing; readonly history: History },
  nowMs: number,
): Promise<void> {
  const sighting = sightUsage(usage, listing, history, nowMs);
  if (sighting === null) return;
  try {
    await ledger.recordUsage(listing.repository, sighting);
  } catch (problem) {
    logger.log('WARNING', 'what is in use could not be written down', {
      repository: listing.repository,
      reason: messageOf(problem),
    });
  }
}
