import type { Digest } from '../../../core/digest.ts';
import type { StoredManifest } from '../../../core/journal.ts';
import type { Clock, RunLedger } from '../../../ports.ts';
import { packText, unpackText } from '../packed.ts';
import type { Database, Row } from './database.ts';
import { writeUnder } from './lease.ts';
import { bytes, integer, text } from './row.ts';

export function storedManifestOf(row: Row): StoredManifest {
  const digest = text(row, 'digest') as Digest;
  const stored = bytes(row, 'content');
  const content =
    integer(row, 'is_packed') === 1
      ? unpackText(stored, `The manifest ${digest}`)
      : Buffer.from(stored).toString('utf8');
  return { repository: text(row, 'repository'), digest, mediaType: text(row, 'media_type'), content };
}

/** Manifests as they were served: one row each, for undo and for listings alike. What is listed has no end. */
export function manifestLedger(
  database: Database,
  clock: Clock,
): Pick<RunLedger, 'manifests' | 'saveManifests' | 'listedManifests' | 'saveListedManifests'> {
  const removeEnded = (): void => {
    database.run('DELETE FROM kept_manifests WHERE until_ms <= ?', clock());
  };

  const save = ({ repository, digest, mediaType, content }: StoredManifest, untilMs: number | null): void => {
    // Packing is the most of it, and one that is there needs none.
    const changed = database.run(
      // What was listed and has no end gets one with its deletion.
      `UPDATE kept_manifests SET until_ms = CASE WHEN ? IS NULL THEN NULL ELSE max(coalesce(until_ms, 0), ?) END
       WHERE repository = ? AND digest = ?`,
      untilMs,
      untilMs,
      repository,
      digest,
    );
    if (changed > 0) return;
    database.run(
      `INSERT INTO kept_manifests (repository, digest, media_type, is_packed, content, until_ms)
       VALUES (?, ?, ?, 1, ?, ?)`,
      repository,
      digest,
      mediaType,
      packText(content),
      untilMs,
    );
  };

  const manifests: RunLedger['manifests'] = async (repository, digests) => {
    const found: StoredManifest[] = [];
    for (const digest of new Set(digests)) {
      const row = database.get(
        `SELECT * FROM kept_manifests
         WHERE repository = ? AND digest = ? AND coalesce(until_ms > ?, 1)`,
        repository,
        digest,
        clock(),
      );
      if (row !== null) found.push(storedManifestOf(row));
    }
    return found;
  };

  return {
    manifests,
    listedManifests: manifests,

    async saveManifests(stored, untilMs, lease) {
      if (stored.length === 0) return;
      await writeUnder(database, lease, () => {
        removeEnded();
        for (const manifest of stored) save(manifest, untilMs);
      });
    },

    async saveListedManifests(repository, fresh, digests, untilMs) {
      if (fresh.length === 0) return;
      const isListed = new Set<string>(digests);
      await writeUnder(database, undefined, () => {
        removeEnded();
        const endless = database.all(
          'SELECT digest FROM kept_manifests WHERE repository = ? AND until_ms IS NULL',
          repository,
        );
        for (const row of endless) {
          const digest = text(row, 'digest');
          if (isListed.has(digest)) continue;
          database.run(
            'UPDATE kept_manifests SET until_ms = ? WHERE repository = ? AND digest = ?',
            untilMs,
            repository,
            digest,
          );
        }
        for (const manifest of fresh) save(manifest, null);
      });
    },
  };
}
