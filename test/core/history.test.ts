import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/core/digest.ts';
import {
  deriveHistory,
  factsOfHistory,
  type History,
  type HistoryFact,
  reconcile,
} from '../../shared/core/history.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { digestOf, listingOf, NOW_MS, type Piece, REPOSITORY, told } from './estate.ts';
import { checkProperty } from './property.ts';

const DAY = (days: number): number => NOW_MS - days * DAY_MS;

function derive(...facts: readonly HistoryFact[]) {
  return deriveHistory(REPOSITORY, facts).digests;
}

describe('history', () => {
  it('remembers when a digest was first seen, and by whom', () => {
    expect(derive(told(9, 'INSERT', 'api'))[digestOf('api')]).toEqual({
      firstSeenAtMs: DAY(9),
      firstSeenBy: 'told',
      presentSinceMs: DAY(9),
      absentAtMs: null,
      tags: [],
      untaggedSinceMs: null,
      untaggedBy: null,
      deletedAtMs: null,
    });
  });

  it('counts a digest that was deleted and pushed again from the second push', () => {
    const found = derive(
      told(90, 'INSERT', 'api'),
      told(50, 'DELETE', 'api'),
      told(2, 'INSERT', 'api', 'v1'),
    )[digestOf('api')];
    expect(found).toMatchObject({ firstSeenAtMs: DAY(90), presentSinceMs: DAY(2), deletedAtMs: null });
  });

  it('closes a tag on the digest that it left, and tells since when that one is untagged', () => {
    const digests = derive(told(9, 'INSERT', 'old', 'main'), told(4, 'INSERT', 'new', 'main'));
    expect(digests[digestOf('old')]).toMatchObject({
      untaggedSinceMs: DAY(4),
      tags: [{ tag: 'main', fromMs: DAY(9), untilMs: DAY(4) }],
    });
    expect(digests[digestOf('new')]).toMatchObject({
      untaggedSinceMs: null,
      tags: [{ tag: 'main', fromMs: DAY(4), untilMs: null }],
    });
  });

  it('is untagged only when the last of its tags is gone', () => {
    const one = [told(9, 'INSERT', 'api', 'a'), told(8, 'INSERT', 'api', 'b'), told(5, 'DELETE', null, 'a')];
    expect(derive(...one)[digestOf('api')]?.untaggedSinceMs).toBeNull();
    expect(derive(...one, told(3, 'DELETE', null, 'b'))[digestOf('api')]?.untaggedSinceMs).toBe(DAY(3));
  });

  it('closes all tags of a digest that was deleted', () => {
    const digests = derive(told(9, 'INSERT', 'api', 'a'), told(5, 'DELETE', 'api'));
    expect(digests[digestOf('api')]).toMatchObject({ deletedAtMs: DAY(5), tags: [{ untilMs: DAY(5) }] });
  });

  it('keeps what was inserted and deleted at the same moment', () => {
    const digests = derive(told(5, 'INSERT', 'api', 'a'), told(5, 'DELETE', 'api'));
    expect(digests[digestOf('api')]).toMatchObject({ deletedAtMs: null, untaggedSinceMs: null });
  });

  it('begins a tag again where it comes back', () => {
    const facts = [
      told(9, 'INSERT', 'api', 'a'),
      told(7, 'DELETE', null, 'a'),
      told(5, 'INSERT', 'api', 'a'),
    ];
    expect(derive(...facts)[digestOf('api')]?.tags).toMatchObject([
      { fromMs: DAY(9), untilMs: DAY(7) },
      { fromMs: DAY(5), untilMs: null },
    ]);
  });

  it('leaves a tag its beginning where the same push is told again later', () => {
    const facts = [told(9, 'INSERT', 'api', 'a'), told(2, 'INSERT', 'api', 'a')];
    expect(derive(...facts)[digestOf('api')]?.tags).toMatchObject([{ fromMs: DAY(9), untilMs: null }]);
  });

  it('survives the removal of a tag that nobody told of', () => {
    expect(derive(told(9, 'INSERT', 'api'), told(5, 'DELETE', null, 'b'))[digestOf('api')]).toMatchObject({
      deletedAtMs: null,
      tags: [],
    });
  });
});

