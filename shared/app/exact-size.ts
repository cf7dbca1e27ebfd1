import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/error.ts';
import { type Fact, known, unknown } from '../core/fact.ts';
import {
  type FreedSize,
  freedSize,
  type GoingManifest,
  goingOf,
  listedSize,
  type WeighedManifest,
} from '../core/freed-size.ts';
import type { StoredManifest } from '../core/journal.ts';
import type { Completeness, Listing } from '../core/listing.ts';
import { parseManifest } from '../core/manifest.ts';
import { isManifestOf } from '../core/manifest-digest.ts';
import type { RepositoryPlan } from '../core/plan.ts';
import { parseRepository } from '../core/reference.ts';
import { DEFAULT_UNDO_MS } from '../core/undo-term.ts';
import type { Clock, RegistryReader, RunLedger } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';

export interface ExactSizePorts {
  readonly registry: Pick<RegistryReader, 'readManifest'>;
  /** Where manifests that were read once are; null where there is no ledger. */
  readonly ledger: Pick<RunLedger, 'manifests' | 'saveManifests'> | null;
  readonly clock: Clock;
  /** Manifests read side by side. */
  readonly concurrency: number;
}

/** More are not read: the size is a bound then. What one is made of takes some 2 KiB of memory. */
const READ_MAX = 100_000;
/** After so many that can't be read no further one is tried: the registry is down, or closed. */
const FAILURES_MAX = 20;
const BATCH = 500;

/**
 * What the steps of these plans free, all of them together: a blob that anything which stays refers to, in any of
 * these repositories, is not freed. Reads every manifest once, from the ledger where it has it; what can't be
 * read makes the size an upper bound. Never throws for what a registry answers.
 */
export async function exactlyFreed(
  ports: ExactSizePorts,
  repositories: readonly RepositoryPlan[],
  catalog: Completeness,
): Promise<FreedSize> {
  const reading = startReading(ports);
  const staying = new Set<Digest>();
  for (const { repository, decisions, steps } of repositories) {
    const all = new Set<Digest>();
    for (const { root, members } of decisions) for (const digest of [root, ...members]) all.add(digest);
    await reading.read(repository, [...all]);
    const going = new Set(steps.flatMap((step) => (step.kind === 'delete' ? step.digest : [])));
    for (const digest of all) if (!going.has(digest)) staying.add(digest);
  }
  const seen = [catalog, ...repositories.map(({ completeness }) => completeness)];
  return freedSize(
    goingOf(repositories),
    staying,
    reading.found,
    seen.every(({ kind }) => kind === 'complete'),
  );
}

/** What each of these listings holds, each blob of a repository counted once; in their order. */
export async function exactlyHeld(
  ports: ExactSizePorts,
  listings: readonly Listing[],
): Promise<readonly FreedSize[]> {
  const sizes: FreedSize[] = [];
  const reading = startReading(ports);
  for (const listing of listings) {
    const all = listedIn(listing);
    await reading.read(
      listing.repository,
      all.map(({ digest }) => digest),
    );
    sizes.push(freedSize(all, [], reading.found, listing.completeness.kind === 'complete'));
  }
  return sizes;
}

/** What a listing says that it holds: an upper bound, as shared layers count for each image. */
export function heldAsListed(listing: Listing): FreedSize {
  return listedSize(listedIn(listing));
}

function listedIn({ manifests }: Listing): GoingManifest[] {
  return manifests.map(({ digest, sizeBytes }) => ({
    digest,
    listedBytes: sizeBytes.kind === 'known' ? sizeBytes.value : null,
  }));
}

interface Reading {
  readonly found: ReadonlyMap<Digest, Fact<WeighedManifest>>;
  read(repository: string, digests: readonly Digest[]): Promise<void>;
}

function startReading({ registry, ledger, clock, concurrency }: ExactSizePorts): Reading {
  const found = new Map<Digest, Fact<WeighedManifest>>();
  let failureCount = 0;
  const readOne = async (name: string, digest: Digest): Promise<StoredManifest | null> => {
    if (failureCount >= FAILURES_MAX) return null;
    try {
      const stored = await registry.readManifest(parseRepository(name), digest);
      found.set(digest, stored === null ? unknown('it is gone') : weighed(stored));
      return stored;
    } catch (problem) {
      failureCount += 1;
      found.set(digest, unknown(messageOf(problem)));
      return null;
    }
  };
  return {
    found,
    async read(name, digests) {
      const wanted = digests
        .filter((digest) => found.get(digest)?.kind !== 'known')
        .slice(0, Math.max(0, READ_MAX - found.size));
      for (let from = 0; from < wanted.length; from += BATCH) {
        const batch = wanted.slice(from, from + BATCH);
        for (const stored of (await ledger?.manifests(name, batch)) ?? []) {
          if (isManifestOf(stored.content, stored.digest)) found.set(stored.digest, weighed(stored));
        }
        const missing = batch.filter((digest) => !found.has(digest));
        const read = await mapConcurrently(missing, concurrency, (digest) => readOne(name, digest));
        const fresh = read.filter((stored) => stored !== null);
        if (fresh.length > 0) await ledger?.saveManifests(fresh, clock() + DEFAULT_UNDO_MS);
      }
    },
  };
}

/** What a kept manifest says of the blobs that it holds; unknown where it can't be understood. */
export function weighed({ content, mediaType }: StoredManifest): Fact<WeighedManifest> {
  try {
    return known({ manifest: parseManifest(content, mediaType), sizeBytes: Buffer.byteLength(content) });
  } catch (problem) {
    return unknown(messageOf(problem));
  }
}
