import { describe, expect, it } from 'vitest';
import { MEDIA_TYPES, parseManifest, subjectOfTag } from '../../shared/core/manifest.ts';
import { digestOf, subjectTag } from './estate.ts';

const CONFIG = {
  mediaType: 'application/vnd.oci.image.config.v1+json',
  digest: digestOf('config'),
  size: 200,
};
const LAYER = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digestOf('layer'),
  size: 9000,
};
const IMAGE = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: CONFIG, layers: [LAYER] };
const CHILD = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf('amd64'), size: 500 };
const INDEX = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [CHILD] };

describe('manifests', () => {
  const good = [
    [
      'an image',
      IMAGE,
      null,
      {
        kind: 'image',
        mediaType: MEDIA_TYPES.ociManifest,
        artifactType: CONFIG.mediaType,
        blobs: [
          { mediaType: CONFIG.mediaType, digest: CONFIG.digest, sizeBytes: 200 },
          { mediaType: LAYER.mediaType, digest: LAYER.digest, sizeBytes: 9000 },
        ],
      },
    ],
    [
      'an image whose type only the reply tells',
      { ...IMAGE, mediaType: undefined },
      `${MEDIA_TYPES.dockerManifest}; charset=utf-8`,
      { kind: 'image', mediaType: MEDIA_TYPES.dockerManifest },
    ],
    [
      'the type in the document, whatever the reply says',
      INDEX,
      MEDIA_TYPES.ociManifest,
      { kind: 'index', mediaType: MEDIA_TYPES.ociIndex },
    ],
    [
      'an index',
      INDEX,
      null,
      {
        kind: 'index',
        artifactType: null,
        subject: null,
        children: [{ mediaType: MEDIA_TYPES.ociManifest, digest: CHILD.digest, sizeBytes: 500 }],
        blobs: [],
      },
    ],
    ['an index without children', { ...INDEX, manifests: [] }, null, { kind: 'index', children: [] }],
    [
      'an index without any type',
      { schemaVersion: 2, manifests: [CHILD] },
      null,
      { kind: 'index', mediaType: '' },
    ],
    [
      'a Docker manifest list',
      { ...INDEX, mediaType: MEDIA_TYPES.dockerManifestList },
      null,
      { kind: 'index' },
    ],
    [
      'a referrer',
      { ...IMAGE, subject: CHILD, artifactType: 'application/vnd.example.sbom' },
      null,
      {
        artifactType: 'application/vnd.example.sbom',
        subject: { mediaType: CHILD.mediaType, digest: CHILD.digest, sizeBytes: 500 },
      },
    ],
    [
      'an empty config, which tells no type',
      { ...IMAGE, config: { ...CONFIG, mediaType: 'application/vnd.oci.empty.v1+json' } },
      null,
      { artifactType: null },
    ],
    [
      'a size of no sense as none',
      { ...IMAGE, layers: [{ ...LAYER, size: -1 }] },
      null,
      { blobs: [{ sizeBytes: 200 }, { sizeBytes: 0 }] },
    ],
    [
      'Docker schema 1, which points at nothing',
      { schemaVersion: 1, name: 'acme/api', fsLayers: [] },
      MEDIA_TYPES.dockerManifestV1Signed,
      { kind: 'legacy', mediaType: MEDIA_TYPES.dockerManifestV1Signed, children: [], subject: null },
    ],
  ] as const;

  it.each(good)('reads %s', (_row, document, contentType, expected) => {
    expect(parseManifest(JSON.stringify(document), contentType)).toMatchObject(expected);
  });

  const bad = [
    ['nothing', ''],
    ['what is not JSON', '<html>'],
    ['null', 'null'],
    ['a list', '[]'],
    ['an object of nothing', '{}'],
    ['an index without manifests', JSON.stringify({ ...INDEX, manifests: undefined })],
    ['an index whose manifests are no list', JSON.stringify({ ...INDEX, manifests: {} })],
    ['a child without a digest', JSON.stringify({ ...INDEX, manifests: [CHILD, { size: 5 }] })],
    ['a child that is null', JSON.stringify({ ...INDEX, manifests: [null] })],
    ['a child of another hash', JSON.stringify({ ...INDEX, manifests: [{ ...CHILD, digest: 'sha512:0' }] })],
    ['a subject without a digest', JSON.stringify({ ...IMAGE, subject: {} })],
    ['an image without a config', JSON.stringify({ ...IMAGE, config: undefined })],
    ['layers that are no list', JSON.stringify({ ...IMAGE, layers: 'none' })],
    ['more children than are read', JSON.stringify({ ...INDEX, manifests: Array(10_001).fill(CHILD) })],
    // CVE-2021-41190: what one reader takes for an image is an index with children to another.
    ['an image that has children too', JSON.stringify({ ...IMAGE, manifests: [CHILD] })],
    ['an index that has layers too', JSON.stringify({ ...INDEX, layers: [LAYER] })],
    ['an index that has a config too', JSON.stringify({ ...INDEX, config: CONFIG })],
  ] as const;

  it.each(bad)('refuses %s', (_row, text) => {
    expect(() => parseManifest(text, null)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
  });
});

describe('tags about a digest', () => {
  it.each(['', '.sig', '.att', '.sbom'] as const)('tells the subject of sha256-…%s', (suffix) => {
    expect(subjectOfTag(subjectTag('api', suffix))).toBe(digestOf('api'));
  });

  const hex = digestOf('api').slice(7);
  it.each([
    ['a tag as any other', 'v1.2.3'],
    ['another suffix', `sha256-${hex}.old`],
    ['a suffix and more', `sha256-${hex}.sig.bak`],
    ['a digest that is too short', `sha256-${hex.slice(1)}.sig`],
    ['a digest in capitals', `sha256-${hex.toUpperCase()}.sig`],
    ['something before it', `x-sha256-${hex}`],
    ['another hash', `sha512-${hex}.sig`],
  ])('takes %s for a tag of an image', (_row, tag) => {
    expect(subjectOfTag(tag)).toBeNull();
  });
});
