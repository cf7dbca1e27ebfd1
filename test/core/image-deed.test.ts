import { describe, expect, it } from 'vitest';
import { dayOf } from '../../shared/core/day-ranges.ts';
import { deriveHistory } from '../../shared/core/history.ts';
import { daysOfDeeds, doersOf, doerText, type ImageDeed } from '../../shared/core/image-deed.ts';
import type { JournalEntry } from '../../shared/core/journal.ts';
import { DAY_MS, SECOND_MS } from '../../shared/core/units.ts';
import { digestOf, NOW_MS, REPOSITORY, told } from './estate.ts';

const API = digestOf('api');

function deed(days: number, over: Partial<ImageDeed> = {}): ImageDeed {
  const by = 'ann@example.com';
  return { atMs: NOW_MS - days * DAY_MS, kind: 'push', digest: null, tag: null, by, isOwn: false, ...over };
}

/** `api` was pushed with tag v1 nine days ago, lost it five days ago and went three days ago. */
const FACTS = [told(9, 'INSERT', 'api', 'v1'), told(5, 'DELETE', null, 'v1'), told(3, 'DELETE', 'api')];

function who(deeds: readonly ImageDeed[], journal: readonly JournalEntry[] = [], facts = FACTS) {
  const history = deriveHistory(REPOSITORY, facts).digests[API];
  if (history === undefined) throw new Error('nothing is remembered of it');
  const { pushed, tags, deleted } = doersOf(API, history, deeds, journal);
  return [
    doerText(pushed),
    ...tags.flatMap(({ set, removed }) => [doerText(set), removed === null ? null : doerText(removed)]),
    deleted === null ? null : doerText(deleted),
  ];
}

describe('who did what to an image', () => {
  const U = 'unknown';
  const ANN = 'ann@example.com';
  const rows: readonly [string, readonly ImageDeed[], readonly (string | null)[]][] = [
    ['is unknown where no log tells it', [], [U, U, U, U]],
    [
      'is told by entries close to what the registry told',
      [
        deed(9, {
          tag: 'v1',
          by: 'ci@acme.iam.gserviceaccount.com',
          atMs: NOW_MS - 9 * DAY_MS - 40 * SECOND_MS,
        }),
        deed(5, { kind: 'untag', tag: 'v1' }),
        deed(3, { kind: 'delete', digest: API, by: 'bob@example.com' }),
      ],
      ['ci@acme.iam.gserviceaccount.com', 'ci@acme.iam.gserviceaccount.com', ANN, 'bob@example.com'],
    ],
    ['takes no other push of the tag for it', [deed(8.9, { tag: 'v1' })], [U, U, U, U]],
    ['takes no push of another tag for it', [deed(9, { tag: 'v2' })], [U, U, U, U]],
    [
      'takes no deletion of another digest for it',
      [deed(3, { kind: 'delete', digest: digestOf('x') })],
      [U, U, U, U],
    ],
    ['is the push by digest too', [deed(9, { digest: API })], [ANN, U, U, U]],
    ['is who moved the tag', [deed(5, { tag: 'v1', by: 'bob@example.com' })], [U, U, 'bob@example.com', U]],
    ['is who deleted the digest under the tag', [deed(5, { kind: 'delete', digest: API })], [U, U, ANN, ANN]],
    ['is unknown where the log leaves the account out', [deed(9, { digest: API, by: null })], [U, U, U, U]],
    [
      'is gcr-warden where it is an account of its own',
      [deed(3, { kind: 'delete', digest: API, isOwn: true })],
      [U, U, U, 'gcr-warden'],
    ],
  ];
  it.each(rows)('%s', (_row, deeds, expected) => {
    expect(who(deeds)).toEqual(expected);
  });

  it('is gcr-warden where its journal says so, whatever the log lacks', () => {
    const entry = (kind: 'untag' | 'delete', days: number): JournalEntry => {
      const of = { version: 1, runId: 'r', repository: REPOSITORY, index: 0 } as const;
      const step = { digest: API, root: API, chain: 0, allowedBy: [] };
      return {
        intent: {
          ...of,
          planId: API,
          atMs: NOW_MS - days * DAY_MS,
          step:
            kind === 'untag' ? { kind, tag: 'v1', ...step } : { kind, tags: [], sizeBytes: null, ...step },
          reason: '',
        },
        settlement: { ...of, atMs: NOW_MS - days * DAY_MS, outcome: { kind: 'deleted' } },
      };
    };
    expect(who([], [entry('untag', 5), entry('delete', 3)])).toEqual([
      'unknown',
      'unknown',
      'gcr-warden',
      'gcr-warden',
    ]);
  });

  it('of what only a listing showed is looked for in the days before it', () => {
    const seen = { ...told(9, 'INSERT', 'api'), source: 'observed' as const };
    const gone = { ...told(3, 'DELETE', 'api'), source: 'observed' as const };
    const deeds = [
      deed(12, { digest: API }),
      deed(4.5, { kind: 'delete', digest: API, by: 'bob@example.com' }),
    ];
    expect(who(deeds, [], [seen, gone])).toEqual(['ann@example.com', 'bob@example.com']);
    const history = deriveHistory(REPOSITORY, [seen, gone]).digests[API];
    const days = history === undefined ? [] : daysOfDeeds(history);
    for (const { atMs } of deeds) expect(days).toContain(dayOf(atMs));
    expect(days.length).toBeLessThan(20);
  });
});
