import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TagsListPage } from '../../../shared/adapters/registry/tags-list-page.ts';
import type { ToldListing } from '../../../shared/adapters/registry/told-listing.ts';
import { MEDIA_TYPES } from '../../../shared/core/manifest.ts';
import { digestOf } from './test-server.ts';
import '../../support/property-seed.ts';

interface Entry {
  readonly digest: string;
  readonly tags: readonly string[];
}

function told(entries: readonly Entry[]): ToldListing {
  const page = new TagsListPage();
  const manifest = Object.fromEntries(
    entries.map(({ digest, tags }) => [
      digest,
      { tag: tags, mediaType: MEDIA_TYPES.dockerManifest, imageSizeBytes: '7', timeUploadedMs: '9' },
    ]),
  );
  page.write(Buffer.from(JSON.stringify({ tags: entries.flatMap(({ tags }) => tags), manifest })));
  expect(page.end()).not.toBeNull();
  return page.told;
}

/** Digests of which many begin alike, as somebody might make them up. */
const digest = fc
  .tuple(fc.constantFrom('00000000', 'ffffffff', '7fffffff', '80000000'), fc.nat({ max: 40 }))
  .map(([begin, rest]) => `sha256:${begin}${rest.toString(16).padStart(56, '0')}`);

describe('what pages told together', () => {
  it('has every manifest once, in the order of digests, with all its tags in their order', () => {
    const pages = fc.array(
      fc.uniqueArray(fc.record({ digest, tags: fc.constant([]) }), {
        selector: (entry) => entry.digest,
        minLength: 1,
      }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(pages, (parts) => {
        // A tag of each page and digest, so that a digest on two pages has two.
        const named = parts.map((part, page) =>
          part.map(({ digest }, at) => ({ digest, tags: [`t${at}-${page}`, `a${at}-${page}`] })),
        );
        const [first, ...others] = named.map(told) as [ToldListing, ...ToldListing[]];
        for (const other of others) first.absorb(other);
        const expected = new Map<string, string[]>();
        for (const { digest, tags } of named.flat()) {
          expected.set(digest, [...(expected.get(digest) ?? []), ...tags]);
        }
        expect(first.manifests().map((manifest) => [manifest.digest, manifest.tags])).toEqual(
          [...expected].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, tags]) => [key, tags.sort()]),
        );
        expect(first.problem).toBeNull();
        expect(first.contradiction()).toBeNull();
      }),
    );
  });

  it('is right when it outgrows its first room, and holds a page if and only if all of it is there', () => {
    const entries = Array.from({ length: 3_000 }, (_, at) => ({
      digest: digestOf(`${at}`),
      tags: at % 3 === 0 ? [] : [`${'long-'.repeat(20)}${at}`, `v${at}`],
    }));
    const all = told(entries.slice(0, 1_700));
    all.absorb(told(entries.slice(1_700)));
    const byDigest = new Map(all.manifests().map((manifest) => [manifest.digest as string, manifest.tags]));
    expect(byDigest.size).toBe(3_000);
    for (const entry of entries) expect(byDigest.get(entry.digest)).toEqual([...entry.tags].sort());

    expect(all.holds(told(entries.slice(40, 60)))).toBe(true);
    expect(all.holds(told([{ digest: digestOf('another'), tags: [] }]))).toBe(false);
    expect(all.holds(told([{ digest: digestOf('1'), tags: ['v1', 'another'] }]))).toBe(false);
    expect(all.holds(told([{ digest: digestOf('2'), tags: ['v1'] }]))).toBe(false);
  });

  it('holds more manifests than one segment of digests has room for, from one page and from two', () => {
    const entries = Array.from({ length: 40_000 }, (_, at) => ({ digest: digestOf(`${at}`), tags: [] }));
    const whole = told(entries);
    const joined = told(entries.slice(0, 16_384));
    joined.absorb(told(entries.slice(16_384)));
    const expected = entries.map(({ digest }) => digest).sort();
    for (const all of [whole, joined]) {
      expect(all.manifests().map((manifest) => manifest.digest)).toEqual(expected);
      expect(all.holds(told(entries.slice(16_380, 16_390)))).toBe(true);
    }
    expect(whole.digests.internFrom(joined.digests, 39_999)).toBe(39_999);
    expect(whole.digests.findFrom(told([{ digest: digestOf('another'), tags: [] }]).digests, 0)).toBe(-1);
  });

  it('keeps both digests of a tag that two pages have at different ones, and says so', () => {
    const first = told([{ digest: digestOf('a'), tags: ['v1'] }]);
    first.absorb(told([{ digest: digestOf('b'), tags: ['v1'] }]));
    expect(first.manifests().map(({ tags }) => tags)).toEqual([['v1'], ['v1']]);
    expect(first.problem).toMatch(/^tag v1 is at two digests/);
  });
});
