import { type Digest, isDigest } from '../../core/digest.ts';
import { WardenError } from '../../core/error.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { Completeness, ListedManifest, Listing } from '../../core/listing.ts';
import { type Manifest, MEDIA_TYPES } from '../../core/manifest.ts';
import { formatRepository, hostKind, isTag, type Repository } from '../../core/reference.ts';
import type { Clock } from '../../ports.ts';
import { inLanes } from './lanes.ts';
import { pullScope, type ResolvedTag, resolveTag } from './manifest-source.ts';
import { type Page, type PageCount, type Walk, walkPages } from './page.ts';
import { repositoryPath } from './path.ts';
import { RegistryError } from './registry-error.ts';
import { hasRelations, type RelationsOptions, readRelations } from './relations.ts';

export interface ListingOptions extends RelationsOptions {
  readonly clock: Clock;
}

/** What the pages of `tags/list` said together, before it is believed. */
interface Told {
  /** Whether pages carried Google's manifest map; null before the first page, 'mixed' where only some did. */
  hasMap: boolean | 'mixed' | null;
  readonly tags: Set<string>;
  readonly manifests: Map<Digest, ToldManifest>;
  /** Whether an entry of the map had no tag list, so that only `tags` says whether it is tagged. */
  lacksTagList: boolean;
  lacksTags: boolean;
  /** The first thing that keeps this from being a whole listing. */
  problem: string | null;
}

interface ToldManifest {
  readonly tags: Set<string>;
  readonly mediaType: Fact<string>;
  readonly sizeBytes: Fact<number>;
  readonly uploadedAtMs: Fact<number>;
}

const INDEX_TYPES: ReadonlySet<string> = new Set([MEDIA_TYPES.dockerManifestList, MEDIA_TYPES.ociIndex]);

/** Artifact Registry's largest page, and the largest that plain registries take without complaint. */
const PAGE_SIZE = { google: 10_000, other: 1_000 } as const;

/**
 * Lists a repository with the relations of its manifests. Never throws for what a registry answers: whatever
 * can't be read, is cut or contradicts itself makes the listing incomplete, with the reason.
 */
export async function listRepository(repository: Repository, options: ListingOptions): Promise<Listing> {
  // Taken before the first request: nothing that is pushed while we read can seem older than the listing.
  const takenAtMs = options.clock();
  const make = (
    completeness: Completeness,
    manifests: readonly ListedManifest[] = [],
    relations: Listing['relations'] = {},
  ): Listing => ({
    version: 1,
    repository: formatRepository(repository),
    takenAtMs,
    completeness,
    manifests: [...manifests].sort((a, b) => (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0)),
    relations,
  });
  try {
    const { told, walk } = await readTagsList(repository, options);
    const completeness = completenessOf(told, walk);
    const { manifests, relations, problem } =
      told.hasMap === true || hostKind(repository.host) === 'google'
        ? await fromMap(repository, told, options)
        : await fromTags(repository, told, options);
    const whole = completeness.kind === 'complete' && problem !== null ? incomplete(problem) : completeness;
    return make(whole, manifests, relations);
  } catch (thrown) {
    if (!(thrown instanceof WardenError)) throw thrown;
    return make(isNamelessRepository(thrown) ? { kind: 'complete' } : incomplete(thrown.message));
  }
}

/**
 * Only the registry's own word for it makes a repository empty. A bare 404 can be a proxy's, or stand for a
 * missing permission.
 */
function isNamelessRepository(failure: WardenError): boolean {
  return (
    failure instanceof RegistryError &&
    failure.status === 404 &&
    failure.complaints.some(({ code }) => code === 'NAME_UNKNOWN')
  );
}

function incomplete(reason: string): Completeness {
  return { kind: 'incomplete', reason };
}

