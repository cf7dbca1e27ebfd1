import { describe, expect, it } from 'vitest';
import { DAY_MS, MINUTE_MS } from '../../../shared/core/units.ts';
import type { Use } from '../../../shared/core/usage.ts';
import { digestOf, NOW_MS, REPOSITORY, takingOf, told } from '../estate.ts';

const BY = 'deployment prod/api (container api)';
const daysAgo = (days: number): number => NOW_MS - days * DAY_MS;

/** `v2` pointed at `first` from 30 to 20 days ago, at `second` to 9 days ago, and at `app` since; `gone` was removed. */
const FACTS = [
  told(30, 'INSERT', 'first', 'v2'),
  told(20, 'INSERT', 'second', 'v2'),
  told(9, 'INSERT', 'app', 'v2'),
  told(30, 'INSERT', 'first', 'gone'),
  told(25, 'INSERT', 'second', 'gone'),
  told(12, 'DELETE', 'second', 'gone'),
];
const PIECES = [
  { name: 'app', tags: ['v2'] },
  { name: 'second' },
  { name: 'first' },
  { name: 'other', tags: ['v1'] },
];

function usedNames(use: Partial<Use>, named = BY): string[] {
  const answer = {
    kind: 'complete',
    source: 'cluster prod',
    asOfMs: NOW_MS,
    uses: [{ repository: REPOSITORY, digest: null, tag: null, by: BY, ...use }],
  } as const;
  const { inventory } = takingOf(PIECES, FACTS, { version: 1, answers: [answer] });
  return PIECES.map(({ name }) => name).filter((name) => {
    const usedBy = inventory.artifacts.find(({ root }) => root === digestOf(name))?.usedBy;
    return usedBy?.kind === 'known' && usedBy.value.includes(named);
  });
}

describe('what a workload protects through a virtual repository', () => {
  const VIRTUAL = 'europe-docker.pkg.dev/platform/all/api';
  const through = `${BY}, through ${VIRTUAL}`;

  it.each<[string, Partial<Use>, string[]]>([
    ['by tag: what it points at now', { repository: VIRTUAL, tag: 'v2', sinceMs: daysAgo(40) }, ['app']],
    ['by a tag that is gone: nothing', { repository: VIRTUAL, tag: 'gone' }, []],
    [
      'by digest, whatever its tag: that digest',
      { repository: VIRTUAL, tag: 'v2', digest: digestOf('first') },
      ['first'],
    ],
    ['in another location: nothing', { repository: 'us-docker.pkg.dev/platform/all/api', tag: 'v2' }, []],
    ['for another image: nothing', { repository: 'europe-docker.pkg.dev/platform/all/web', tag: 'v2' }, []],
    [
      'on a host that is not Google: nothing',
      { repository: 'registry.example.com/platform/all/api', tag: 'v2' },
      [],
    ],
  ])('%s', (_title, use, names) => {
    expect(usedNames(use, use.digest === undefined ? through : BY)).toEqual(names);
  });
});

describe('what a workload protects', () => {
  it.each<[string, Partial<Use>, string[]]>([
    ['by digest: that digest', { digest: digestOf('first') }, ['first']],
    [
      'by digest, pulled through a mirror: that digest',
      { repository: 'gcr.io/x/mirror', digest: digestOf('first') },
      ['first'],
    ],
    [
      'by digest, with a tag that a restart pulls: what the tag points at now, too',
      { digest: digestOf('first'), tag: 'v2', sinceMs: daysAgo(29) },
      ['app', 'first'],
    ],
    ['by tag, younger than the last move: what it points at', { tag: 'v2', sinceMs: daysAgo(5) }, ['app']],
    ['by tag, that saw one move: both', { tag: 'v2', sinceMs: daysAgo(15) }, ['app', 'second']],
    [
      'by tag, as old as all of it: every one',
      { tag: 'v2', sinceMs: daysAgo(40) },
      ['app', 'second', 'first'],
    ],
    ['by tag, of unknown age: every one', { tag: 'v2' }, ['app', 'second', 'first']],
    [
      'by tag, started some minutes after the move by its own clock: both',
      { tag: 'v2', sinceMs: daysAgo(9) + 5 * MINUTE_MS },
      ['app', 'second'],
    ],
    [
      'by a tag that is gone, however young: everything that it ever was',
      { tag: 'gone', sinceMs: daysAgo(1) },
      ['second', 'first'],
    ],
    ['by a tag that never was: nothing', { tag: 'v9', sinceMs: daysAgo(1) }, []],
    ['by a tag of another repository: nothing', { repository: 'gcr.io/x/y', tag: 'v2' }, []],
  ])('%s', (_title, use, names) => {
    expect(usedNames(use)).toEqual(names);
  });
});
