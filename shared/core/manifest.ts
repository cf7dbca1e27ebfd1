import { type Digest, isDigest } from './digest.ts';
import { WardenError } from './error.ts';

export const MEDIA_TYPES = {
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifestV1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerManifestV1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
} as const;

/** All manifest media types we ask for, in order of preference. */
export const MANIFEST_MEDIA_TYPES: readonly string[] = Object.values(MEDIA_TYPES);

/** A pointer to content (OCI image specification, descriptor). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** The relations of one manifest, as far as reachability and size need them. */
export interface Manifest {
  /** `legacy` is Docker schema 1, which has no children and no subject. */
  readonly kind: 'image' | 'index' | 'legacy';
  readonly mediaType: string;
  /** null where neither `artifactType` nor a telling config type is present. */
  readonly artifactType: string | null;
  /** Manifests an index points at; empty for an image. */
  readonly children: readonly Descriptor[];
  /** What this manifest is about (OCI 1.1 `subject`), or null. */
  readonly subject: Descriptor | null;
  /** Config and layers; empty for an index. */
  readonly blobs: readonly Descriptor[];
}

/** Indexes nest; a manifest with more children than this is refused rather than half read. */
const DESCRIPTORS_MAX = 10_000;

function refuse(why: string): never {
  throw new WardenError('MANIFEST_INVALID', `The manifest can't be read: ${why}.`);
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) refuse(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function descriptor(value: unknown, what: string): Descriptor {
  const { mediaType, digest, size } = record(value, what);
  if (!isDigest(digest)) refuse(`${what} has no sha256 digest`);
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest,
    sizeBytes: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : 0,
  };
}

function descriptors(value: unknown, what: string): Descriptor[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) refuse(`${what} is not a list`);
  if (value.length > DESCRIPTORS_MAX) refuse(`${what} has more than ${DESCRIPTORS_MAX} entries`);
  return value.map((entry, index) => descriptor(entry, `${what}[${index}]`));
}

/**
 * Reads a manifest's relations. `contentType` is the reply's, and is believed only where the document
 * carries no `mediaType` of its own.
 * @throws WardenError MANIFEST_INVALID
 */
export function parseManifest(text: string, contentType: string | null): Manifest {
  let document: Record<string, unknown>;
  try {
    document = record(JSON.parse(text), 'the document');
  } catch (cause) {
    if (cause instanceof WardenError) throw cause;
    throw new WardenError('MANIFEST_INVALID', "The manifest can't be read: it is not JSON.", { cause });
  }
  const declared = typeof document['mediaType'] === 'string' ? document['mediaType'] : '';
  const mediaType = declared !== '' ? declared : (contentType?.split(';')[0]?.trim() ?? '');
  if (document['schemaVersion'] === 1) {
    return { kind: 'legacy', mediaType, artifactType: null, children: [], subject: null, blobs: [] };
  }
  const subject = document['subject'] == null ? null : descriptor(document['subject'], 'subject');
  const artifactType = typeof document['artifactType'] === 'string' ? document['artifactType'] : null;
  // One reader would take it for an image, another for an index with children (CVE-2021-41190).
  if (document['manifests'] != null && (document['config'] != null || document['layers'] != null)) {
    refuse('it has "manifests" beside "config" or "layers", so it may be an image or an index');
  }
  const isIndex =
    mediaType === MEDIA_TYPES.ociIndex ||
    mediaType === MEDIA_TYPES.dockerManifestList ||
    Array.isArray(document['manifests']);
  if (isIndex) {
    if (!Array.isArray(document['manifests'])) refuse('it is an index without "manifests"');
    const children = descriptors(document['manifests'], 'manifests');
    return { kind: 'index', mediaType, artifactType, children, subject, blobs: [] };
  }
  if (document['config'] == null) refuse('it has neither "config" nor "manifests"');
  const config = descriptor(document['config'], 'config');
  const layers = descriptors(document['layers'], 'layers');
  const fromConfig = config.mediaType === 'application/vnd.oci.empty.v1+json' ? null : config.mediaType;
  return {
    kind: 'image',
    mediaType,
    artifactType: artifactType ?? fromConfig,
    children: [],
    subject,
    blobs: [config, ...layers],
  };
}

const SUBJECT_TAG = /^sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;

/**
 * The digest a tag is about, where the tag is one of cosign's (`sha256-….sig`, `.att`, `.sbom`) or the
 * referrers fallback tag of OCI 1.1 (`sha256-…`); null for every other tag.
 */
export function subjectOfTag(tag: string): Digest | null {
  // Every tag of every listing is asked, and hardly one is such a tag.
  if (!tag.startsWith('sha256-')) return null;
  const hex = SUBJECT_TAG.exec(tag)?.[1];
  return hex === undefined ? null : `sha256:${hex}`;
}
