import type { Restoration } from '../../../core/restoration.ts';
import type { RestorationLedger } from '../../../ports.ts';
import { RESTORATIONS_MAX } from '../limit.ts';
import { packOne, unpackChunk } from '../packed.ts';
import type { Database } from './database.ts';
import { writeUnder } from './lease.ts';
import { bytes } from './row.ts';

/** What was brought back: one row a restoration, packed. */
export function restorationLedger(database: Database): RestorationLedger {
  return {
    async saveRestoration(restoration, lease) {
      const { id, repository, atMs } = restoration;
      const content = packOne(restoration);
      await writeUnder(database, lease, () => {
        database.run(
          `INSERT INTO restorations (id, repository, at_ms, content) VALUES (?, ?, ?, ?)
           ON CONFLICT (id, repository) DO UPDATE SET at_ms = excluded.at_ms, content = excluded.content`,
          id,
          repository,
          atMs,
          content,
        );
      });
    },

    async restorations(repository) {
      return database
        .all(
          'SELECT content FROM restorations WHERE repository = ? ORDER BY at_ms DESC, id LIMIT ?',
          repository,
          RESTORATIONS_MAX,
        )
        .flatMap((row) =>
          unpackChunk<Restoration>(
            { content: bytes(row, 'content'), count: 1 },
            `A restoration of ${repository}`,
          ),
        );
    },
  };
}
