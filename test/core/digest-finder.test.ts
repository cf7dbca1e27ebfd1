import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Digest } from '../../shared/core/digest.ts';
import { DigestFinder, sortDigests } from '../../shared/core/digest-finder.ts';
import '../support/property-seed.ts';
import { digestOf } from './estate.ts';

const digests = fc.array(
  fc.oneof(
    fc.string().map(digestOf),
    // Many that begin alike, as a registry that wants to be slow would send them.
    fc.integer({ min: 0, max: 40 }).map((one): Digest => `sha256:${String(one).padStart(64, '0')}`),
    // What no reader lets through.
    fc.string().map((text): Digest => `sha256:${text}`),
  ),
);

it('finds every digest of a list in its sorted order, and no other', () => {
  fc.assert(
    fc.property(digests, digests, (listed, others) => {
      const finder = new DigestFinder(
        listed.map((digest) => ({ digest })),
        ({ digest }) => digest,
      );
      const sorted = [...new Set(listed)].sort();
      expect(finder.sorted.map(({ digest }) => digest)).toEqual(sorted);
      for (const digest of [...listed, ...others]) expect(finder.find(digest)).toBe(sorted.indexOf(digest));
    }),
  );
});

it('sorts as their texts do', () => {
  fc.assert(
    fc.property(digests, (listed) => {
      expect(sortDigests(listed)).toEqual(listed.toSorted());
    }),
  );
});

it('takes a list that is sorted as it is', () => {
  const listed = ['a', 'b', 'c', 'd'].map(digestOf).sort();
  const sorted = listed.map((digest) => ({ digest }));
  expect(new DigestFinder(sorted, ({ digest }) => digest).sorted).toBe(sorted);
  expect(new DigestFinder<Digest>([], (digest) => digest).find(digestOf('a'))).toBe(-1);
});
