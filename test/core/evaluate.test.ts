import { describe, expect, it } from 'vitest';
import { evaluateRule } from '../../shared/core/evaluate.ts';
import type { HistoryFact } from '../../shared/core/history.ts';
import type { Artifact, Inventory } from '../../shared/core/inventory.ts';
import { MEDIA_TYPES } from '../../shared/core/manifest.ts';
import type { Condition, Newest, NewestGroup, TagPattern } from '../../shared/core/policy.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Usage } from '../../shared/core/usage.ts';
import {
  digestOf,
  NO_USAGE,
  NOW_MS,
  type Piece,
  rule,
  subjectTag,
  takingOf,
  told,
  usageOf,
} from './estate.ts';

type Kind = 'yes' | 'no' | 'unknown';

const glob = (...texts: string[]): readonly TagPattern[] => texts.map((text) => ({ kind: 'glob', text }));
const tags = (match: 'any' | 'all', ...texts: string[]): Condition => ({
  kind: 'tags',
  match,
  patterns: glob(...texts),
});
const age = (
  kind: 'olderThan' | 'newerThan' | 'untaggedFor' | 'taggedWithin' | 'pulledWithin' | 'notPulledFor',
  days: number,
): Condition => ({
  kind,
  ageMs: days * DAY_MS,
});

/** What one condition says of the artifact `a`. */
function ask(
  condition: Condition,
  piece: Partial<Piece>,
  facts: readonly HistoryFact[] = [],
  usage: Usage = NO_USAGE,
  change: Partial<Artifact> = {},
): Kind {
  const { inventory } = takingOf([{ name: 'a', ...piece }], facts, usage);
  const artifacts = inventory.artifacts.map((artifact) => ({ ...artifact, ...change }));
  const [artifact] = artifacts;
  if (artifact === undefined) throw new Error('no artifact');
  return evaluateRule(rule('delete', 'r', [condition]), { ...inventory, artifacts }, NOW_MS)(artifact).kind;
}