describe('reconciling with a listing', () => {
  it('returns nothing for a listing that may not hold everything', () => {
    const history = deriveHistory(REPOSITORY, [told(9, 'INSERT', 'api', 'v1')]);
    expect(reconcile(history, listingOf([], { kind: 'incomplete', reason: 'cut' }))).toEqual([]);
  });

  const cases: readonly [string, HistoryFact[], Piece[], Pick<HistoryFact, 'action' | 'digest' | 'tag'>[]][] =
    [
      [
        'a digest that nobody told of',
        [],
        [{ name: 'api', tags: ['v1'] }],
        [
          { action: 'INSERT', digest: digestOf('api'), tag: null },
          { action: 'INSERT', digest: digestOf('api'), tag: 'v1' },
        ],
      ],
      [
        'a tag that moved unseen',
        [told(9, 'INSERT', 'old', 'main'), told(9, 'INSERT', 'new')],
        [{ name: 'old' }, { name: 'new', tags: ['main'] }],
        [{ action: 'INSERT', digest: digestOf('new'), tag: 'main' }],
      ],
      [
        'a tag that was removed unseen',
        [told(9, 'INSERT', 'api', 'main')],
        [{ name: 'api' }],
        [{ action: 'DELETE', digest: null, tag: 'main' }],
      ],
      [
        'a digest that is gone',
        [told(9, 'INSERT', 'api', 'main')],
        [],
        [{ action: 'DELETE', digest: digestOf('api'), tag: null }],
      ],
      [
        'a digest that is back',
        [told(9, 'INSERT', 'api'), told(5, 'DELETE', 'api')],
        [{ name: 'api' }],
        [{ action: 'INSERT', digest: digestOf('api'), tag: null }],
      ],
      [
        'that one which was pushed without a tag has none',
        [told(9, 'INSERT', 'api')],
        [{ name: 'api' }],
        [{ action: 'INSERT', digest: digestOf('api'), tag: null }],
      ],
      ['nothing where all was told', [told(9, 'INSERT', 'api', 'v1')], [{ name: 'api', tags: ['v1'] }], []],
      [
        'nothing where the last tag was told to go',
        [told(9, 'INSERT', 'api', 'v1'), told(4, 'DELETE', null, 'v1')],
        [{ name: 'api' }],
        [],
      ],
    ];

  it.each(cases)('finds %s', (_row, facts, pieces, missed) => {
    const found = reconcile(deriveHistory(REPOSITORY, facts), listingOf(pieces));
    expect(found).toEqual(missed.map((one) => ({ ...one, atMs: NOW_MS, source: 'observed' })));
  });

  it('counts an untagged digest that nobody told of from the listing, never from before', () => {
    const listing = listingOf([{ name: 'api', days: 400 }]);
    const missed = reconcile(deriveHistory(REPOSITORY, []), listing);
    expect(derive(...missed)[digestOf('api')]?.untaggedSinceMs).toBe(NOW_MS);
  });
});

const NAMES = ['a', 'b', 'c', 'd'] as const;
const TAGS = ['main', 'v1', 'v2'] as const;

const fact: fc.Arbitrary<HistoryFact> = fc
  .record({
    // Few moments, so that several facts fall on one.
    days: fc.integer({ min: 1, max: 6 }),
    source: fc.constantFrom('told', 'observed'),
    action: fc.constantFrom('INSERT', 'DELETE'),
    name: fc.option(fc.constantFrom(...NAMES)),
    tag: fc.option(fc.constantFrom(...TAGS)),
  })
  .filter(({ name, tag }) => name !== null || tag !== null)
  .map(({ days, source, action, name, tag }) => ({
    ...told(days, action, name, tag),
    // Of a digest that nobody remembers no listing says that it is gone.
    source: action === 'DELETE' && name !== null ? 'told' : source,
  }));

const facts = fc.array(fact, { maxLength: 25 });

function withoutAbsence({ digests, ...history }: History) {
  const entries = Object.entries(digests).map(([digest, one]) => [digest, { ...one, absentAtMs: null }]);
  return { ...history, digests: Object.fromEntries(entries) };
}

describe('whatever happened', () => {
  it('facts in any order, and told any number of times, make the same history', () => {
    const shuffled = fc.array(fact, { minLength: 1, maxLength: 25 }).chain((all) =>
      fc
        .subarray(all)
        .chain((again) => fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length }))
        .map((again) => [all, again] as const),
    );
    checkProperty(shuffled, ([all, again]) => {
      expect(JSON.stringify(deriveHistory(REPOSITORY, again))).toBe(
        JSON.stringify(deriveHistory(REPOSITORY, all)),
      );
    });
  });

  it('can be told again by facts that are made of it', () => {
    checkProperty(facts, (mixed) => {
      // A listing is never of the very millisecond of a notification: who saw it first would be lost.
      const all = mixed.map((one) => (one.source === 'told' ? one : { ...one, atMs: one.atMs + 1 }));
      const history = deriveHistory(REPOSITORY, all);
      const again = deriveHistory(REPOSITORY, factsOfHistory(history));
      expect(withoutAbsence(again)).toEqual(withoutAbsence(history));
      for (const [digest, { absentAtMs }] of Object.entries(again.digests)) {
        const before = history.digests[digest as Digest]?.absentAtMs ?? null;
        // Which listings did not show it is lost, and nothing is made up instead.
        if (absentAtMs !== null) expect(absentAtMs).toBeLessThanOrEqual(before ?? Number.NEGATIVE_INFINITY);
      }
    });
  });

  it('history with what a listing adds agrees with that listing, and then misses nothing', () => {
    const listing = fc
      .tuple(
        fc.subarray([...NAMES, 'e']),
        fc.tuple(...TAGS.map(() => fc.option(fc.constantFrom(...NAMES, 'e')))),
      )
      .map(([names, holders]) =>
        listingOf(
          names.map((name) => ({ name, tags: TAGS.filter((_tag, index) => holders[index] === name) })),
        ),
      );
    checkProperty(fc.tuple(facts, listing), ([all, found]) => {
      const missed = reconcile(deriveHistory(REPOSITORY, all), found);
      const history = deriveHistory(REPOSITORY, [...all, ...missed]);
      expect(reconcile(history, found)).toEqual([]);
      const there = Object.entries(history.digests).filter(([, one]) => one.deletedAtMs === null);
      expect(there.map(([digest]) => digest)).toEqual(found.manifests.map((manifest) => manifest.digest));
      for (const [digest, one] of there) {
        const open = one.tags.filter((span) => span.untilMs === null).map((span) => span.tag);
        const { tags } = found.manifests.find((manifest) => manifest.digest === (digest as Digest)) ?? {};
        expect(open.sort()).toEqual(tags);
        expect(one.untaggedSinceMs === null).toBe(open.length > 0);
      }
    });
  });
});
