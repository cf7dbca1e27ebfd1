import type { Digest } from '../../shared/core/digest.ts';
import type { Registry } from './exchange.ts';

/** What went. */
export interface RemovedLayers {
  readonly count: number;
  readonly sizeBytes: number;
}

/**
 * Takes from each repository the layers and configs that none of its manifests names and that came at least
 * `graceMs` ago, and from the disk those that no repository has any more. Google's documentation has it done
 * daily (dialect: removal-daily).
 */
export async function removeUnreferencedLayers(
  { repositories, blobs, now }: Registry,
  graceMs: number,
): Promise<RemovedLayers> {
  const youngestMs = now() - graceMs;
  const dropped = new Set<Digest>();
  for (const repository of repositories.all()) {
    for (const digest of repository.unreferencedBlobs(youngestMs)) {
      repository.blobs.delete(digest);
      dropped.add(digest);
    }
  }
  let count = 0;
  let sizeBytes = 0;
  for (const digest of dropped) {
    const isUsed = (): boolean => repositories.all().some((repository) => repository.blobs.has(digest));
    const removedBytes = await blobs.remove(digest, isUsed);
    if (removedBytes === null) continue;
    count += 1;
    sizeBytes += removedBytes;
  }
  return { count, sizeBytes };
}