/** Reads all pages of `tags/list`; a list at a suspicious length is read once more in smaller pages. */
export async function readTagsList(
  repository: Repository,
  { session }: Pick<ListingOptions, 'session'>,
): Promise<{ readonly told: Told; readonly walk: Walk }> {
  const read = async (pageSize: number) => {
    const told: Told = {
      hasMap: null,
      tags: new Set(),
      manifests: new Map(),
      lacksTagList: false,
      lacksTags: false,
      problem: null,
    };
    const path = `${repositoryPath(repository)}/tags/list`;
    const request = { host: repository.host, scope: pullScope(repository), path, pageSize };
    const walk = await walkPages(session, request, (page) => take(told, page));
    return { told, walk };
  };
  const first = await read(PAGE_SIZE[hostKind(repository.host) === 'other' ? 'other' : 'google']);
  if (first.walk.kind !== 'doubtful' || first.walk.entries < 2) return first;
  // With pages one entry shorter, a list that really ends there shows its end on a second, short page.
  return read(first.walk.entries - 1);
}

function completenessOf(told: Told, walk: Walk): Completeness {
  if (walk.kind !== 'complete') return incomplete(walk.reason);
  return told.problem === null ? walk : incomplete(told.problem);
}

/** Adds a page to what was told. */
function take(told: Told, page: Page): PageCount {
  const before = told.tags.size + told.manifests.size;
  const { tags, manifest: map } = page.body;
  let tagCount = 0;
  if (Array.isArray(tags)) {
    tagCount = tags.length;
    for (const tag of tags as unknown[]) {
      if (typeof tag !== 'string' || !isTag(tag)) told.problem ??= '"tags" holds something that is no tag';
      else told.tags.add(tag);
    }
  } else {
    told.lacksTags = true;
    if (tags !== undefined && tags !== null) told.problem ??= '"tags" is not a list';
    // Distribution writes null where the last tag is gone.
    if (tags === undefined && map === undefined) told.problem ??= 'it has neither "tags" nor "manifest"';
  }
  const hasMap = map !== undefined;
  told.hasMap = told.hasMap === null || told.hasMap === hasMap ? hasMap : 'mixed';
  if (told.hasMap === 'mixed') told.problem ??= 'only some of its pages have a manifest map';
  const mapCount = hasMap && map !== null ? takeMap(told, map, page.text) : 0;
  return { lengths: [tagCount, mapCount], fresh: told.tags.size + told.manifests.size - before };
}

function takeMap(told: Told, map: unknown, text: string): number {
  if (typeof map !== 'object' || Array.isArray(map)) {
    told.problem ??= '"manifest" is not an object';
    return 0;
  }
  const entries = Object.entries(map as Record<string, unknown>);
  // A parser keeps the last of two equal keys and says nothing; the text still has both.
  if (countOf(/"sha256:[0-9a-f]{64}"\s*:/g, text) !== entries.length) {
    told.problem ??= 'its manifest map names a digest twice, or in a form that is not a digest';
  }
  const mediaTypeFact = mediaTypeFacts();
  for (const [digest, entry] of entries) {
    if (!isDigest(digest) || entry === null || typeof entry !== 'object') {
      told.problem ??= 'its manifest map has an entry that can not be read';
      continue;
    }
    const { tag, mediaType, imageSizeBytes, timeUploadedMs } = entry as Record<string, unknown>;
    const tags = new Set<string>();
    if (Array.isArray(tag)) {
      for (const one of tag as unknown[]) {
        if (typeof one === 'string' && isTag(one)) tags.add(one);
        else told.problem ??= `${digest} has something as a tag that is none`;
      }
    } else if (tag === undefined || tag === null) {
      told.lacksTagList = true;
    } else {
      told.problem ??= `the tags of ${digest} are not a list`;
    }
    const type = mediaTypeFact(mediaType);
    const fresh: ToldManifest = {
      tags,
      mediaType: type,
      sizeBytes: sizeFact(imageSizeBytes, type),
      uploadedAtMs: uploadFact(timeUploadedMs),
    };
    const earlier = told.manifests.get(digest);
    told.manifests.set(digest, earlier === undefined ? fresh : merged(earlier, fresh));
  }
  return entries.length;
}

