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
import { ecrDeletes, isSelected, type NaiveLifecycleRule, rulingOf } from './naive-ecr.ts';

const lists = <T>(from: readonly T[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...from).map((one) => [one]) },
    { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...from), { minLength: 2, maxLength: 2 }) },
  );

const tags = fc.oneof(
  fc.constant({ tagStatus: 'untagged' as const }),
  lists(['pr-*', '*', 'v*', 'v*.0*', '*pr-1', 'main', 'stable', '-x*', '**']).map((tagPatternList) => ({
    tagStatus: 'tagged' as const,
    tagPatternList,
  })),
  lists(['pr-', 'v', 'v1', 'main', 'tmp', '-x']).map((tagPrefixList) => ({
    tagStatus: 'tagged' as const,
    tagPrefixList,
  })),
);

const counts = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .integer({ min: 1, max: 4 })
      .map((countNumber) => ({ countType: 'imageCountMoreThan', countNumber })),
  },
  {
    weight: 4,
    arbitrary: fc
      .integer({ min: 1, max: 15 })
      .map((countNumber) => ({ countType: 'sinceImagePushed', countUnit: 'days', countNumber })),
  },
  { weight: 1, arbitrary: fc.constant({ countType: 'sinceImagePulled', countUnit: 'days', countNumber: 5 }) },
);

const action = fc.oneof(
  { weight: 9, arbitrary: fc.constant({ type: 'expire' }) },
  { weight: 1, arbitrary: fc.constant({ type: 'transition', targetStorageClass: 'archive' }) },
);

const rule = fc.record({ tags, counts, action });

const lifecyclePolicy = fc
  .record({
    rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
    last: fc.option(fc.record({ counts, action })),
    priorities: fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ rules, last, priorities }): NaiveLifecycleRule[] => [
    ...(last === null
      ? []
      : [
          {
            rulePriority: 100,
            selection: { tagStatus: 'any' as const, ...last.counts },
            action: last.action,
          },
        ]),
    ...rules.map((one, index) => ({
      rulePriority: priorities[index] ?? index + 1,
      selection: { ...one.tags, ...one.counts },
      action: one.action,
    })),
  ]);

function importOf(rules: readonly NaiveLifecycleRule[]) {
  return importOrNull({
    from: 'ecr',
    files: [{ file: 'lifecycle.json', text: JSON.stringify({ rules }) }],
    repositories: ['europe-docker.pkg.dev/acme/services/**'],
  });
}

/** The rule with only the first entry of its list, which is what its keep rule can say. */
function loosely(one: NaiveLifecycleRule): NaiveLifecycleRule {
  const { tagPatternList, tagPrefixList, ...rest } = one.selection;
  return {
    ...one,
    selection: {
      ...rest,
      ...(tagPatternList === undefined ? {} : { tagPatternList: tagPatternList.slice(0, 1) }),
      ...(tagPrefixList === undefined ? {} : { tagPrefixList: tagPrefixList.slice(0, 1) }),
    },
  };
}

describe('an imported lifecycle policy of ECR', () => {
  it(
    'deletes exactly what the source deletes, less what a note of the import names',
    () => {
      let [imported, deletions, exact] = [0, 0, 0];
      checkCases(CASES, fc.tuple(lifecyclePolicy, plainImages), ([rules, images]) => {
        const found = importOf(rules);
        if (found === null) return;
        imported += 1;
        const ours = deletedBy(found.policies, piecesOf(images), REPOSITORY).manifests;
        const theirs = ecrDeletes(rules, images);
        for (const one of ours) expect(theirs).toContain(one);
        deletions += theirs.size;
        if (ours.size === theirs.size) exact += 1;
        for (const image of images) {
          if (ours.has(image.name) || !theirs.has(image.name)) continue;
          const ruling = rulingOf(rules, image);
          const named = found.notes.some(({ kind, rule: name }) => {
            const noted = rules.find((one) => name === `rule ${one.rulePriority}`);
            switch (kind) {
              case 'LEFT_OUT':
                return noted !== undefined && (noted === ruling || isSelected(loosely(noted), image));
              case 'SEVERAL_RULES':
                return noted !== undefined && noted !== ruling && isSelected(loosely(noted), image);
              case 'COUNTED_APART':
                return noted === ruling && image.tags.length > 0;
              case 'ROUNDED': {
                const overMs = image.ageMs - (noted?.selection.countNumber ?? 0) * 86_400_000;
                return noted !== undefined && isSelected(noted, image) && overMs > 0 && overMs < 60_000;
              }
              default:
                return kind === 'TIES' && isTied(image, images);
            }
          });
          expect(named).toBe(true);
        }
      });
      expect(imported).toBeGreaterThan(CASES * 0.8);
      expect(deletions).toBeGreaterThan(imported * 0.5);
      expect(exact).toBeGreaterThan(imported * 0.6);
    },
    TIME_MAX_MS,
  );

  it('deletes no image of several manifests that the source would not, and all of it', () => {
    checkCases(ESTATE_CASES, fc.tuple(lifecyclePolicy, estates), ([rules, pieces]) => {
      const found = importOf(rules);
      if (found === null) return;
      const all = naiveOf(pieces);
      const { roots } = deletedBy(found.policies, pieces, REPOSITORY);
      const theirs = ecrDeletes(rules, all);
      for (const root of roots) expect(theirs).toContain(root);
      expect(found.notes.map(({ kind }) => kind)).toContain('MEMBERS');
    });
  });
});
