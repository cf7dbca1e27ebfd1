import { TagsListPage } from '../../shared/adapters/registry/tags-list-page.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { known } from '../../shared/core/fact.ts';
import { deriveHistory, type History, type HistoryFact } from '../../shared/core/history.ts';
import type { ListedManifest, Listing } from '../../shared/core/listing.ts';
import { type Manifest, MEDIA_TYPES } from '../../shared/core/manifest.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Usage } from '../../shared/core/usage.ts';

/** The time at which the benches judge. */
export const NOW_MS = Date.UTC(2026, 0, 31, 3);

/** A repository as a planner gets it, and the bytes in which a registry would have told it. */
export interface BenchRepository {
  /** What the registry sends: Google's `tags/list` with its manifest map. */
  readonly text: string;
  readonly listing: Listing;
  readonly facts: readonly HistoryFact[];
  readonly usage: Usage;
}

/** Numbers that look random and are the same in every run (xorshift). */
function numbers(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/**
 * A repository of about this many manifests, as a company's CI fills one: in every 20 manifests an index with
 * two platforms and an attestation, a signature by tag, four untagged leftovers, and tagged images of pull
 * requests, builds and releases. Every push and tag was told of, and a run a night has looked, so that every fact
 * is known.
 *
 * @param images the media type of everything that is no index, child or signature. Of Docker's type a reader of
 *   listings reads nothing further; of OCI's it reads every manifest, so that `relations` has them all.
 */
export function benchRepository(
  name: string,
  manifestCount: number,
  seed = 1,
  images: 'docker' | 'oci' = 'docker',
): BenchRepository {
  const next = numbers(seed);
  const manifests: ListedManifest[] = [];
  const relations: Record<Digest, ReturnType<typeof known<Manifest>>> = {};
  const facts: HistoryFact[] = [];

  const plainType = images === 'docker' ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest;
  const add = (tags: readonly string[], mediaType: string = plainType): Digest => {
    const hex = Array.from({ length: 8 }, () => next().toString(16).padStart(8, '0')).join('');
    const digest: Digest = `sha256:${hex}`;
    const uploadedAtMs = NOW_MS - (next() % (180 * DAY_MS));
    manifests.push({
      digest,
      tags: [...tags].sort(),
      mediaType: known(mediaType),
      sizeBytes: known(50_000_000 + (next() % 400_000_000)),
      uploadedAtMs: known(uploadedAtMs),
    });
    for (const tag of [null, ...tags])
      facts.push({ atMs: uploadedAtMs, source: 'told', action: 'INSERT', digest, tag });
    // The nightly run after the push was the first to show that it has no tag.
    const shownAtMs = NOW_MS - Math.floor((NOW_MS - uploadedAtMs) / DAY_MS) * DAY_MS;
    if (tags.length === 0)
      facts.push({ atMs: shownAtMs, source: 'observed', action: 'INSERT', digest, tag: null });
    if (mediaType === MEDIA_TYPES.ociManifest) relations[digest] = known(imageManifest());
    return digest;
  };

  for (let at = 0; manifests.length < manifestCount; at++) {
    const addChild = () => add([], MEDIA_TYPES.ociManifest);
    const children = [addChild(), addChild(), addChild()];
    const index = add([`build-${at}`, `main-${at}`], MEDIA_TYPES.ociIndex);
    relations[index] = known({
      kind: 'index',
      mediaType: MEDIA_TYPES.ociIndex,
      artifactType: null,
      children: children.map((digest) => ({ mediaType: MEDIA_TYPES.ociManifest, digest, sizeBytes: 1000 })),
      subject: null,
      blobs: [],
    });
    add([`sha256-${index.slice('sha256:'.length)}.sig`], MEDIA_TYPES.ociManifest);
    for (let untagged = 0; untagged < 4; untagged++) add([]);
    for (let pr = 0; pr < 6; pr++) add([`pr-${at * 6 + pr}`]);
    for (let build = 0; build < 4; build++) add([`${next().toString(16)}-${at * 4 + build}`]);
    add([`v${at % 5}.${at % 40}.${Math.floor(at / 40)}`]);
  }
  manifests.length = Math.min(manifests.length, manifestCount);
  const uses = Array.from({ length: 200 }, (_, at) => ({
    repository: name,
    digest: manifests[(at * 7919) % manifests.length]?.digest ?? null,
    tag: null,
    by: `pod prod/api-${at} (container api)`,
  }));
  const text = wireText(name, manifests);
  return {
    text,
    listing: {
      version: 1,
      repository: name,
      takenAtMs: NOW_MS,
      completeness: { kind: 'complete' },
      manifests: readWireText(text),
      relations,
    },
    facts,
    usage: { version: 1, answers: [{ kind: 'complete', source: 'cluster prod', asOfMs: NOW_MS, uses }] },
  };
}

/** What parsing an image's manifest gives, the blobs aside, which no part of judging looks at. */
function imageManifest(): Manifest {
  return {
    kind: 'image',
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: 'application/vnd.oci.image.config.v1+json',
    children: [],
    subject: null,
    blobs: [],
  };
}

function wireText(name: string, manifests: readonly ListedManifest[]): string {
  const numberOf = (fact: ListedManifest['sizeBytes']): string =>
    fact.kind === 'known' ? String(fact.value) : '0';
  const manifest = Object.fromEntries(
    manifests.map((one) => [
      one.digest,
      {
        imageSizeBytes: numberOf(one.sizeBytes),
        layerId: '',
        mediaType: one.mediaType.kind === 'known' ? one.mediaType.value : '',
        tag: one.tags,
        timeCreatedMs: numberOf(one.uploadedAtMs),
        timeUploadedMs: numberOf(one.uploadedAtMs),
      },
    ]),
  );
  return JSON.stringify({ child: [], manifest, name, tags: manifests.flatMap(({ tags }) => tags) });
}

/**
 * The manifests as the reader of listings makes them. Where texts and values lie in memory decides about half
 * of what judging costs, so they have to come from there.
 */
function readWireText(text: string): ListedManifest[] {
  const page = new TagsListPage();
  page.write(Buffer.from(text));
  if (page.end() === null || page.told.problem !== null) throw new Error(`unreadable: ${page.told.problem}`);
  return page.told.manifests();
}

/** The history of a bench repository. */
export function historyOf({ listing, facts }: BenchRepository): History {
  return deriveHistory(listing.repository, facts);
}
