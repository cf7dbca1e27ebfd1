import type { Digest } from '../../shared/core/digest.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { type Descriptor, MEDIA_TYPES } from '../../shared/core/manifest.ts';

/** A layer: a tar archive, or any content where it says its own media type. */
export interface LayerContent {
  readonly bytes: Uint8Array;
  /** The digest of the archive where `bytes` is that archive in gzip; without it `bytes` is the archive itself. */
  readonly unpackedDigest?: Digest;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What an image claims about itself. */
export interface ConfigContent {
  /** RFC 3339. Anything at all in real images; without it the image claims no created time. */
  readonly created?: string;
  readonly architecture?: string;
  readonly os?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Everything an image is made of. Equal content makes equal digests. */
export interface ImageContent {
  readonly layers: readonly LayerContent[];
  readonly config?: ConfigContent;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What this is about: a signature's image, for example (OCI 1.1). */
  readonly subject?: Descriptor;
  /** Makes an artifact: a manifest with the empty config, which nobody runs. */
  readonly artifactType?: string;
  /** `oci` by default. Docker's format knows neither `subject` nor `artifactType`, and they are left out. */
  readonly format?: 'oci' | 'docker';
}

/** A child of an index. */
export interface IndexChild extends Descriptor {
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Everything an index is made of. */
export interface IndexContent {
  readonly children: readonly IndexChild[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Descriptor;
  readonly format?: 'oci' | 'docker';
}

/** A manifest ready to be pushed, with the blobs that have to be there before it. */
export interface BuiltManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly blobs: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[];
}

const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const OCI_EMPTY = 'application/vnd.oci.empty.v1+json';
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

/** Builds an image or an artifact. */
export function buildImage(content: ImageContent): BuiltManifest {
  const isDocker = content.format === 'docker';
  const isArtifact = content.artifactType !== undefined && !isDocker;
  const configBytes = isArtifact ? Buffer.from('{}') : imageConfig(content);
  const configType = isArtifact ? OCI_EMPTY : isDocker ? DOCKER_CONFIG : OCI_CONFIG;
  const layers = content.layers.map((layer) => ({
    ...pointer(layer.mediaType ?? layerType(layer, isDocker), layer.bytes),
    ...(layer.annotations === undefined ? {} : { annotations: layer.annotations }),
  }));
  const built = json({
    schemaVersion: 2,
    mediaType: isDocker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest,
    ...(isArtifact ? { artifactType: content.artifactType } : {}),
    config: pointer(configType, configBytes),
    layers,
    ...(content.subject === undefined || isDocker ? {} : { subject: written(content.subject) }),
    ...(content.annotations === undefined ? {} : { annotations: content.annotations }),
  });
  const blobs = [configBytes, ...content.layers.map(({ bytes }) => bytes)];
  return {
    mediaType: isDocker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest,
    digest: sha256(built),
    bytes: built,
    blobs: blobs.map((bytes) => ({ digest: sha256(bytes), bytes })),
  };
}

/** Builds an index over manifests that are pushed already. */
export function buildIndex(content: IndexContent): BuiltManifest {
  const isDocker = content.format === 'docker';
  const mediaType = isDocker ? MEDIA_TYPES.dockerManifestList : MEDIA_TYPES.ociIndex;
  const bytes = json({
    schemaVersion: 2,
    mediaType,
    manifests: content.children.map((child) => ({
      ...written(child),
      ...(child.platform === undefined ? {} : { platform: child.platform }),
      ...(child.annotations === undefined ? {} : { annotations: child.annotations }),
    })),
    ...(content.subject === undefined || isDocker ? {} : { subject: written(content.subject) }),
    ...(content.annotations === undefined ? {} : { annotations: content.annotations }),
  });
  return { mediaType, digest: sha256(bytes), bytes, blobs: [] };
}

/** Docker has one suffix for a packed layer, OCI another. */
function layerType({ unpackedDigest }: LayerContent, isDocker: boolean): string {
  if (isDocker) return unpackedDigest === undefined ? DOCKER_LAYER : `${DOCKER_LAYER}.gzip`;
  return unpackedDigest === undefined ? OCI_LAYER : `${OCI_LAYER}+gzip`;
}

function imageConfig({ config = {}, layers }: ImageContent): Uint8Array {
  return json({
    ...(config.created === undefined ? {} : { created: config.created }),
    architecture: config.architecture ?? 'amd64',
    os: config.os ?? 'linux',
    config: config.labels === undefined ? {} : { Labels: config.labels },
    rootfs: {
      type: 'layers',
      diff_ids: layers.map(({ bytes, unpackedDigest }) => unpackedDigest ?? sha256(bytes)),
    },
  });
}

function pointer(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: sha256(bytes), size: bytes.length };
}

/** A descriptor as documents spell it. */
function written({ mediaType, digest, sizeBytes }: Descriptor) {
  return { mediaType, digest, size: sizeBytes };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