describe('conditions', () => {
  const cases: readonly [Kind, string, () => Kind][] = [
    ['yes', 'all', () => ask({ kind: 'all' }, {})],

    ['yes', 'state tagged: a tag', () => ask({ kind: 'state', state: 'tagged' }, { tags: ['v1'] })],
    ['no', 'state tagged: none', () => ask({ kind: 'state', state: 'tagged' }, {})],
    ['yes', 'state untagged: none', () => ask({ kind: 'state', state: 'untagged' }, {})],
    [
      'no',
      'state untagged: only the tag of a signature whose image is gone',
      () => ask({ kind: 'state', state: 'untagged' }, { tags: [subjectTag('gone', '.sig')] }),
    ],

    ['yes', 'tags any: one of two matches', () => ask(tags('any', 'pr-*'), { tags: ['pr-1', 'v1'] })],
    ['no', 'tags any: none matches', () => ask(tags('any', 'pr-*'), { tags: ['v1'] })],
    ['no', 'tags any: no tag', () => ask(tags('any', '*'), {})],
    ['yes', 'tags all: both match', () => ask(tags('all', 'pr-*'), { tags: ['pr-1', 'pr-2'] })],
    [
      'yes',
      'tags all: each matches one pattern',
      () => ask(tags('all', 'pr-*', 'v?'), { tags: ['pr-1', 'v1'] }),
    ],
    ['no', 'tags all: one does not match', () => ask(tags('all', 'pr-*'), { tags: ['pr-1', 'v1'] })],
    ['no', 'tags all: no tag', () => ask(tags('all', '*'), {})],

    ['yes', 'olderThan: a moment more', () => ask(age('olderThan', 7), { days: 7.001 })],
    ['no', 'olderThan: exactly', () => ask(age('olderThan', 7), { days: 7 })],
    ['no', 'olderThan: from the future', () => ask(age('olderThan', 7), { days: -9 })],
    ['unknown', 'olderThan: nobody tells', () => ask(age('olderThan', 7), { days: null })],

    ['yes', 'newerThan: a moment less', () => ask(age('newerThan', 7), { days: 6.999 })],
    ['no', 'newerThan: exactly', () => ask(age('newerThan', 7), { days: 7 })],
    ['yes', 'newerThan: from the future', () => ask(age('newerThan', 7), { days: -9 })],
    ['unknown', 'newerThan: nobody tells', () => ask(age('newerThan', 7), { days: null })],

    [
      'yes',
      'untaggedFor: longer ago',
      () => ask(age('untaggedFor', 3), {}, [told(9, 'INSERT', 'a', 'x'), told(4, 'DELETE', null, 'x')]),
    ],
    [
      'no',
      'untaggedFor: pushed long ago and untagged lately',
      () => ask(age('untaggedFor', 3), {}, [told(90, 'INSERT', 'a', 'x'), told(2, 'DELETE', null, 'x')]),
    ],
    ['no', 'untaggedFor: it has a tag', () => ask(age('untaggedFor', 3), { tags: ['x'] })],
    ['unknown', 'untaggedFor: nobody told when', () => ask(age('untaggedFor', 3), {})],

    [
      'yes',
      'taggedWithin: an old image with a tag of yesterday',
      () => ask(age('taggedWithin', 7), { tags: ['x'] }, [told(1, 'INSERT', 'a', 'x')]),
    ],
    [
      'no',
      'taggedWithin: longer ago',
      () => ask(age('taggedWithin', 7), { tags: ['x'] }, [told(9, 'INSERT', 'a', 'x')]),
    ],
    ['no', 'taggedWithin: no tag', () => ask(age('taggedWithin', 7), {})],
    ['unknown', 'taggedWithin: nobody told', () => ask(age('taggedWithin', 7), { tags: ['x'] })],

    [
      'yes',
      'pulledWithin: yesterday',
      () =>
        ask(age('pulledWithin', 7), {}, [], NO_USAGE, {
          lastPulledAtMs: { kind: 'known', value: NOW_MS - DAY_MS },
        }),
    ],
    [
      'no',
      'pulledWithin: never pulled',
      () => ask(age('pulledWithin', 7), {}, [], NO_USAGE, { lastPulledAtMs: { kind: 'known', value: null } }),
    ],
    ['unknown', 'pulledWithin: pulls are not recorded', () => ask(age('pulledWithin', 7), {})],
    [
      'yes',
      'notPulledFor: longer ago',
      () =>
        ask(age('notPulledFor', 7), {}, [], NO_USAGE, {
          lastPulledAtMs: { kind: 'known', value: NOW_MS - 8 * DAY_MS },
        }),
    ],
    [
      'yes',
      'notPulledFor: pulls are recorded and there was none',
      () => ask(age('notPulledFor', 7), {}, [], NO_USAGE, { lastPulledAtMs: { kind: 'known', value: null } }),
    ],
    [
      'no',
      'notPulledFor: yesterday',
      () =>
        ask(age('notPulledFor', 7), {}, [], NO_USAGE, {
          lastPulledAtMs: { kind: 'known', value: NOW_MS - DAY_MS },
        }),
    ],
    ['unknown', 'notPulledFor: pulls are not recorded', () => ask(age('notPulledFor', 7), {})],

    ['yes', 'inUse: it runs', () => ask({ kind: 'inUse' }, {}, [], usageOf({ name: 'a', by: 'pod x' }))],
    ['no', 'inUse: all answered and nothing runs it', () => ask({ kind: 'inUse' }, {}, [], usageOf())],
    ['unknown', 'inUse: nobody was asked', () => ask({ kind: 'inUse' }, {})],

    ['yes', 'digests: the root', () => ask({ kind: 'digests', digests: [digestOf('a')] }, {})],
    ['no', 'digests: another', () => ask({ kind: 'digests', digests: [digestOf('b')] }, {})],

    [
      'yes',
      'largerThan: a byte more',
      () => ask({ kind: 'largerThan', sizeBytes: 999 }, { sizeBytes: 1000 }),
    ],
    ['no', 'largerThan: exactly', () => ask({ kind: 'largerThan', sizeBytes: 1000 }, { sizeBytes: 1000 })],
    [
      'unknown',
      'largerThan: nobody tells',
      () => ask({ kind: 'largerThan', sizeBytes: 1 }, { sizeBytes: null }),
    ],

    [
      'yes',
      'mediaTypes: its type',
      () => ask({ kind: 'mediaTypes', mediaTypes: ['text/x', MEDIA_TYPES.ociManifest] }, {}),
    ],
    [
      'yes',
      'mediaTypes: its artifact type',
      () =>
        ask(
          { kind: 'mediaTypes', mediaTypes: ['application/vnd.sbom'] },
          { artifactType: 'application/vnd.sbom' },
        ),
    ],
    ['no', 'mediaTypes: another', () => ask({ kind: 'mediaTypes', mediaTypes: ['text/x'] }, {})],
    [
      'unknown',
      'mediaTypes: nobody tells',
      () => ask({ kind: 'mediaTypes', mediaTypes: ['text/x'] }, { mediaType: null }),
    ],
    [
      'unknown',
      'mediaTypes: the artifact type could not be read',
      () => ask({ kind: 'mediaTypes', mediaTypes: ['text/x'] }, { unreadable: '503' }),
    ],
  ];

  it.each(cases)('%s to %s', (expected, _row, answer) => {
    expect(answer()).toBe(expected);
  });

  it('find a child by its digest', () => {
    const { inventory } = takingOf([{ name: 'app', children: ['amd64'] }, { name: 'amd64' }]);
    const ask = evaluateRule(
      rule('keep', 'r', [{ kind: 'digests', digests: [digestOf('amd64')] }]),
      inventory,
      NOW_MS,
    );
    expect(inventory.artifacts.map((artifact) => ask(artifact).kind)).toEqual(['yes']);
  });
});

