import { describe, expect, it } from 'vitest';
import type { HistoryFact } from '../../shared/core/history.ts';
import type { Artifact } from '../../shared/core/inventory.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Usage } from '../../shared/core/usage.ts';
import {
  answerOf,
  digestOf,
  NO_USAGE,
  NOW_MS,
  type Piece,
  subjectTag,
  takingOf,
  told,
  usageOf,
} from './estate.ts';

function artifactOf(
  name: string,
  pieces: readonly Piece[],
  facts: readonly HistoryFact[] = [],
  usage: Usage = NO_USAGE,
): Artifact | undefined {
  return takingOf(pieces, facts, usage).inventory.artifacts.find(({ root }) => root === digestOf(name));
}

const DAY = (days: number): number => NOW_MS - days * DAY_MS;
const known = (value: unknown) => ({ kind: 'known', value });

describe('inventory', () => {
  it('counts a signed image of two platforms once, and all of its manifests', () => {
    const { inventory } = takingOf([
      { name: 'app', tags: ['v1', 'latest'], children: ['amd64', 'arm64'], sizeBytes: 0 },
      { name: 'amd64', sizeBytes: 300 },
      { name: 'arm64', sizeBytes: 200 },
      { name: 'sig', tags: [subjectTag('app', '.sig')], sizeBytes: 10 },
    ]);
    expect(inventory.manifestCount).toBe(4);
    expect(inventory.artifacts).toMatchObject([
      {
        root: digestOf('app'),
        tags: ['latest', 'v1'],
        members: [digestOf('amd64'), digestOf('arm64'), digestOf('sig')].sort(),
        sizeBytes: known(510),
      },
    ]);
  });

  it('has its artifacts sorted by digest', () => {
    const roots = takingOf([{ name: 'a' }, { name: 'b' }, { name: 'c' }]).inventory.artifacts.map(
      ({ root }) => root,
    );
    expect(roots).toEqual([...roots].sort());
  });

  it('does not know the size of an artifact where that of one member is not known', () => {
    const pieces = [
      { name: 'app', children: ['amd64'] },
      { name: 'amd64', sizeBytes: null },
    ];
    expect(artifactOf('app', pieces)?.sizeBytes).toEqual({
      kind: 'unknown',
      reason: `the registry does not tell the size of ${digestOf('amd64')}`,
    });
  });

  const uploads: readonly [string, Piece, HistoryFact[], unknown][] = [
    ['what the registry tells', { name: 'a', days: 7 }, [told(90, 'INSERT', 'a')], known(DAY(7))],
    [
      'the first sight where the registry tells nothing',
      { name: 'a', days: null },
      [told(90, 'INSERT', 'a')],
      { kind: 'at latest', value: DAY(90) },
    ],
    [
      'the first sight since it was last gone',
      { name: 'a', days: null },
      [told(90, 'INSERT', 'a'), told(50, 'DELETE', 'a'), told(2, 'INSERT', 'a')],
      { kind: 'at latest', value: DAY(2), afterMs: DAY(50) },
    ],
    [
      'unknown where nobody tells',
      { name: 'a', days: null },
      [],
      { kind: 'unknown', reason: 'the registry does not tell times' },
    ],
  ];
  it('does not rank what was seen late among times that the registry tells', () => {
    const pieces = [
      { name: 'a', days: null },
      { name: 'b', days: 7 },
    ];
    expect(artifactOf('a', pieces, [told(0, 'INSERT', 'a')])?.uploadedAtMs.kind).toBe('unknown');
  });

  it.each(uploads)('takes for the upload %s', (_row, piece, facts, expected) => {
    expect(artifactOf('a', [piece], facts)?.uploadedAtMs).toEqual(expected);
  });

  const tagging: readonly [string, Piece, HistoryFact[], unknown, unknown][] = [
    ['tagged once', { name: 'a', tags: ['v1'] }, [told(9, 'INSERT', 'a', 'v1')], known(null), known(DAY(9))],
    [
      'tagged twice: the youngest tag counts',
      { name: 'a', tags: ['v1', 'v2'] },
      [told(9, 'INSERT', 'a', 'v1'), told(3, 'INSERT', 'a', 'v2')],
      known(null),
      known(DAY(3)),
    ],
    [
      'a tag that nobody told of',
      { name: 'a', tags: ['v1', 'v2'] },
      [told(9, 'INSERT', 'a', 'v1')],
      known(null),
      { kind: 'unknown', reason: 'nobody told when tag v2 was put there' },
    ],
    [
      'untagged',
      { name: 'a' },
      [told(9, 'INSERT', 'a', 'v1'), told(4, 'DELETE', null, 'v1')],
      known(DAY(4)),
      known(null),
    ],
    [
      'untagged, and nobody told when',
      { name: 'a' },
      [],
      { kind: 'unknown', reason: 'nobody told when it lost its last tag' },
      known(null),
    ],
    [
      'untagged here, and tagged as far as was told',
      { name: 'a' },
      [told(9, 'INSERT', 'a', 'v1')],
      { kind: 'unknown', reason: 'nobody told when it lost its last tag' },
      known(null),
    ],
  ];
  it.each(tagging)('tells times of an image that is %s', (_row, piece, facts, untaggedSince, taggedAt) => {
    expect(artifactOf('a', [piece], facts)).toMatchObject({
      untaggedSinceMs: untaggedSince,
      taggedAtMs: taggedAt,
    });
  });

  it('does not know pulls, which nobody records', () => {
    expect(artifactOf('a', [{ name: 'a' }])?.lastPulledAtMs.kind).toBe('unknown');
  });
});