/** A page has thousands of manifests of two or three types; those of one type share one fact and its text. */
function mediaTypeFacts(): (mediaType: unknown) => Fact<string> {
  const facts = new Map<string, Fact<string>>();
  return (mediaType) => {
    if (typeof mediaType !== 'string' || mediaType === '') return unknown('the registry names no media type');
    const shared = facts.get(mediaType) ?? known(mediaType);
    facts.set(mediaType, shared);
    return shared;
  };
}

/** A digest on two pages: all its tags count, and a fact that was told differently is not known. */
function merged(earlier: ToldManifest, later: ToldManifest): ToldManifest {
  const agreed = <T>(a: Fact<T>, b: Fact<T>): Fact<T> => {
    if (a.kind === 'unknown') return a;
    if (b.kind === 'unknown' || a.value === b.value) return b;
    return unknown('two pages of the listing tell it differently');
  };
  return {
    tags: new Set([...earlier.tags, ...later.tags]),
    mediaType: agreed(earlier.mediaType, later.mediaType),
    sizeBytes: agreed(earlier.sizeBytes, later.sizeBytes),
    uploadedAtMs: agreed(earlier.uploadedAtMs, later.uploadedAtMs),
  };
}

function countOf(pattern: RegExp, text: string): number {
  let count = 0;
  pattern.lastIndex = 0;
  while (pattern.exec(text) !== null) count += 1;
  return count;
}

const WHOLE_NUMBER = /^-?[0-9]{1,16}$/;

/** Google writes numbers as texts; both are read, everything else is null. */
function wholeNumber(value: unknown): number | null {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !WHOLE_NUMBER.test(text)) return null;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : null;
}

/**
 * An index may weigh 0: its images are listed and weighed by themselves. Nothing else does, so there 0 means
 * that the registry does not know.
 */
function sizeFact(value: unknown, mediaType: Fact<string>): Fact<number> {
  const sizeBytes = wholeNumber(value);
  if (sizeBytes === null || sizeBytes < 0) return unknown('the registry tells no readable size');
  const isIndex = mediaType.kind === 'known' && INDEX_TYPES.has(mediaType.value);
  return sizeBytes === 0 && !isIndex ? unknown('the registry tells a size of 0') : known(sizeBytes);
}

function uploadFact(value: unknown): Fact<number> {
  const uploadedAtMs = wholeNumber(value);
  // Year 1 and 1970 appear where a time is not known; an image of that age would be the first to go.
  return uploadedAtMs === null || uploadedAtMs <= 0
    ? unknown('the registry tells no readable upload time')
    : known(uploadedAtMs);
}

interface Found {
  readonly manifests: readonly ListedManifest[];
  readonly relations: Listing['relations'];
  readonly problem: string | null;
}

/** Google's listing: everything stands in the map; only what can point at other manifests is read. */
async function fromMap(repository: Repository, told: Told, options: ListingOptions): Promise<Found> {
  const owners = new Map<string, Digest>();
  let problem: string | null = null;
  const manifests: ListedManifest[] = [];
  for (const [digest, { tags, ...facts }] of told.manifests) {
    for (const tag of tags) {
      const other = owners.get(tag);
      // A tag that moved while the pages were read is at two places, or at none: see below.
      if (other !== undefined) problem ??= `tag ${tag} is at two digests, ${other} and ${digest}`;
      owners.set(tag, digest);
    }
    manifests.push({ digest, tags: [...tags].sort(), ...facts });
  }
  for (const tag of told.tags) {
    if (!owners.has(tag)) problem ??= `tag ${tag} is listed, and the manifest it points at is not`;
  }
  if (told.lacksTagList && told.lacksTags) problem ??= 'it does not say which manifests are tagged';
  const toRead = manifests.filter(hasRelations).map(({ digest }) => digest);
  const read = await readRelations(repository, toRead, options);
  const relations: Record<Digest, Fact<Manifest>> = {};
  for (const [digest, fact] of read) {
    relations[digest] = fact.kind === 'known' ? known(fact.value.manifest) : fact;
  }
  return { manifests, relations, problem };
}

