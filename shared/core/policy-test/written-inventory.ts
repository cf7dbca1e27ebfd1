import type { Digest } from '../digest.ts';
import { type Fact, known, unknown } from '../fact.ts';
import { sha256 } from '../hash.ts';
import { deriveHistory, type HistoryFact, reconcile } from '../history.ts';
import type { ListedManifest, Listing } from '../listing.ts';
import { type Descriptor, type Manifest, MEDIA_TYPES } from '../manifest.ts';
import type { RepositorySnapshot } from '../snapshot.ts';
import type { Usage } from '../usage.ts';
import type { TestInventory, WrittenImage } from './policy-test.ts';

type WrittenInventory = Extract<TestInventory, { kind: 'written' }>;

/** What a registry and the ledger would tell of the images that a test describes. */
export interface WrittenSources extends RepositorySnapshot {
  readonly usage: Usage;
  /** The digest of every name. */
  readonly digests: ReadonlyMap<string, Digest>;
}

/** One manifest on the way to the listing. */
interface Piece {
  readonly manifest: ListedManifest;
  readonly relations: Fact<Manifest> | null;
}

/**
 * Turns a test's images into what a run would have read: a listing, the history that notifications of their
 * pushes would have left, and the in-use sources' answer. The engine then sees no difference.
 */
export function sourcesOf(inventory: WrittenInventory): WrittenSources {
  const { repository, nowMs, images } = inventory;
  const digests = new Map<string, Digest>();
  for (const { name, digest } of images) digests.set(name, digest ?? digestOf(name));
  for (const { children, referrers } of images) {
    for (const name of [...children, ...referrers]) if (!digests.has(name)) digests.set(name, digestOf(name));
  }
  const pieces = new Map<Digest, Piece>();
  const facts: HistoryFact[] = [];
  const point = pointer(digests);
  for (const image of images) {
    const digest = point(image.name).digest;
    pieces.set(digest, pieceOf(image, digest, nowMs, point));
    facts.push(...factsOf(image, digest, nowMs));
  }
  // After all images: a part that is described itself keeps its description.
  for (const image of images) {
    for (const part of partsOf(image, point)) {
      const { digest } = part;
      const described = pieces.get(digest);
      if (described === undefined) {
        pieces.set(digest, pieceOf({ ...bare(image), ...part.image }, digest, nowMs, point, part.subject));
        facts.push(...factsOf({ ...bare(image), ...part.image }, digest, nowMs));
      } else if (part.subject !== null) {
        pieces.set(digest, { ...described, relations: withSubject(described.relations, part.subject) });
      }
    }
  }
  const sorted = [...pieces].sort(([a], [b]) => (a < b ? -1 : 1));
  const listing: Listing = {
    version: 1,
    repository,
    takenAtMs: nowMs,
    completeness: { kind: 'complete' },
    manifests: sorted.map(([, { manifest }]) => manifest),
    relations: Object.fromEntries(
      sorted.flatMap(([digest, { relations }]) => (relations === null ? [] : [[digest, relations]])),
    ),
  };
  const missed = reconcile(deriveHistory(repository, facts), listing);
  return {
    listing,
    history: deriveHistory(repository, [...facts, ...missed]),
    usage: usageOf(inventory, digests),
    digests,
  };
}

function digestOf(name: string): Digest {
  return sha256(`image ${name} of a policy test`);
}

type Pointer = (name: string) => Descriptor;

function pointer(digests: ReadonlyMap<string, Digest>): Pointer {
  return (name) => ({
    mediaType: MEDIA_TYPES.ociManifest,
    digest: digests.get(name) ?? digestOf(name),
    sizeBytes: 0,
  });
}

/** What a part of an image is, where the test says no more of it than that it is there. */
function bare(image: WrittenImage): WrittenImage {
  return {
    ...image,
    tags: [],
    taggedAgeMs: null,
    untaggedAgeMs: null,
    sizeBytes: known(0),
    mediaType: null,
    artifactType: null,
    children: [],
    referrers: [],
    isSigned: false,
    unreadable: null,
  };
}

