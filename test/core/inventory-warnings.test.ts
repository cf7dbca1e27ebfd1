import { describe, expect, it } from 'vitest';
import { targetWarnings } from '../../shared/core/inventory-warnings.ts';
import type { Completeness } from '../../shared/core/listing.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import type { Condition, Policy, RepositorySelection, TagPattern } from '../../shared/core/policy.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { NO_USAGE, NOW_MS, type Piece, policy, policySet, REPOSITORY, rule, takingOf } from './estate.ts';

const TARGET = 'europe-docker.pkg.dev/acme';
const COMPLETE: Completeness = { kind: 'complete' };
const CUT: Completeness = { kind: 'incomplete', reason: 'it was cut' };

const tags = (...patterns: readonly TagPattern[]): Condition => ({ kind: 'tags', match: 'any', patterns });
const glob = (text: string): TagPattern => ({ kind: 'glob', text });
const OLD = rule('delete', 'old', [{ kind: 'olderThan', ageMs: 30 * DAY_MS }]);

function planOf(pieces: readonly Piece[], one: Policy, completeness = COMPLETE) {
  return planRepository({
    ...takingOf(pieces, [], NO_USAGE, completeness),
    policies: policySet(one),
    scope: 'all',
    nowMs: NOW_MS,
  });
}

const piece = (name: string, ...its: readonly string[]): Piece => ({ name, tags: its });
const THREE = [piece('a', 'v1'), piece('b', 'v2'), piece('c', 'v3')];

describe('the plan of a repository', () => {
  const newest = (count: number, conditions: readonly Condition[] = [{ kind: 'all' }]) =>
    rule('keep', 'last', conditions, {
      newest: { count, by: 'upload', per: { kind: 'repository' } },
      line: 7,
    });

  it('tells of newest that keeps all, among it what a delete rule names', () => {
    expect(planOf([...THREE, { name: 'd', days: 1 }], policy([newest(4), OLD])).warnings).toEqual([
      'services.yaml:7: newest: 4 in the rule last of policy services keeps all 4 images that the rule looks at here, 3 of them named by a delete rule.',
    ]);
  });

  it.each([
    ['newest leaves one out', THREE, policy([newest(2), OLD])],
    ['no delete rule names what newest keeps', [{ name: 'd', days: 1 }], policy([newest(4), OLD])],
    [
      'a large group hides behind a small one',
      [
        { ...piece('a', 'x-1', 'y-1'), days: 40 },
        { ...piece('b', 'y-2'), days: 50 },
      ],
      policy([
        rule('keep', 'last', [tags({ kind: 'regex', text: '^(?P<g>[xy])-' })], {
          newest: { count: 1, by: 'upload', per: { kind: 'capture', name: 'g' } },
        }),
        OLD,
      ]),
    ],
  ])('says nothing where %s', (_title, pieces: readonly Piece[], one) => {
    expect(planOf(pieces, one).warnings).toEqual([]);
  });

  it('tells of a delete rule whose patterns match every tag', () => {
    const wide = rule('delete', 'all-v', [tags({ kind: 'prefix', text: 'v' })], { line: 9 });
    expect(planOf([...THREE, { name: 'd' }], policy([wide])).warnings).toEqual([
      'services.yaml:9: prefix "v" in the rule all-v of policy services matches every one of the 3 tags here.',
    ]);
    expect(planOf([...THREE, piece('d', 'main')], policy([wide])).warnings).toEqual([]);
    expect(planOf([piece('a', 'v1')], policy([wide])).warnings).toEqual([]);
  });

  it('tells of a keep rule whose patterns match every tag only where it saves something', () => {
    const keep = rule('keep', 'all-v', [tags(glob('v1'), glob('v[2-9]'), glob('v*'))]);
    expect(planOf(THREE, policy([keep, OLD])).warnings).toEqual([
      expect.stringContaining('glob "v1" or glob "v[2-9]" or glob "v*" in the rule all-v'),
    ]);
    expect(
      planOf(
        THREE.map((one) => ({ ...one, days: 1 })),
        policy([keep, OLD]),
      ).warnings,
    ).toEqual([]);
    const ended = { ...keep, untilMs: NOW_MS - 1 };
    expect(planOf(THREE, policy([ended, OLD])).warnings.join()).not.toContain('matches every');
  });

  it('says nothing of a listing that may be cut', () => {
    expect(planOf(THREE, policy([newest(4), OLD]), CUT).warnings).toEqual([]);
  });
});

describe('the plan of a target', () => {
  function warned(
    selection: RepositorySelection,
    more: { catalog?: Completeness; listing?: Completeness; rules?: Parameters<typeof policy>[0] } = {},
  ): string[] {
    const one = policy(more.rules ?? [OLD], { repositories: selection });
    const parts = {
      target: TARGET,
      catalog: more.catalog ?? COMPLETE,
      repositories: [planOf(THREE, one, more.listing)],
    };
    return targetWarnings([one], parts, NOW_MS).map(({ message }) => message);
  }
  const including = (...include: readonly string[]): RepositorySelection => ({ include, exclude: [] });

  it('tells of a pattern that matches no repository, excludes too', () => {
    expect(warned({ include: ['*/acme/**', '*/acme/service/**'], exclude: [`${TARGET}/base/**`] })).toEqual([
      `"!${TARGET}/base/**" of policy services matches no repository of ${TARGET}.`,
      `"*/acme/service/**" of policy services matches no repository of ${TARGET}.`,
    ]);
  });

  it.each([
    'gcr.io/acme/service/**',
    'europe-docker.pkg.dev/other/**',
    'europe-docker.pkg.dev/*/service',
    '**/service',
    'europe-docker.pkg.dev/**/service',
  ])('says nothing of %s, which may match elsewhere', (pattern) => {
    expect(warned(including(pattern))).toEqual([]);
  });

  it('says nothing where not all repositories were seen', () => {
    expect(warned(including('*/acme/service/**'), { catalog: CUT })).toEqual([]);
  });

  const idle = [rule('delete', 'tmp', [tags(glob('tmp-*'), { kind: 'prefix', text: 'v' }, glob('wip-*'))])];

  it('tells of tag patterns that match no tag, one line a rule', () => {
    expect(warned(including('*/acme/**'), { rules: idle })).toEqual([
      `glob "tmp-*" and glob "wip-*" in the rule tmp of policy services match no tag now, in the only repository of ${TARGET} that the policy selects.`,
    ]);
  });

  it.each([
    ['the policy also selects what was not looked at', including(`${TARGET}/**`, 'gcr.io/acme/**'), {}],
    ['a listing may be cut', including(`${TARGET}/**`), { listing: CUT }],
    ['the policy selects nothing here', including('gcr.io/acme/**'), {}],
  ])('says nothing of tag patterns where %s', (_title, selection, more) => {
    expect(warned(selection, { rules: idle, ...more })).toEqual([]);
  });

  it('selects the repository of these tests', () => {
    expect(REPOSITORY.startsWith(`${TARGET}/`)).toBe(true);
  });
});
