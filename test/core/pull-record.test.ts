import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DayRanges, dayOf, endOfDayMs, unionOfDays } from '../../shared/core/day-ranges.ts';
import { known } from '../../shared/core/fact.ts';
import { deriveHistory, type HistoryFact } from '../../shared/core/history.ts';
import { type Artifact, takeInventory } from '../../shared/core/inventory.ts';
import { type PullDays, recordedSince } from '../../shared/core/pull-record.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { digestOf, listingOf, NO_USAGE, NOW_MS, type Piece, REPOSITORY, told } from './estate.ts';
import { checkProperty } from './property.ts';

const TODAY = dayOf(NOW_MS);
const since = (days: number): number => endOfDayMs(TODAY - days);

/** Days ago, each by itself. */
function daysAgo(...days: readonly number[]): DayRanges {
  return days.reduce<DayRanges>((all, day) => unionOfDays(all, [[TODAY - day, TODAY - day]]), []);
}

function every(from: number, to: number): DayRanges {
  return [[TODAY - from, TODAY - to]];
}

describe('days', () => {
  it('come out the same in whatever order they are added, and however often', () => {
    const days = fc.array(fc.integer({ min: 20_000, max: 21_500 }), { maxLength: 40 });
    checkProperty(
      fc.tuple(days, fc.array(fc.integer({ min: 0, max: 39 }), { maxLength: 20 })),
      ([added, picks]) => {
        const add = (all: DayRanges, day: number): DayRanges => unionOfDays(all, [[day, day]]);
        const inOrder = added.reduce(add, [] as DayRanges);
        const again = picks.map((pick) => added[pick % Math.max(1, added.length)] ?? 0);
        const shuffled = [...again.filter((day) => day !== 0), ...added.toReversed()];
        expect(shuffled.reduce(add, [] as DayRanges)).toEqual(inOrder);
        const newest = Math.max(...added);
        const held = new Set(
          inOrder.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, n) => from + n)),
        );
        expect([...held].sort()).toEqual([...new Set(added)].filter((day) => day >= newest - 800).sort());
      },
    );
  });
});

describe('since when pulls are recorded', () => {
  const rows: readonly [string, DayRanges, DayRanges, unknown][] = [
    ['nothing was ever read', [], [], 'pulls are not recorded'],
    ['the log had no entry', [], every(40, 0), 'pulls are not recorded'],
    ['both went on for forty days', every(40, 0), every(40, 0), known(since(40))],
    ['the log had entries before anybody read it', every(60, 0), every(40, 0), known(since(40))],
    ['the log was off for four days', [...every(40, 20), ...every(15, 0)], every(40, 0), known(since(15))],
    ['three days were quiet', [...every(40, 20), ...every(16, 0)], every(40, 0), known(since(40))],
    ['the log had its last entry four days ago', every(40, 4), every(40, 0), known(since(40))],
    [
      'the log had its last entry five days ago',
      every(40, 5),
      every(40, 0),
      'pulls were last recorded on 2026-01-26',
    ],
    ['nobody has read for two days', every(40, 2), every(40, 2), known(since(40))],
    [
      'nobody has read for three days',
      every(40, 3),
      every(40, 3),
      'the audit log was last read on 2026-01-28',
    ],
    [
      'nobody read for five days in between',
      every(40, 0),
      [...every(40, 20), ...every(14, 0)],
      known(since(40)),
    ],
    [
      'nobody read for six days in between',
      every(40, 0),
      [...every(40, 20), ...every(13, 0)],
      known(since(13)),
    ],
    ['it began today', every(0, 0), every(0, 0), 'pulls are recorded only since today'],
  ];
  it.each(rows)('knows it where %s', (_row, evidence, drained, expected) => {
    const found = recordedSince({ evidence, drained }, NOW_MS);
    expect(typeof expected === 'string' ? found.kind === 'unknown' && found.reason : found).toEqual(expected);
  });
});

const SINCE_MS = since(40);

function lastPulled(
  name: string,
  pieces: readonly Piece[],
  pulls: readonly PullDays[],
  facts: readonly HistoryFact[] = [],
): Artifact['lastPulledAtMs'] | undefined {
  const listing = listingOf(pieces);
  const history = deriveHistory(REPOSITORY, facts);
  const recorded = { sinceMs: known(SINCE_MS), pulls };
  const { inventory } = takeInventory({ listing, history, usage: NO_USAGE, pulls: recorded });
  return inventory.artifacts.find(({ root }) => root === digestOf(name))?.lastPulledAtMs;
}

function pull(reference: string, ...days: readonly number[]): PullDays {
  return { reference, days: daysAgo(...days) };
}