interface Part {
  readonly digest: Digest;
  readonly image: Partial<WrittenImage>;
  readonly subject: Descriptor | null;
}

function partsOf(image: WrittenImage, point: Pointer): Part[] {
  const own = point(image.name);
  const parts: Part[] = image.children.map((name) => ({
    digest: point(name).digest,
    image: { name },
    subject: null,
  }));
  for (const name of image.referrers)
    parts.push({ digest: point(name).digest, image: { name }, subject: own });
  if (image.isSigned) {
    const tag = `sha256-${own.digest.slice('sha256:'.length)}.sig`;
    // Named with a space, which no image of a test can be.
    const name = `signature of ${image.name}`;
    parts.push({ digest: digestOf(name), image: { name, tags: [tag] }, subject: null });
  }
  return parts;
}

function pieceOf(
  image: WrittenImage,
  digest: Digest,
  nowMs: number,
  point: Pointer,
  subject: Descriptor | null = null,
): Piece {
  const isIndex = image.children.length > 0;
  const mediaType = image.mediaType ?? (isIndex ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.ociManifest);
  const manifest: ListedManifest = {
    digest,
    tags: [...image.tags].sort(),
    mediaType: known(mediaType),
    sizeBytes: image.sizeBytes,
    uploadedAtMs:
      image.uploadedAgeMs === null
        ? unknown('the registry does not tell when it was uploaded')
        : known(nowMs - image.uploadedAgeMs),
  };
  const relations: Fact<Manifest> =
    image.unreadable !== null
      ? unknown(image.unreadable)
      : known({
          kind: isIndex ? 'index' : 'image',
          mediaType,
          artifactType: image.artifactType,
          children: image.children.map(point),
          subject,
          blobs: [],
        });
  return { manifest, relations };
}

function withSubject(relations: Fact<Manifest> | null, subject: Descriptor): Fact<Manifest> | null {
  return relations?.kind === 'known' ? known({ ...relations.value, subject }) : relations;
}

/**
 * The notifications of an image's life, and of one without a tag the listing that showed it so. Where its upload
 * is not known nobody told of it.
 */
function factsOf(image: WrittenImage, digest: Digest, nowMs: number): HistoryFact[] {
  const told = (ageMs: number, action: HistoryFact['action'], tag: string | null): HistoryFact => ({
    atMs: nowMs - ageMs,
    source: 'told',
    action,
    digest: action === 'DELETE' ? null : digest,
    tag,
  });
  const bornAgeMs = image.uploadedAgeMs ?? image.taggedAgeMs ?? image.untaggedAgeMs;
  if (bornAgeMs === null) return [];
  const facts = [told(bornAgeMs, 'INSERT', null)];
  if (image.tags.length === 0) facts.push({ ...told(bornAgeMs, 'INSERT', null), source: 'observed' });
  for (const tag of image.tags) facts.push(told(image.taggedAgeMs ?? bornAgeMs, 'INSERT', tag));
  if (image.untaggedAgeMs !== null) {
    // A tag that it had and lost; its name holds its digest, so that no other image can have it.
    const lost = `lost-${digest.slice('sha256:'.length)}`;
    facts.push(told(bornAgeMs, 'INSERT', lost), told(image.untaggedAgeMs, 'DELETE', lost));
  }
  return facts;
}

function usageOf(
  { images, usage, repository, nowMs }: WrittenInventory,
  digests: ReadonlyMap<string, Digest>,
): Usage {
  const uses = images.flatMap(({ name, usedBy }) =>
    usedBy === null ? [] : [{ repository, digest: digests.get(name) ?? null, tag: null, by: usedBy }],
  );
  const answered = { source: 'the test', asOfMs: nowMs, uses };
  switch (usage) {
    case 'none':
      return { version: 1, answers: [] };
    case 'complete':
    case 'best effort':
      return { version: 1, answers: [{ kind: usage, ...answered }] };
    case 'unknown':
      return {
        version: 1,
        answers: [
          { kind: 'complete', ...answered },
          { kind: 'unknown', source: 'another source', reason: 'the test says so' },
        ],
      };
  }
}
