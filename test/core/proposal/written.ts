import { known } from '../../../shared/core/fact.ts';
import { deriveHistory } from '../../../shared/core/history.ts';
import type { Listing } from '../../../shared/core/listing.ts';
import type { Snapshot } from '../../../shared/core/snapshot.ts';
import { DAY_MS } from '../../../shared/core/units.ts';

const NOW_MS = Date.UTC(2026, 10, 30);

/** A snapshot of one repository with an image under each tag, all a hundred days old. */
export function written(repository: string, tags: readonly string[]): Snapshot {
  const listing: Listing = {
    version: 1,
    repository,
    takenAtMs: NOW_MS,
    completeness: { kind: 'complete' },
    manifests: tags.map((tag, at) => ({
      digest: `sha256:${String(at).padStart(64, '0')}`,
      tags: [tag],
      sizeBytes: known(1_000_000),
      mediaType: known('application/vnd.docker.distribution.manifest.v2+json'),
      uploadedAtMs: known(NOW_MS - 100 * DAY_MS),
    })),
    relations: {},
  };
  return {
    version: 1,
    kind: 'gcr-warden/snapshot',
    takenAtMs: NOW_MS,
    target: repository.split('/').slice(0, 2).join('/'),
    catalog: { kind: 'complete' },
    usage: { version: 1, answers: [] },
    repositories: [{ listing, history: deriveHistory(repository, []) }],
  };
}