describe('use', () => {
  const app: readonly Piece[] = [
    { name: 'app', tags: ['v2'], children: ['amd64'] },
    { name: 'amd64' },
    { name: 'old' },
  ];
  const moved = [told(20, 'INSERT', 'old', 'v2'), told(9, 'INSERT', 'app', 'v2')];
  const pod = 'pod prod/api-1';
  const silent = { kind: 'unknown', source: 'cluster prod', reason: '403' } as const;

  const cases: readonly [string, string, Usage, unknown][] = [
    ['by digest', 'app', usageOf({ name: 'app', by: pod }), known([pod])],
    ['by the digest of a child', 'app', usageOf({ name: 'amd64', by: pod }), known([pod])],
    [
      'by digest, in whatever repository',
      'app',
      usageOf({ name: 'app', by: pod, repository: '' }),
      known([pod]),
    ],
    ['by tag', 'app', usageOf({ tag: 'v2', by: pod }), known([pod])],
    [
      'by tag: also what the tag pointed at before, since a pod may still run it',
      'old',
      usageOf({ tag: 'v2', by: pod }),
      known([pod]),
    ],
    [
      'not by a tag of another repository',
      'app',
      usageOf({ tag: 'v2', by: pod, repository: 'gcr.io/x/y' }),
      known([]),
    ],
    ['not at all', 'app', usageOf(), known([])],
    [
      'by one source while another is silent',
      'app',
      { version: 1, answers: [silent, answerOf('complete', { name: 'app', by: pod })] },
      known([pod]),
    ],
    [
      'nobody knows while a source is silent',
      'app',
      { version: 1, answers: [answerOf('complete'), silent] },
      { kind: 'unknown', reason: 'cluster prod did not answer: 403' },
    ],
    [
      'nobody knows without a source',
      'app',
      NO_USAGE,
      { kind: 'unknown', reason: 'no in-use source is configured' },
    ],
    [
      'nobody knows by best effort alone',
      'app',
      { version: 1, answers: [answerOf('best effort')] },
      { kind: 'unknown', reason: 'cluster prod answers by best effort only' },
    ],
    [
      'named once by whoever uses it twice',
      'app',
      usageOf({ name: 'app', by: pod }, { name: 'amd64', by: pod }),
      known([pod]),
    ],
  ];
  it.each(cases)('%s', (_row, name, usage, expected) => {
    expect(artifactOf(name, app, moved, usage)?.usedBy).toEqual(expected);
  });
});

describe('relations that are not known', () => {
  it('keep the artifact, and no other where an image could not be read', () => {
    const pieces = [{ name: 'a', unreadable: '503' }, { name: 'b' }];
    expect(artifactOf('a', pieces)?.unreadable).toBe('503');
    expect(artifactOf('b', pieces)?.unreadable).toBeNull();
  });

  it('keep everything where an index could not be read', () => {
    const pieces = [
      { name: 'a', unreadable: '503', children: [] },
      { name: 'b', tags: ['v1'] },
    ];
    expect(artifactOf('b', pieces)?.unreadable).toBe(
      `an index of the repository may point at it, but ${digestOf('a')} can't be read: 503`,
    );
  });

  it('keep an index of which a member could not be read, and name it', () => {
    const pieces = [
      { name: 'app', children: ['amd64'] },
      { name: 'amd64', unreadable: '503' },
    ];
    expect(artifactOf('app', pieces)?.unreadable).toBe(`${digestOf('amd64')}: 503`);
  });

  it('keep what is about itself in a circle', () => {
    const pieces = [
      { name: 'a', tags: [subjectTag('b', '.sig')] },
      { name: 'b', tags: [subjectTag('a', '.sig')] },
    ];
    expect(artifactOf('a', pieces)?.unreadable).toBe('it is about itself in a circle');
  });
});
