import type { StoredManifest } from '../../../core/journal.ts';
import type { RunLedger } from '../../../ports.ts';
import { packText, unpackText } from '../packed.ts';
import type { Database } from './database.ts';
import { writeUnder } from './lease.ts';
import { bytes, integer, text } from './row.ts';

/** Manifests as they were served: one row each, for undo and for listings alike. */
export function manifestLedger(
  database: Database,
): Pick<RunLedger, 'manifests' | 'saveManifests' | 'listedManifests' | 'saveListedManifests'> {
  const saveManifests: RunLedger['saveManifests'] = async (manifests, lease) => {
    if (manifests.length === 0) return;
    await writeUnder(database, lease, () => {
      for (const { repository, digest, mediaType, content } of manifests) {
        database.run(
          `INSERT INTO kept_manifests (repository, digest, media_type, is_packed, content)
           VALUES (?, ?, ?, 1, ?) ON CONFLICT DO NOTHING`,
          repository,
          digest,
          mediaType,
          packText(content),
        );
      }
    });
  };

  const manifests: RunLedger['manifests'] = async (repository, digests) => {
    const found: StoredManifest[] = [];
    for (const digest of new Set(digests)) {
      const row = database.get(
        'SELECT media_type, is_packed, content FROM kept_manifests WHERE repository = ? AND digest = ?',
        repository,
        digest,
      );
      if (row === null) continue;
      const stored = bytes(row, 'content');
      const content =
        integer(row, 'is_packed') === 1
          ? unpackText(stored, `The manifest ${digest}`)
          : Buffer.from(stored).toString('utf8');
      found.push({ repository, digest, mediaType: text(row, 'media_type'), content });
    }
    return found;
  };

  return {
    saveManifests,
    manifests,
    listedManifests: manifests,
    saveListedManifests: (_repository, fresh) => saveManifests(fresh),
  };
}
