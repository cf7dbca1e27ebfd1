import { dayOf } from '../../../core/day-ranges.ts';
import { deedName, type ImageDeed } from '../../../core/image-deed.ts';
import type { DeedLedger } from '../../../ports.ts';
import type { Database } from './database.ts';
import { json } from './row.ts';

/** Who pushed, untagged and deleted what: one row a deed. */
export function deedLedger(database: Database): DeedLedger {
  return {
    async recordDeeds(repository, deeds) {
      if (deeds.length === 0) return;
      await database.together(() => {
        for (const deed of deeds) {
          database.run(
            'INSERT INTO deeds (repository, day, deed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
            repository,
            dayOf(deed.atMs),
            deedName(deed),
          );
        }
      });
    },

    async deeds(repository, days) {
      return [...new Set(days)].flatMap((day) =>
        database
          .all('SELECT deed FROM deeds WHERE repository = ? AND day = ?', repository, day)
          .map((row) => json<ImageDeed>(row, 'deed')),
      );
    },
  };
}
