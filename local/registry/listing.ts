import { type Digest, isDigest } from '../../shared/core/digest.ts';
import { MEDIA_TYPES } from '../../shared/core/manifest.ts';
import type { Dialect } from './dialect.ts';
import type { HeldManifest, ImageRepository } from './image-repository.ts';
import { cutPage, type PageRequest, pageHint } from './page.ts';
import { jsonReply, type Reply } from './reply.ts';

/** One value of the map `manifest`. All numbers are texts of digits (dialect: listing-map). */
interface ManifestEntry {
  readonly imageSizeBytes: string;
  readonly mediaType: string;
  readonly tag: readonly string[];
  readonly timeCreatedMs: string;
  readonly timeUploadedMs: string;
}

/** Year 1: what Artifact Registry shows where an image claims no created time (dialect: listing-year-1). */
const NO_CREATED_TIME_MS = -62_135_596_800_000;

/** `_catalog`: every repository the caller can see. It ends with `next: ""` where it pages by `next` (dialect: catalog-next). */
export function catalogReply(
  names: readonly string[],
  request: PageRequest,
  dialect: Dialect,
  host: string,
): Reply {
  const page = cutPage(names, request, dialect.pageCap);
  const { headers, next } = pageHint(page, request, dialect, host, '/v2/_catalog');
  const pagesByNext = dialect.paging === 'next' || dialect.paging === 'both';
  return jsonReply(200, { repositories: page.entries, ...(pagesByNext ? { next } : {}) }, headers);
}

/**
 * `tags/list` with Google's extension. It pages over manifests, untagged ones too; `tags` holds the tags of
 * this page's manifests. A path that only has repositories below it lists these as `child`.
 */
export function googleListingReply(
  name: string,
  repository: ImageRepository | null,
  children: readonly string[],
  request: PageRequest,
  dialect: Dialect,
  host: string,
): Reply {
  if (request.after !== null && !isDigest(request.after)) {
    return tagPageReply(name, repository, children, request, dialect, host);
  }
  const page = cutPage(repository?.digests() ?? [], request, dialect.pageCap);
  const { headers, next } = pageHint(page, request, dialect, host, `/v2/${name}/tags/list`);
  const entries: [string, ManifestEntry][] = [];
  for (const digest of page.entries) {
    const held = repository?.manifest(digest as Digest);
    if (repository && held) entries.push([digest, manifestEntry(held, repository.tagsOf(held.digest))]);
  }
  const body = {
    child: children,
    manifest: Object.fromEntries(entries),
    name,
    tags: entries.flatMap(([, entry]) => entry.tag).sort(),
    ...(next === '' ? {} : { next }),
  };
  return jsonReply(200, body, headers);
}

/**
 * The page after a tag, for clients that go by the distribution specification: there `last` is a tag, and tags
 * come in the order of their names. The map holds the manifests of this page's tags.
 */
function tagPageReply(
  name: string,
  repository: ImageRepository | null,
  children: readonly string[],
  request: PageRequest,
  dialect: Dialect,
  host: string,
): Reply {
  const page = cutPage(repository?.tags() ?? [], request, dialect.pageCap);
  const { headers, next } = pageHint(page, request, dialect, host, `/v2/${name}/tags/list`);
  const entries = new Map<Digest, ManifestEntry>();
  for (const tag of page.entries) {
    const digest = repository?.resolve(tag) ?? null;
    const held = digest === null ? null : (repository?.manifest(digest) ?? null);
    if (held !== null && repository)
      entries.set(held.digest, manifestEntry(held, repository.tagsOf(held.digest)));
  }
  const body = {
    child: children,
    manifest: Object.fromEntries(entries),
    name,
    tags: page.entries,
    ...(next === '' ? {} : { next }),
  };
  return jsonReply(200, body, headers);
}

/** `tags/list` of the distribution registry: tags, and nothing about manifests. */
export function plainListingReply(
  repository: ImageRepository,
  request: PageRequest,
  dialect: Dialect,
  host: string,
): Reply {
  const page = cutPage(repository.tags(), request, dialect.pageCap);
  const { headers, next } = pageHint(page, request, dialect, host, `/v2/${repository.name}/tags/list`);
  return jsonReply(
    200,
    { name: repository.name, tags: page.entries, ...(next === '' ? {} : { next }) },
    headers,
  );
}

function manifestEntry(held: HeldManifest, tags: readonly string[]): ManifestEntry {
  // Artifact Registry leaves `layerId` out, and shows no size for an index (dialect: listing-fields).
  const isIndex = held.manifest.kind === 'index';
  const blobBytes = held.manifest.blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  return {
    imageSizeBytes: String(isIndex ? 0 : held.bytes.length + blobBytes),
    mediaType: held.mediaType,
    tag: tags,
    timeCreatedMs: String(held.createdAtMs ?? NO_CREATED_TIME_MS),
    timeUploadedMs: String(held.uploadedAtMs),
  };
}

/** The OCI 1.1 referrers of a digest, as an image index; empty where there are none. */
export function referrersReply(
  repository: ImageRepository | null,
  subject: Digest,
  artifactType: string | null,
): Reply {
  const manifests = (repository?.referrersOf(subject) ?? [])
    .map((digest) => repository?.manifest(digest) ?? null)
    .filter((held) => held !== null)
    .filter((held) => artifactType === null || held.manifest.artifactType === artifactType)
    .map((held) => ({
      mediaType: held.mediaType,
      digest: held.digest,
      size: held.bytes.length,
      ...(held.manifest.artifactType === null ? {} : { artifactType: held.manifest.artifactType }),
      ...annotationsOf(held),
    }));
  const reply = jsonReply(200, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests });
  const headers = {
    'Content-Type': MEDIA_TYPES.ociIndex,
    ...(artifactType === null ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
  };
  return { ...reply, headers };
}

function annotationsOf(held: HeldManifest): { annotations?: unknown } {
  const document = JSON.parse(Buffer.from(held.bytes).toString('utf8')) as Record<string, unknown>;
  return document['annotations'] === undefined ? {} : { annotations: document['annotations'] };
}
