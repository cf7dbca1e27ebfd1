import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../estate.ts';
import {
  CASES,
  checkCases,
  deletedBy,
  ESTATE_CASES,
  estates,
  importOrNull,
  isTied,
  naiveOf,
  piecesOf,
  plainImages,
  TIME_MAX_MS,
} from './cases.ts';
import { gcrCleanerDeletes, graceMsOf, isCandidate, type NaivePayload } from './naive-gcr-cleaner.ts';

const pattern = fc.constantFrom(
  '^pr-',
  '^pr-[0-9]+$',
  'pr',
  'v1|v2',
  '.*',
  '.',
  '^v[0-9]+[.]0$',
  '(?i:never)|main',
);

const payload: fc.Arbitrary<NaivePayload> = fc
  .record({
    grace: fc.option(fc.constantFrom('72h', '120h', '90s', '1h30m', '1.5h', '120h0m10s', '500ms', '0s'), {
      nil: undefined,
    }),
    keep: fc.option(fc.nat(4), { nil: undefined }),
    filter: fc.oneof(
      fc.constant({}),
      pattern.map((text) => ({ tag_filter_any: text })),
      pattern.map((text) => ({ tag_filter_all: text })),
    ),
  })
  .map(({ grace, keep, filter }) => ({
    repos: [REPOSITORY],
    ...(grace === undefined ? {} : { grace }),
    ...(keep === undefined ? {} : { keep }),
    ...filter,
  }));

function importOf(one: NaivePayload) {
  return importOrNull({
    from: 'gcr-cleaner',
    files: [{ file: 'payload.json', text: JSON.stringify(one) }],
    repositories: [],
  });
}

describe('an imported payload of gcr-cleaner', () => {
  it(
    'deletes exactly what the source deletes, less what a note of the import names',
    () => {
      let [imported, deletions, exact] = [0, 0, 0];
      checkCases(CASES, fc.tuple(payload, plainImages), ([one, images]) => {
        const found = importOf(one);
        if (found === null) return;
        imported += 1;
        const ours = deletedBy(found.policies, piecesOf(images), REPOSITORY).manifests;
        const theirs = gcrCleanerDeletes(one, images);
        for (const name of ours) expect(theirs).toContain(name);
        deletions += theirs.size;
        if (ours.size === theirs.size) exact += 1;
        for (const image of images) {
          if (ours.has(image.name) || !theirs.has(image.name)) continue;
          const named = found.notes.some(({ kind }) => {
            if (kind === 'COUNTED_APART') {
              // It is among the newest of its own kind.
              const kin = images.filter(
                (other) => isCandidate(one, other) && other.tags.length > 0 === image.tags.length > 0,
              );
              return kin.filter(({ ageMs }) => ageMs < image.ageMs).length < (one.keep ?? 0);
            }
            // What is still in its grace takes no place among the newest either.
            if (kind === 'ROUNDED')
              return images.some(({ ageMs }) => Math.abs(ageMs - graceMsOf(one.grace)) < 60_000);
            return kind === 'TIES' && isTied(image, images);
          });
          expect(named).toBe(true);
        }
      });
      expect(imported).toBe(CASES);
      expect(deletions).toBeGreaterThan(imported * 0.5);
      expect(exact).toBeGreaterThan(imported * 0.7);
    },
    TIME_MAX_MS,
  );

  it('deletes no image of several manifests that the source would not, and all of it', () => {
    checkCases(ESTATE_CASES, fc.tuple(payload, estates), ([one, pieces]) => {
      const found = importOf(one);
      if (found === null) return;
      const all = naiveOf(pieces);
      const { roots } = deletedBy(found.policies, pieces, REPOSITORY);
      const theirs = gcrCleanerDeletes(one, all);
      for (const root of roots) expect(theirs).toContain(root);
      expect(found.notes.map(({ kind }) => kind)).toContain('MEMBERS');
    });
  });
});
