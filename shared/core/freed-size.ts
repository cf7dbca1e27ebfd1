import type { Digest } from './digest.ts';
import type { Fact } from './fact.ts';
import type { Descriptor, Manifest } from './manifest.ts';
import type { RepositoryPlan } from './plan.ts';

/**
 * How many bytes manifests take, or free when they go. `exact`: every manifest was read, and each blob that
 * nothing which stays refers to is counted once. `at most`: sizes as listed, in which a layer counts for each
 * image that has it; `unknownCount` manifests or blobs, whose size nobody tells, come on top.
 */
export type FreedSize =
  | { readonly kind: 'exact'; readonly sizeBytes: number }
  | { readonly kind: 'at most'; readonly sizeBytes: number; readonly unknownCount: number };

/** A manifest that was read, with the length of its own bytes, which are stored as a blob is. */
export interface WeighedManifest {
  readonly manifest: Manifest;
  readonly sizeBytes: number;
}

/** A manifest that goes. */
export interface GoingManifest {
  readonly digest: Digest;
  /** As the registry lists it; null where it does not say. */
  readonly listedBytes: number | null;
}

/** What the registry's listings say of the manifests that go. */
export function listedSize(going: Iterable<GoingManifest>): Extract<FreedSize, { kind: 'at most' }> {
  let sizeBytes = 0;
  let unknownCount = 0;
  for (const { listedBytes } of going) {
    if (listedBytes === null) unknownCount += 1;
    else sizeBytes += listedBytes;
  }
  return { kind: 'at most', sizeBytes, unknownCount };
}

/** The manifests that a plan's steps delete. */
export function goingOf(repositories: readonly Pick<RepositoryPlan, 'steps'>[]): GoingManifest[] {
  return repositories.flatMap(({ steps }) =>
    steps.flatMap((step) =>
      step.kind === 'delete' ? { digest: step.digest, listedBytes: step.sizeBytes } : [],
    ),
  );
}

/** Layers that registries need not store: they name where else to get them. */
const FOREIGN = /\bforeign\b|\bnondistributable\b/;

/**
 * Counts the bytes of blobs that go: config, layers and the manifest itself, each once, less what anything that
 * stays refers to. One manifest that could not be read makes it an upper bound, for it may share any of them or
 * have more; so do manifests of Docker's schema 1, which name no sizes, blobs without a size, and foreign layers.
 *
 * @param isAll whether everything that stays is in `staying`
 */
export function freedSize(
  going: readonly GoingManifest[],
  staying: Iterable<Digest>,
  read: ReadonlyMap<Digest, Fact<WeighedManifest>>,
  isAll: boolean,
): FreedSize {
  const kept = new Set<Digest>();
  let isExact = isAll;
  for (const digest of staying) {
    const fact = read.get(digest);
    kept.add(digest);
    const blobs = fact?.kind === 'known' ? blobsOf(fact.value) : null;
    if (blobs === null) isExact = false;
    for (const blob of blobs ?? []) kept.add(blob.digest);
  }
  const freed = new Map<Digest, number>();
  const add = (digest: Digest, sizeBytes: number): void => {
    if (!kept.has(digest)) freed.set(digest, Math.max(sizeBytes, freed.get(digest) ?? 0));
  };
  const unread: GoingManifest[] = [];
  // No blob is empty: a size of 0 is one that the manifest does not tell.
  const unsized = new Set<Digest>();
  for (const one of going) {
    const fact = read.get(one.digest);
    const blobs = fact?.kind === 'known' ? blobsOf(fact.value) : null;
    if (fact?.kind !== 'known' || blobs === null) {
      unread.push(one);
      continue;
    }
    add(one.digest, fact.value.sizeBytes);
    for (const { digest, sizeBytes, mediaType } of blobs) {
      if (kept.has(digest)) continue;
      if (FOREIGN.test(mediaType)) isExact = false;
      if (sizeBytes === 0) unsized.add(digest);
      add(digest, sizeBytes);
    }
  }
  let sizeBytes = 0;
  for (const size of freed.values()) sizeBytes += size;
  if (isExact && unread.length === 0 && unsized.size === 0) return { kind: 'exact', sizeBytes };
  const rest = listedSize(unread);
  return {
    kind: 'at most',
    sizeBytes: sizeBytes + rest.sizeBytes,
    unknownCount: rest.unknownCount + unsized.size,
  };
}

/** null where the manifest does not tell what it holds. */
function blobsOf({ manifest }: WeighedManifest): readonly Descriptor[] | null {
  return manifest.kind === 'legacy' ? null : manifest.blobs;
}