describe('the last pull of an artifact', () => {
  const app: readonly Piece[] = [
    { name: 'app', tags: ['v1'], children: ['amd64', 'inner'] },
    { name: 'amd64', tags: ['v1-amd64'] },
    { name: 'inner', children: ['arm64'] },
    { name: 'arm64', tags: ['v1-arm64'] },
  ];
  const observed = (days: number, name: string, tag: string): HistoryFact => ({
    ...told(days, 'INSERT', name, tag),
    source: 'observed',
  });
  const moved = [told(90, 'INSERT', 'old', 'main'), told(9, 'INSERT', 'new', 'main')];
  const two: readonly Piece[] = [{ name: 'old' }, { name: 'new', tags: ['main'] }];

  const rows: readonly [string, string, readonly Piece[], PullDays[], HistoryFact[], unknown][] = [
    ['by digest', 'a', [{ name: 'a' }], [pull(digestOf('a'), 30, 9)], [], known(since(9))],
    ['today: no later than now', 'a', [{ name: 'a' }], [pull(digestOf('a'), 0)], [], known(NOW_MS)],
    ['of a child', 'app', app, [pull(digestOf('arm64'), 9)], [], known(since(9))],
    ['of the index that points at it', 'amd64', app, [pull(digestOf('app'), 9)], [], known(since(9))],
    ['of an index around its index', 'arm64', app, [pull(digestOf('app'), 9)], [], known(since(9))],
    ['by the tag it has', 'new', two, [pull('main', 3)], moved, known(since(3))],
    ['by the tag it had then', 'old', two, [pull('main', 12, 3)], moved, known(since(12))],
    ['on the day on which its tag moved on', 'old', two, [pull('main', 9)], moved, known(since(9))],
    ['on the day on which it got its tag', 'new', two, [pull('main', 9)], moved, known(since(9))],
    [
      'before anybody told of its tag',
      'new',
      two,
      [pull('main', 12)],
      [observed(9, 'new', 'main')],
      known(since(12)),
    ],
    [
      'in vain before its tag was told',
      'new',
      two,
      [pull('main', 12)],
      [told(9, 'INSERT', 'new', 'main')],
      { kind: 'at latest', value: SINCE_MS },
    ],
    ['never', 'a', [{ name: 'a' }], [], [], { kind: 'at latest', value: SINCE_MS }],
    ['never, and uploaded since', 'a', [{ name: 'a', days: 20 }], [], [], known(null)],
    [
      'before all were recorded',
      'a',
      [{ name: 'a' }],
      [pull(digestOf('a'), 60)],
      [],
      { kind: 'at latest', value: SINCE_MS },
    ],
  ];
  it.each(rows)('is known: %s', (_row, name, pieces, pulls, facts, expected) => {
    expect(lastPulled(name, pieces, pulls, facts)).toEqual(expected);
  });

  it('is not known where the upload is not, nor where recording ended', () => {
    expect(lastPulled('a', [{ name: 'a', days: null }, { name: 'b' }], [])?.kind).toBe('unknown');
    const ended = { sinceMs: { kind: 'unknown', reason: 'ended' } as const, pulls: [pull(digestOf('a'), 1)] };
    const history = deriveHistory(REPOSITORY, []);
    const taken = takeInventory({
      listing: listingOf([{ name: 'a' }]),
      history,
      usage: NO_USAGE,
      pulls: ended,
    });
    expect(taken.inventory.artifacts[0]?.lastPulledAtMs).toEqual(ended.sinceMs);
  });

  it('is never earlier than a pull that was, whatever tags did and in whatever order pulls are told', () => {
    const names = ['a', 'b', 'c'] as const;
    const pushes = fc.array(
      fc.record({
        day: fc.integer({ min: 1, max: 30 }),
        hour: fc.integer({ min: 0, max: 23 }),
        name: fc.constantFrom(...names),
      }),
      { minLength: 1, maxLength: 6 },
    );
    const pulled = fc.array(
      fc.record({ day: fc.integer({ min: 1, max: 30 }), hour: fc.integer({ min: 0, max: 23 }) }),
      { maxLength: 6 },
    );
    const timeOf = ({ day, hour }: { day: number; hour: number }): number =>
      (TODAY - day) * DAY_MS + hour * 3_600_000;
    checkProperty(fc.tuple(pushes, pulled), ([moves, pulls]) => {
      const facts = moves.map(
        ({ name, ...at }): HistoryFact => ({
          atMs: timeOf(at),
          source: 'told',
          action: 'INSERT',
          digest: digestOf(name),
          tag: 'main',
        }),
      );
      const inOrder = facts.toSorted(
        (x, y) => x.atMs - y.atMs || ((x.digest ?? '') < (y.digest ?? '') ? -1 : 1),
      );
      const held = pulls.map(({ day }): PullDays => pull('main', day));
      const pieces = names.map((name): Piece => ({ name }));
      for (const at of pulls) {
        const holder = inOrder.findLast(({ atMs }) => atMs <= timeOf(at))?.digest;
        const name = names.find((one) => digestOf(one) === holder);
        if (name === undefined) continue;
        const last = lastPulled(name, pieces, held.toReversed(), facts);
        expect(last?.kind).toBe('known');
        expect(last?.kind === 'known' && (last.value ?? 0)).toBeGreaterThanOrEqual(timeOf(at));
      }
    });
  });
});
