import { canonicalRepository } from '../../../core/repository-alias.ts';
import type { Lease } from '../../../ports.ts';
import { checkFence } from '../lease-lost.ts';
import type { Database, Row } from './database.ts';
import { integer, text, textOrNull } from './row.ts';

/**
 * The key of a repository's lease: one for all of its names, so that no two run over it by two of them. The row has
 * the name that its holder goes by besides.
 */
export function leaseKey(repository: string): string {
  return canonicalRepository(repository);
}

export function leaseOf(row: Row): Lease {
  return {
    // Rows of before there was a name have none.
    repository: textOrNull(row, 'name') ?? text(row, 'repository'),
    holder: text(row, 'holder'),
    fencingToken: integer(row, 'fencing_token'),
    untilMs: integer(row, 'until_ms'),
  };
}

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
        leaseKey(lease.repository),
      );
      const current =
        row === null ? null : { holder: text(row, 'holder'), fencingToken: integer(row, 'fencing_token') };
      checkFence(lease, current);
    }
    work();
  });
}
