import type { Lease } from '../../../ports.ts';
import { checkFence } from '../lease-lost.ts';
import type { Database } from './database.ts';
import { integer, text } from './row.ts';

/**
 * Writes all or nothing, and nothing where the lease is another's by now; without a lease, whatever it is.
 * @throws WardenError LEASE_LOST
 */
export async function writeUnder(
  database: Database,
  lease: Lease | undefined,
  work: () => void,
): Promise<void> {
  await database.together(() => {
    if (lease !== undefined) {
      const row = database.get(
        'SELECT holder, fencing_token FROM leases WHERE repository = ?',
        lease.repository,
      );
      const current =
        row === null ? null : { holder: text(row, 'holder'), fencingToken: integer(row, 'fencing_token') };
      checkFence(lease, current);
    }
    work();
  });
}
