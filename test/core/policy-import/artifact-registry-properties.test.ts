import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../estate.ts';
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
import {
  artifactRegistryDeletes,
  isAbout,
  millisecondsOf,
  type NaiveCleanupPolicy,
} from './naive-artifact-registry.ts';

const BASE = 'europe-docker.pkg.dev/acme/services';

const older = fc.constantFrom('5d', '12h', '1d12h', '90s', '432060s');
const newer = fc.constantFrom('10d', '18d', '864000s', '12h', '90s');
const some = <T>(from: readonly T[]) =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength: 1, maxLength: 2 });
/** A field that is there in one of so many policies. */
const inOneOf = <T>(count: number, field: fc.Arbitrary<T>) =>
  fc.oneof({ weight: count - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: field });

const packages = inOneOf(4, some(['api', 'ap', 'a', 'web', 'api%2Fv1', 'API']));

const keepCount = fc.record({ keepCount: fc.nat(4), packageNamePrefixes: packages });

const condition = fc
  .record({
    tagState: fc.constantFrom('TAGGED', 'UNTAGGED', 'ANY', undefined),
    tagPrefixes: inOneOf(2, some(['pr-', 'v', 'v1', 'main', 'stable', 'tmp', '-bad', 'sha256-'])),
    versionNamePrefixes: fc.oneof(
      { weight: 20, arbitrary: fc.constant(undefined) },
      { weight: 2, arbitrary: fc.constantFrom(['sha256:'], ['v1', 's']) },
      { weight: 1, arbitrary: some(['v1', digestOf('m1'), digestOf('m2'), digestOf('m3').slice(0, 9)]) },
    ),
    packageNamePrefixes: packages,
    olderThan: inOneOf(2, older),
    newerThan: inOneOf(5, newer),
  })
  // Refused as invalid; see the tables.
  .filter(({ tagState, tagPrefixes }) => tagState !== 'UNTAGGED' || tagPrefixes === undefined);

const cleanupPolicies = fc
  .array(
    fc.oneof(
      {
        weight: 1,
        arbitrary: keepCount.map((mostRecentVersions) => ({ type: 'Keep' as const, mostRecentVersions })),
      },
      { weight: 2, arbitrary: condition.map((one) => ({ type: 'Keep' as const, condition: one })) },
      { weight: 4, arbitrary: condition.map((one) => ({ type: 'Delete' as const, condition: one })) },
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((all) =>
    all.map(
      ({ type, ...rest }, index) => ({ name: `p${index}`, action: { type }, ...rest }) as NaiveCleanupPolicy,
    ),
  );

const packageName = fc.constantFrom('api', 'api', 'api%2Fv1', 'web');

function importOf(policies: readonly NaiveCleanupPolicy[]) {
  return importOrNull({
    from: 'artifact-registry',
    files: [{ file: 'cleanup.json', text: JSON.stringify(policies) }],
    repositories: [`${BASE}/**`],
  });
}

function repositoryOf(name: string): string {
  return `${BASE}/${name.replaceAll('%2F', '/')}`;
}

describe('imported cleanup policies of Artifact Registry', () => {
  it(
    'delete exactly what the source deletes, less what a note of the import names',
    () => {
      let [imported, deletions, exact] = [0, 0, 0];
      checkCases(CASES, fc.tuple(cleanupPolicies, plainImages, packageName), ([policies, images, name]) => {
        const found = importOf(policies);
        if (found === null) return;
        imported += 1;
        const ours = deletedBy(found.policies, piecesOf(images), repositoryOf(name)).manifests;
        const theirs = artifactRegistryDeletes(policies, name, images);
        for (const one of ours) expect(theirs).toContain(one);
        deletions += theirs.size;
        if (ours.size === theirs.size) exact += 1;
        for (const image of images) {
          if (ours.has(image.name) || !theirs.has(image.name)) continue;
          const named = found.notes.some(({ kind, rule }) => {
            const policy = policies.find((one) => one.name === rule);
            if (kind === 'LEFT_OUT') return policy !== undefined && isAbout(policy, image, name, images);
            if (kind === 'ROUNDED') {
              const limits = [policy?.condition?.olderThan, policy?.condition?.newerThan];
              return limits.some(
                (text) => text !== undefined && Math.abs(millisecondsOf(text) - image.ageMs) < 60_000,
              );
            }
            return kind === 'TIES' && isTied(image, images);
          });
          expect(named).toBe(true);
        }
      });
      expect(imported).toBeGreaterThan(CASES * 0.5);
      expect(deletions).toBeGreaterThan(imported * 0.5);
      expect(exact).toBeGreaterThan(imported * 0.9);
    },
    TIME_MAX_MS,
  );

  it('delete no image of several manifests that the source would not, and all of it', () => {
    checkCases(ESTATE_CASES, fc.tuple(cleanupPolicies, estates), ([policies, pieces]) => {
      const found = importOf(policies);
      if (found === null) return;
      const all = naiveOf(pieces);
      const { roots } = deletedBy(found.policies, pieces, repositoryOf('api'));
      const theirs = artifactRegistryDeletes(policies, 'api', all);
      for (const root of roots) expect(theirs).toContain(root);
      expect(found.notes.map(({ kind }) => kind)).toContain('MEMBERS');
    });
  });
});
