import type { Blockage } from '../../../core/blockage.ts';
import { type Hold, subjectName } from '../../../core/hold.ts';
import { repositoryNames } from '../../../core/repository-alias.ts';
import type { StopOrder } from '../../../core/stop-order.ts';
import type { RestraintLedger } from '../../../ports.ts';
import { packList, unpackChunk } from '../packed.ts';
import type { Database } from './database.ts';
import { writeUnder } from './lease.ts';
import { bytes, integer, integerOrNull, json } from './row.ts';

/** What keeps runs from deleting: one row a hold and a policy's day; refusals packed. */
export function restraintLedger(database: Database): RestraintLedger {
  return {
    async holds(repository) {
      const sql = 'SELECT content FROM holds WHERE repository = ?';
      return repositoryNames(repository).flatMap((name) =>
        database.all(sql, name).map((row) => json<Hold>(row, 'content')),
      );
    },

    async saveHold(hold) {
      database.run(
        `INSERT INTO holds (repository, subject, content) VALUES (?, ?, ?)
         ON CONFLICT (repository, subject) DO UPDATE SET content = excluded.content`,
        hold.repository,
        subjectName(hold.on),
        JSON.stringify(hold),
      );
    },

    async releaseHold(repository, on) {
      database.run('DELETE FROM holds WHERE repository = ? AND subject = ?', repository, subjectName(on));
    },

    async stopOrder() {
      const row = database.get('SELECT content FROM stop_order');
      return row === null ? null : json<StopOrder>(row, 'content');
    },

    async saveStopOrder(order) {
      if (order === null) {
        database.run('DELETE FROM stop_order');
        return;
      }
      database.run(
        `INSERT INTO stop_order (only_row, content) VALUES (1, ?)
         ON CONFLICT (only_row) DO UPDATE SET content = excluded.content`,
        JSON.stringify(order),
      );
    },

    async reserveDeletions(policy, day, wanted, max) {
      const sql = 'SELECT reserved, max FROM deletions WHERE policy = ? AND day = ?';
      const before = typeof max === 'number' ? null : database.get(sql, policy, day);
      const isFound = typeof max !== 'number' && (before === null || integerOrNull(before, 'max') === null);
      const found = typeof max === 'number' ? max : isFound ? await max() : 0;
      return await database.together(() => {
        const row = database.get(sql, policy, day);
        const reserved = row === null ? 0 : integer(row, 'reserved');
        // Who was first meanwhile has found it out for all.
        const ofDay = row === null || typeof max === 'number' ? null : integerOrNull(row, 'max');
        const most = ofDay ?? found;
        const got = Math.max(0, Math.min(wanted, most - reserved));
        if (got === 0 && !isFound) return 0;
        database.run(
          `INSERT INTO deletions (policy, day, reserved, max) VALUES (?, ?, ?, ?)
           ON CONFLICT (policy, day) DO UPDATE SET reserved = excluded.reserved, max = COALESCE(max, excluded.max)`,
          policy,
          day,
          reserved + got,
          isFound ? most : null,
        );
        return got;
      });
    },

    async blockages(repository) {
      return database
        .all('SELECT count, content FROM blockages WHERE repository = ? ORDER BY position', repository)
        .flatMap((row) =>
          unpackChunk<Blockage>(
            { content: bytes(row, 'content'), count: integer(row, 'count') },
            `What was refused in ${repository}`,
          ),
        );
    },

    async saveBlockages(repository, all, lease) {
      const chunks = packList(all);
      await writeUnder(database, lease, () => {
        database.run('DELETE FROM blockages WHERE repository = ?', repository);
        for (const [position, { content, count }] of chunks.entries()) {
          database.run(
            'INSERT INTO blockages (repository, position, count, content) VALUES (?, ?, ?, ?)',
            repository,
            position,
            count,
            content,
          );
        }
      });
    },
  };
}