/**
 * A plain registry names tags only: each is resolved and its manifest read. Untagged manifests stay unseen,
 * so an index's children are not listed either: an index that we can't see might need them.
 */
async function fromTags(repository: Repository, told: Told, options: ListingOptions): Promise<Found> {
  const resolved = new Map<Digest, { readonly tags: string[]; readonly mediaType: string | null }>();
  let problem: string | null = null;
  let failureCount = 0;
  await inLanes([...told.tags].sort(), options.laneCount, async (tag) => {
    if (failureCount >= FAILURES_MAX) return;
    let target: ResolvedTag | null;
    try {
      target = await resolveTag(options.session, repository, tag);
    } catch (thrown) {
      if (!(thrown instanceof WardenError)) throw thrown;
      failureCount += 1;
      problem ??= `tag ${tag} can't be resolved: ${thrown.message}`;
      return;
    }
    if (target === null) {
      problem ??= `tag ${tag} was listed, and was gone when it was to be resolved`;
      return;
    }
    const held = resolved.get(target.digest);
    if (held === undefined) resolved.set(target.digest, { tags: [tag], mediaType: target.mediaType });
    else held.tags.push(tag);
  });
  const read = await readRelations(repository, [...resolved.keys()], options);
  const relations: Record<Digest, Fact<Manifest>> = {};
  const manifests: ListedManifest[] = [];
  for (const [digest, { tags, mediaType }] of resolved) {
    const fact = read.get(digest) ?? unknown('it was not read');
    relations[digest] = fact.kind === 'known' ? known(fact.value.manifest) : fact;
    manifests.push({
      digest,
      tags: tags.sort(),
      mediaType: typeFact(fact.kind === 'known' ? fact.value.manifest.mediaType : mediaType),
      sizeBytes: fact.kind === 'known' ? weighed(fact.value.manifest, fact.value.sizeBytes) : fact,
      uploadedAtMs: unknown('this registry does not tell when it received a manifest'),
    });
  }
  return { manifests, relations, problem };
}

/** After so many tags that can't be resolved the rest is not tried; the listing is incomplete anyway. */
const FAILURES_MAX = 20;

function typeFact(mediaType: string | null): Fact<string> {
  return mediaType === null || mediaType === ''
    ? unknown('the registry names no media type')
    : known(mediaType);
}

/** As Google weighs: the manifest, its config and its layers. */
function weighed(manifest: Manifest, manifestSizeBytes: number): Fact<number> {
  if (manifest.kind !== 'image') return unknown('this registry tells no sizes, and the manifest names none');
  return known(manifest.blobs.reduce((sum, blob) => sum + blob.sizeBytes, manifestSizeBytes));
}

/**
 * The tags that point at a digest now, however the registry tells it.
 * @throws RegistryError REGISTRY_LISTING_INCOMPLETE where not every tag can be accounted for
 */
export async function tagsOfDigest(
  repository: Repository,
  digest: Digest,
  options: Pick<ListingOptions, 'session' | 'laneCount'>,
): Promise<readonly string[]> {
  const { told, walk } = await readTagsList(repository, options);
  const completeness = completenessOf(told, walk);
  if (completeness.kind === 'incomplete') {
    throw new RegistryError(
      'REGISTRY_LISTING_INCOMPLETE',
      `The tags of ${formatRepository(repository)} can't be listed in full: ${completeness.reason}. Which of them point at ${digest} is not known.`,
      { method: 'GET', url: `${formatRepository(repository)} (tags/list)` },
      { retryable: true },
    );
  }
  const tags = new Set(told.manifests.get(digest)?.tags);
  // Google's map may be older than a tag's last move: every tag is asked.
  await inLanes([...told.tags], options.laneCount, async (tag) => {
    const target = await resolveTag(options.session, repository, tag);
    if (target?.digest === digest) tags.add(tag);
  });
  return [...tags].sort();
}
