import type { QuarantineMark } from '../../../core/quarantine-mark.ts';
import type { QuarantineLedger } from '../../../ports.ts';
import { packList, unpackChunk } from '../packed.ts';
import type { Database } from './database.ts';
import { writeUnder } from './lease.ts';
import { bytes, integer, text } from './row.ts';

/** What is to go and stays for a time, packed. */
export function quarantineLedger(database: Database): QuarantineLedger {
  return {
    async quarantine(repository) {
      return database
        .all('SELECT count, content FROM quarantines WHERE repository = ? ORDER BY position', repository)
        .flatMap((row) =>
          unpackChunk<QuarantineMark>(
            { content: bytes(row, 'content'), count: integer(row, 'count') },
            `What is in quarantine in ${repository}`,
          ),
        );
    },

    async saveQuarantine(repository, marks, lease) {
      const chunks = packList(marks);
      const isStanding = marks.some(({ end }) => end === null) ? 1 : 0;
      await writeUnder(database, lease, () => {
        database.run('DELETE FROM quarantines WHERE repository = ?', repository);
        for (const [position, { content, count }] of chunks.entries()) {
          database.run(
            `INSERT INTO quarantines (repository, position, is_standing, count, content)
             VALUES (?, ?, ?, ?, ?)`,
            repository,
            position,
            isStanding,
            count,
            content,
          );
        }
      });
    },

    async quarantinedRepositories() {
      return database
        .all('SELECT DISTINCT repository FROM quarantines WHERE is_standing = 1 ORDER BY repository')
        .map((row) => text(row, 'repository'));
    },
  };
}
