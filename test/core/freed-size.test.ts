import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/core/digest.ts';
import { type Fact, known, unknown } from '../../shared/core/fact.ts';
import {
  freedSize,
  type GoingManifest,
  listedSize,
  type WeighedManifest,
} from '../../shared/core/freed-size.ts';
import type { Descriptor, Manifest } from '../../shared/core/manifest.ts';
import { digestOf } from './estate.ts';
import { checkProperty, MANY } from './property.ts';

const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const MANIFEST_BYTES = 10;

const blob = (name: string, sizeBytes = 100, mediaType = LAYER): Descriptor => ({
  mediaType,
  digest: digestOf(`blob ${name}`),
  sizeBytes,
});

function image(blobs: readonly Descriptor[], kind: Manifest['kind'] = 'image'): Fact<WeighedManifest> {
  const manifest: Manifest = {
    kind,
    mediaType: '',
    artifactType: null,
    children: [],
    subject: null,
    blobs,
  };
  return known({ manifest, sizeBytes: MANIFEST_BYTES });
}

const going = (...names: string[]): GoingManifest[] =>
  names.map((name) => ({ digest: digestOf(name), listedBytes: 1_000 }));

function freed(
  read: Readonly<Record<string, Fact<WeighedManifest>>>,
  gone: readonly string[],
  isAll = true,
): ReturnType<typeof freedSize> {
  const contents = new Map(Object.entries(read).map(([name, fact]) => [digestOf(name), fact]));
  const staying: Digest[] = [...contents.keys()].filter(
    (one) => !gone.some((name) => digestOf(name) === one),
  );
  return freedSize(going(...gone), staying, contents, isAll);
}

describe('the bytes that are freed', () => {
  it.each<[string, ReturnType<typeof freedSize>, ReturnType<typeof freedSize>]>([
    [
      'are the blobs of what goes, and its manifest',
      freed({ a: image([blob('config', 5), blob('x')]) }, ['a']),
      { kind: 'exact', sizeBytes: 115 },
    ],
    [
      'count a blob of two that go once',
      freed({ a: image([blob('base'), blob('x')]), b: image([blob('base')]) }, ['a', 'b']),
      { kind: 'exact', sizeBytes: 220 },
    ],
    [
      'have no blob that something kept refers to',
      freed({ a: image([blob('base'), blob('x')]), kept: image([blob('base')]) }, ['a']),
      { kind: 'exact', sizeBytes: 110 },
    ],
    ['of an index are its own', freed({ a: image([], 'index') }, ['a']), { kind: 'exact', sizeBytes: 10 }],
    ['of nothing are exactly none', freed({ a: image([blob('x')]) }, []), { kind: 'exact', sizeBytes: 0 }],
    [
      'are a bound where something kept could not be read',
      freed({ a: image([blob('x')]), kept: unknown('503') }, ['a']),
      { kind: 'at most', sizeBytes: 110, unknownCount: 0 },
    ],
    [
      'are a bound where something kept was not seen',
      freed({ a: image([blob('x')]) }, ['a'], false),
      { kind: 'at most', sizeBytes: 110, unknownCount: 0 },
    ],
    [
      'are a bound with its listed size where something that goes could not be read',
      freed({ a: image([blob('x')]), b: unknown('503') }, ['a', 'b']),
      { kind: 'at most', sizeBytes: 1_110, unknownCount: 0 },
    ],
    [
      'are a bound where a manifest of schema 1 names no sizes',
      freed({ a: image([], 'legacy') }, ['a']),
      { kind: 'at most', sizeBytes: 1_000, unknownCount: 0 },
    ],
    [
      'are a bound where a layer is stored elsewhere',
      freed({ a: image([blob('x', 100, 'application/vnd.oci.image.layer.nondistributable.v1.tar')]) }, ['a']),
      { kind: 'at most', sizeBytes: 110, unknownCount: 0 },
    ],
    [
      'are not exact where a blob that goes has no size',
      freed({ a: image([blob('x', 0)]) }, ['a']),
      { kind: 'at most', sizeBytes: 10, unknownCount: 1 },
    ],
  ])('%s', (_row, found, expected) => {
    expect(found).toEqual(expected);
  });

  it('of a listing name how many sizes are missing', () => {
    const [a, b] = going('a', 'b') as [GoingManifest, GoingManifest];
    expect(listedSize([a, { ...b, listedBytes: null }])).toEqual({
      kind: 'at most',
      sizeBytes: 1_000,
      unknownCount: 1,
    });
  });

  it('are what a naive count of the store before and after comes to', () => {
    const names = ['a', 'b', 'c', 'd'];
    const estate = fc.dictionary(
      fc.constantFrom(...names),
      fc.array(fc.constantFrom('p', 'q', 'r', 's', 't'), { maxLength: 4 }),
      { minKeys: 1 },
    );
    checkProperty(
      fc.tuple(estate, fc.subarray(names)),
      ([images, wanted]) => {
        const gone = wanted.filter((name) => images[name] !== undefined);
        const sizeOf = (name: string): number => name.charCodeAt(0);
        const store = (held: readonly string[]): number =>
          held.length * MANIFEST_BYTES +
          [...new Set(held.flatMap((name) => images[name] ?? []))].reduce((sum, one) => sum + sizeOf(one), 0);
        const all = Object.keys(images);
        const read = Object.fromEntries(
          all.map((name) => [name, image((images[name] ?? []).map((one) => blob(one, sizeOf(one))))]),
        );
        expect(freed(read, gone)).toEqual({
          kind: 'exact',
          sizeBytes: store(all) - store(all.filter((name) => !gone.includes(name))),
        });
      },
      MANY,
    );
  });
});
