import { WardenError } from '../../core/error.ts';
import type { Lease } from '../../ports.ts';

/**
 * Refuses a write under a lease that is no longer the repository's newest.
 * @param current the holder and token that the ledger has now; null where it has none
 * @throws WardenError LEASE_LOST
 */
export function checkFence(lease: Lease, current: Pick<Lease, 'holder' | 'fencingToken'> | null): void {
  if (current?.fencingToken === lease.fencingToken && current.holder === lease.holder) return;
  throw new WardenError(
    'LEASE_LOST',
    `Run ${lease.holder} lost ${lease.repository} to another (its token is ${lease.fencingToken}, the newest ${current?.fencingToken ?? 'none'}) and may write nothing more about it. The other run takes up what is left.`,
  );
}
