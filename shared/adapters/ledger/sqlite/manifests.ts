import type { Digest } from '../../../core/digest.ts';
import type { StoredManifest } from '../../../core/journal.ts';
import type { RunLedger } from '../../../ports.ts';
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
        'SELECT * FROM kept_manifests WHERE repository = ? AND digest = ?',
        repository,
        digest,
      );
      if (row !== null) found.push(storedManifestOf(row));
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
