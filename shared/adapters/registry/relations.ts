import type { Digest } from '../../core/digest.ts';
import { messageOf, WardenError } from '../../core/error.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { StoredManifest } from '../../core/journal.ts';
import type { ListedManifest } from '../../core/listing.ts';
import { type Manifest, MEDIA_TYPES, parseManifest } from '../../core/manifest.ts';
import { isManifestOf } from '../../core/manifest-digest.ts';
import { formatRepository, type Repository } from '../../core/reference.ts';
import { DEFAULT_UNDO_MS } from '../../core/undo-term.ts';
import type { Clock, Logger, RunLedger } from '../../ports.ts';
import { inLanes } from './lanes.ts';
import { readManifest } from './manifest-source.ts';
import type { Session } from './session.ts';

/** Manifests never change under their digest, so one that was read once need not be read again. */
export type ManifestCache = Pick<RunLedger, 'listedManifests' | 'saveListedManifests'>;

export interface RelationsOptions {
  readonly session: Session;
  readonly laneCount: number;
  readonly manifestCache?: ManifestCache;
  readonly logger?: Logger;
  readonly clock: Clock;
}

/** Types that neither point at other manifests nor can be about one: Docker's schemas know no `subject`. */
const PLAIN_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerManifestV1,
  MEDIA_TYPES.dockerManifestV1Signed,
]);

/** After so many failed reads the rest is not tried: the registry is down, and each has waited for its retries. */
const FAILURES_MAX = 20;

/** A manifest's relations and the length of its bytes. */
export interface ReadManifest {
  readonly manifest: Manifest;
  readonly sizeBytes: number;
}

/** Whether a listed manifest can be an index or a referrer, so that it has to be read. */
export function hasRelations(manifest: Pick<ListedManifest, 'mediaType'>): boolean {
  return manifest.mediaType.kind === 'unknown' || !PLAIN_TYPES.has(manifest.mediaType.value);
}

/**
 * Reads manifests, from the cache where it has them. One that can't be read, or that is gone although it was
 * listed, is unknown with the reason; never absent.
 * @param listed everything that the listing names: the cache keeps nothing else
 */
export async function readRelations(
  repository: Repository,
  digests: readonly Digest[],
  listed: readonly Digest[],
  options: RelationsOptions,
): Promise<Map<Digest, Fact<ReadManifest>>> {
  const read = new Map<Digest, Fact<ReadManifest>>();
  for (const stored of await fromCache(repository, digests, options)) {
    // The cache is believed as little as the registry is.
    if (isManifestOf(stored.content, stored.digest)) read.set(stored.digest, parsed(stored));
  }
  const fresh: StoredManifest[] = [];
  let failureCount = 0;
  await inLanes(
    digests.filter((digest) => !read.has(digest)),
    options.laneCount,
    async (digest) => {
      if (failureCount >= FAILURES_MAX) {
        read.set(digest, unknown(`it was not read, after ${FAILURES_MAX} other manifests could not be`));
        return;
      }
      try {
        const stored = await readManifest(options.session, repository, digest);
        if (stored === null) {
          read.set(digest, unknown('it was listed, and was gone when it was to be read'));
          return;
        }
        const fact = parsed(stored);
        read.set(digest, fact);
        if (fact.kind === 'known') fresh.push(stored);
      } catch (thrown) {
        if (!(thrown instanceof WardenError)) throw thrown;
        failureCount += 1;
        read.set(digest, unknown(thrown.message));
      }
    },
  );
  await intoCache(repository, fresh, listed, options);
  return read;
}

function parsed(stored: StoredManifest): Fact<ReadManifest> {
  try {
    const manifest = parseManifest(stored.content, stored.mediaType);
    return known({ manifest, sizeBytes: Buffer.byteLength(stored.content) });
  } catch (thrown) {
    if (!(thrown instanceof WardenError)) throw thrown;
    return unknown(thrown.message);
  }
}

/** A cache that fails costs requests and nothing else: whatever it does not have is read from the registry. */
async function fromCache(
  repository: Repository,
  digests: readonly Digest[],
  { manifestCache, logger }: RelationsOptions,
): Promise<readonly StoredManifest[]> {
  if (manifestCache === undefined || digests.length === 0) return [];
  try {
    const wanted = new Set(digests);
    const stored = await manifestCache.listedManifests(formatRepository(repository), digests);
    return stored.filter(({ digest }) => wanted.has(digest));
  } catch (thrown) {
    logger?.log('WARNING', 'stored manifests could not be read', { reason: messageOf(thrown) });
    return [];
  }
}

async function intoCache(
  repository: Repository,
  fresh: readonly StoredManifest[],
  listed: readonly Digest[],
  { manifestCache, logger, clock }: RelationsOptions,
): Promise<void> {
  if (manifestCache === undefined || fresh.length === 0) return;
  try {
    const untilMs = clock() + DEFAULT_UNDO_MS;
    await manifestCache.saveListedManifests(formatRepository(repository), fresh, listed, untilMs);
  } catch (thrown) {
    logger?.log('WARNING', 'manifests could not be stored', { reason: messageOf(thrown) });
  }
}