describe('rules', () => {
  const both = [{ kind: 'state', state: 'untagged' }, age('olderThan', 7)] as const;
  const answerTo = (piece: Partial<Piece>, more = {}): Kind => {
    const { inventory } = takingOf([{ name: 'a', ...piece }]);
    const [artifact] = inventory.artifacts;
    if (artifact === undefined) throw new Error('no artifact');
    return evaluateRule(rule('keep', 'r', both, more), inventory, NOW_MS)(artifact).kind;
  };

  it('want all of their conditions', () => {
    expect(answerTo({ days: 9 })).toBe('yes');
    expect(answerTo({ days: 2 })).toBe('no');
    expect(answerTo({ days: 9, tags: ['x'] })).toBe('no');
  });

  it('say no where one condition does, whatever is not known of another', () => {
    expect(answerTo({ days: null, tags: ['x'] })).toBe('no');
    expect(answerTo({ days: null })).toBe('unknown');
  });

  it('say nothing from their end on', () => {
    expect(answerTo({ days: 9 }, { untilMs: NOW_MS + 1 })).toBe('yes');
    expect(answerTo({ days: 9 }, { untilMs: NOW_MS })).toBe('no');
  });
});

describe('newest', () => {
  const newest = (
    count: number,
    by: Newest['by'] = 'upload',
    per: NewestGroup = { kind: 'repository' },
  ): Newest => ({
    count,
    by,
    per,
  });
  const semver = (text: string): Condition => ({
    kind: 'tags',
    match: 'any',
    patterns: [{ kind: 'semver', text }],
  });

  /** Names for which the rule says yes, and for which it does not know. */
  function answers(
    pieces: readonly Piece[],
    conditions: readonly Condition[],
    wanted: Newest,
  ): { yes: string[]; unknown: string[] } {
    const { inventory } = takingOf(pieces);
    const ask = evaluateRule(rule('keep', 'r', conditions, { newest: wanted }), inventory, NOW_MS);
    const of = (kind: Kind): string[] =>
      pieces
        .filter(({ name }) =>
          inventory.artifacts.some((one) => one.root === digestOf(name) && ask(one).kind === kind),
        )
        .map(({ name }) => name);
    return { yes: of('yes'), unknown: of('unknown') };
  }

  const versions = (...tagged: string[]): Piece[] =>
    tagged.map((tag, index) => ({ name: tag, tags: [tag], days: 10 + index }));

  const cases: readonly [string, readonly Piece[], readonly Condition[], Newest, string[], string[]][] = [
    [
      'the last uploaded, whatever the order of names',
      [
        { name: 'a', days: 3 },
        { name: 'b', days: 1 },
        { name: 'c', days: 2 },
      ],
      [{ kind: 'all' }],
      newest(2),
      ['b', 'c'],
      [],
    ],
    [
      'of those that match the conditions, and no others',
      [
        { name: 'a', days: 1 },
        { name: 'b', days: 3, tags: ['x'] },
        { name: 'c', days: 2, tags: ['y'] },
      ],
      [{ kind: 'state', state: 'tagged' }],
      newest(1),
      ['c'],
      [],
    ],
    [
      'an image of two platforms as one',
      [
        { name: 'app', days: 1, children: ['amd64', 'arm64'] },
        { name: 'amd64', days: 1 },
        { name: 'arm64', days: 1 },
        { name: 'old', days: 5 },
        { name: 'older', days: 9 },
      ],
      [{ kind: 'all' }],
      newest(2),
      ['app', 'old'],
      [],
    ],
    [
      'none for a place that is not known, which takes none from another',
      [
        { name: 'a', days: null },
        { name: 'b', days: 2 },
        { name: 'c', days: 3 },
      ],
      [{ kind: 'all' }],
      newest(1),
      ['b'],
      ['a'],
    ],
    [
      'none for one that could not be read and stays anyway',
      [
        { name: 'a', days: 1, unreadable: '503' },
        { name: 'b', days: 2 },
        { name: 'c', days: 3 },
      ],
      [{ kind: 'all' }],
      newest(1),
      ['b'],
      ['a'],
    ],
    [
      'none for images that are about each other in a circle and stay anyway',
      [
        { name: 'a', days: 1, subject: 'b' },
        { name: 'b', days: 2, subject: 'a' },
        { name: 'c', days: 3 },
        { name: 'd', days: 4 },
      ],
      [{ kind: 'all' }],
      newest(1),
      ['c'],
      ['a', 'b'],
    ],
    [
      'the highest versions, whenever they were uploaded',
      versions('1.10.0', '1.9.0', '2.0.0', '1.2.0'),
      [semver('>=0.0.0')],
      newest(2, 'semver'),
      ['1.10.0', '2.0.0'],
      [],
    ],
    [
      'a release above its candidates',
      versions('2.0.0-rc.2', '2.0.0', '2.0.0-rc.10'),
      [semver('>=2.0.0-0')],
      newest(2, 'semver'),
      ['2.0.0', '2.0.0-rc.10'],
      [],
    ],
    [
      'versions with a v',
      versions('v1.0.0', 'v1.1.0'),
      [semver('>=0.0.0')],
      newest(1, 'semver'),
      ['v1.1.0'],
      [],
    ],
    [
      'of every minor version',
      versions('1.1.0', '1.1.1', '1.2.0', '1.2.5'),
      [semver('>=0.0.0')],
      newest(1, 'semver', { kind: 'semver', part: 'minor' }),
      ['1.1.1', '1.2.5'],
      [],
    ],
    [
      'of every major version',
      versions('1.1.0', '1.2.0', '2.0.0'),
      [semver('>=0.0.0')],
      newest(1, 'semver', { kind: 'semver', part: 'major' }),
      ['1.2.0', '2.0.0'],
      [],
    ],
    [
      'of every branch',
      versions('main-3', 'main-2', 'dev-9', 'dev-8'),
      [{ kind: 'tags', match: 'any', patterns: [{ kind: 'regex', text: '^(?P<branch>[a-z]+)-\\d+$' }] }],
      newest(1, 'upload', { kind: 'capture', name: 'branch' }),
      ['main-3', 'dev-9'],
      [],
    ],
    [
      'an image of two branches where it is newest in one',
      [
        { name: 'a', days: 5, tags: ['main-1', 'dev-1'] },
        { name: 'b', days: 1, tags: ['dev-2'] },
      ],
      [{ kind: 'tags', match: 'any', patterns: [{ kind: 'regex', text: '^(?P<branch>[a-z]+)-\\d+$' }] }],
      newest(1, 'upload', { kind: 'capture', name: 'branch' }),
      ['a', 'b'],
      [],
    ],
    ['all where there are fewer', [{ name: 'a' }], [{ kind: 'all' }], newest(5), ['a'], []],
  ];

  it.each(cases)('counts %s', (_row, pieces, conditions, wanted, yes, unknown) => {
    const found = answers(pieces, conditions, wanted);
    expect(found.yes.sort()).toEqual([...yes].sort());
    expect(found.unknown).toEqual(unknown);
  });

  it('keeps all that share the last place: nothing tells which of them is newer', () => {
    const pieces = ['a', 'b', 'c'].map((name) => ({ name, days: 5 }));
    const found = answers(
      [...pieces, { name: 'new', days: 1 }, { name: 'old', days: 9 }],
      [{ kind: 'all' }],
      newest(2),
    );
    expect(found.yes).toEqual(['a', 'b', 'c', 'new']);
  });

  it('keeps all of a registry that tells no times, until the ledger has seen newer ones', () => {
    const pieces = ['a', 'b', 'c', 'd'].map((name) => ({ name, days: null }));
    const firstLook = pieces.map(({ name }) => ({ ...told(9, 'INSERT', name), source: 'observed' as const }));
    const { inventory } = takingOf(
      [...pieces, { name: 'e', days: null }],
      [...firstLook, told(2, 'INSERT', 'e')],
    );
    const kept = (count: number): number => {
      const ask = evaluateRule(
        rule('keep', 'r', [{ kind: 'all' }], { newest: newest(count) }),
        inventory,
        NOW_MS,
      );
      return inventory.artifacts.filter((artifact) => ask(artifact).kind === 'yes').length;
    };
    expect([kept(1), kept(2)]).toEqual([1, 5]);
  });

  it('tells the rank, of how many, and the group', () => {
    const { inventory } = takingOf(versions('1.1.0', '1.1.1', '1.2.0'));
    const wanted = rule('keep', 'r', [semver('>=0.0.0')], {
      newest: newest(2, 'semver', { kind: 'semver', part: 'minor' }),
    });
    const artifact = inventory.artifacts.find(({ root }) => root === digestOf('1.1.0'));
    const evidence = artifact && evaluateRule(wanted, inventory, NOW_MS)(artifact).evidence.at(-1);
    expect(evidence).toEqual({ kind: 'newest', rank: 2, count: 2, of: 2, group: '1.1' });
  });
});

describe('an inventory of nothing', () => {
  it('is no trouble to a rule', () => {
    const { inventory } = takingOf([]);
    const empty: Inventory = inventory;
    expect(() =>
      evaluateRule(
        rule('keep', 'r', [{ kind: 'all' }], {
          newest: { count: 1, by: 'upload', per: { kind: 'repository' } },
        }),
        empty,
        NOW_MS,
      ),
    ).not.toThrow();
  });
});
