import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/core/digest.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { deriveHistory, distinctFacts, factOf, type HistoryFact } from '../../shared/core/history.ts';
import type { ImageEvent } from '../../shared/core/image-event.ts';
import type { HistoryReading, Ledger } from '../../shared/ports.ts';
import { PROPERTY_SEED } from '../support/property-seed.ts';
import type { LedgerUnderTest } from './ledger.ts';

const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
const NOW = Date.parse('2026-03-14T02:00:00Z');
const CONTENDERS = 64;

function digestOf(name: string | number): Digest {
  return sha256(`manifest ${name}`);
}

function eventNumber(number: number, over: Partial<ImageEvent> = {}): ImageEvent {
  return {
    version: 1,
    messageId: `${1_407_000_000_000_000 + number}`,
    publishedAtMs: NOW - number,
    action: 'INSERT',
    repository: REPOSITORY,
    digest: digestOf(number),
    tag: `v${number}`,
    ...over,
  };
}

function observedNumber(number: number): HistoryFact {
  return { atMs: NOW, source: 'observed', action: 'INSERT', digest: digestOf(number), tag: null };
}

/** Something that one of several runs or writers does; `of` chooses among what there is. */
type Step =
  | { readonly kind: 'told' | 'observed' | 'read' | 'killed before the marks'; readonly of: number }
  | {
      readonly kind: 'fold';
      readonly of: number;
      readonly observed: readonly number[];
      readonly part: number;
    };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('told' as const), of: fc.nat(15) }) },
    fc.record({ kind: fc.constant('observed' as const), of: fc.nat(15) }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), of: fc.nat(2) }) },
    fc.record({ kind: fc.constant('killed before the marks' as const), of: fc.nat(2) }),
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('fold' as const),
        of: fc.nat(2),
        observed: fc.array(fc.nat(15), { maxLength: 2 }),
        // Of what was read loose: a fold that is killed has taken the marks of some.
        part: fc.double({ min: 0.3, max: 1, noNaN: true }),
      }),
    },
  ),
  { minLength: 4, maxLength: 24 },
);

/** Few moments, digests and tags, so that events meet; some are the same but for their message. */
const pool = (repository: string): fc.Arbitrary<readonly ImageEvent[]> =>
  fc.array(
    fc
      .record({
        minute: fc.nat(5),
        action: fc.constantFrom('INSERT', 'DELETE'),
        digest: fc.option(fc.nat(3)),
        tag: fc.option(fc.constantFrom('main', 'v1')),
      })
      .filter(({ digest, tag }) => digest !== null || tag !== null)
      .map(
        ({ minute, action, digest, tag }): ImageEvent => ({
          version: 1,
          messageId: '',
          publishedAtMs: NOW + minute * 60_000,
          action,
          repository,
          digest: digest === null ? null : digestOf(digest),
          tag,
        }),
      ),
    { minLength: 16, maxLength: 16 },
  );

/**
 * What the memory of a repository has to hold, whoever packs it meanwhile. Run by one test file for each adapter.
 * @param cases histories that are tried; each has some twenty steps
 */
export function describeHistory(name: string, cases: number, open: () => Promise<LedgerUnderTest>): void {
  describe(`${name}: the history of a repository`, () => {
    let under: LedgerUnderTest;
    let ledger: Ledger;

    beforeEach(async () => {
      under = await open();
      ledger = under.ledger;
    });
    afterEach(async () => {
      await under.close();
    });

    const derived = async (of: Ledger, repository = REPOSITORY) =>
      deriveHistory(repository, await of.historyFacts(repository));

    const fold = async (by: Ledger, observed: readonly HistoryFact[] = []): Promise<void> => {
      const { loose } = await by.readHistory(REPOSITORY);
      await by.foldHistory(REPOSITORY, loose, observed);
    };

    it('is the same whatever is folded, by whom, when, from how old a reading, and wherever that is killed', async () => {
      let number = 0;
      await fc.assert(
        fc.asyncProperty(steps, fc.nat(), async (all, seed) => {
          number += 1;
          const repository = `gcr.io/acme/case-${number}`;
          const [events = []] = fc.sample(pool(repository), { numRuns: 1, seed });
          const expected: HistoryFact[] = [];
          const readings: (HistoryReading | undefined)[] = [];
          const observe = (of: number): HistoryFact => {
            const fact: HistoryFact = { ...factOf(events[of] ?? eventNumber(0)), source: 'observed' };
            expected.push(fact);
            return fact;
          };
          for (const step of all) {
            const reading = readings[step.of];
            if (step.kind === 'told') {
              const event = { ...(events[step.of] ?? eventNumber(0)), messageId: `${step.of}` };
              await ledger.recordEvent(event);
              expected.push(factOf(event));
            } else if (step.kind === 'observed') {
              await ledger.recordObserved(repository, [observe(step.of)]);
            } else if (step.kind === 'read') {
              readings[step.of] = await ledger.readHistory(repository);
            } else if (step.kind === 'killed before the marks') {
              // The pack is written, and its events are marked still: they are told twice from now on.
              if (reading !== undefined) await ledger.recordObserved(repository, reading.facts);
            } else if (step.kind === 'fold' && reading !== undefined) {
              const part = Math.ceil(reading.loose.length * step.part);
              const observed = step.observed.map(observe);
              await ledger.foldHistory(repository, reading.loose.slice(0, part), observed);
            }
          }
          const found = await ledger.historyFacts(repository);
          expect(distinctFacts(found)).toEqual(distinctFacts(expected));
          expect(deriveHistory(repository, found)).toEqual(deriveHistory(repository, expected));
        }),
        { numRuns: cases, seed: PROPERTY_SEED },
      );
    });

    it(`is the same after ${CONTENDERS} writers at once tell of INSERT and DELETE at equal times`, async () => {
      const second = await under.another();
      const events = Array.from({ length: CONTENDERS }, (_, at) =>
        eventNumber(at, {
          publishedAtMs: NOW + (at % 3),
          action: at % 2 === 0 ? 'INSERT' : 'DELETE',
          digest: at % 4 === 3 ? null : digestOf(at % 5),
          tag: at % 4 === 1 ? null : `v${at % 2}`,
        }),
      );
      const interleaved = [...events, ...events.toReversed()];
      const answers = await Promise.all(
        interleaved.map((event, turn) => (turn % 2 === 0 ? ledger : second).recordEvent(event)),
      );
      await second.close();
      expect(answers.filter((answer) => answer === 'recorded')).toHaveLength(events.length);
      expect(await derived(ledger)).toEqual(deriveHistory(REPOSITORY, events.map(factOf)));
    });

    it('is whole in every reading while many record and many fold', async () => {
      const second = await under.another();
      const handles = [ledger, second];
      const done: ImageEvent[] = [];
      const record = async (from: number, to: number): Promise<void> => {
        for (let number = from; number < to; number += 1) {
          const event = eventNumber(number);
          await (handles[number % 2] ?? ledger).recordEvent(event);
          done.push(event);
        }
      };
      let isOver = false;
      const folding = handles.flatMap((handle) =>
        [1, 2].map(async (folder) => {
          for (let turn = 0; !isOver; turn += 1) await fold(handle, [observedNumber(1000 * folder + turn)]);
          await fold(handle);
          return folder;
        }),
      );
      const reading = (async () => {
        while (!isOver) {
          const before = done.map(({ digest }) => digest);
          const found = new Set((await second.historyFacts(REPOSITORY)).map(({ digest }) => digest));
          expect(before.filter((digest) => !found.has(digest))).toEqual([]);
        }
      })();
      await Promise.all([record(0, 40), record(40, 80), record(80, 120)]).finally(() => {
        isOver = true;
      });
      await Promise.all([...folding, reading]);
      const found = new Set((await ledger.historyFacts(REPOSITORY)).map(({ digest }) => digest));
      for (const { digest } of done) expect(found).toContain(digest);
      for (const number of [1000, 2000]) expect(found).toContain(digestOf(number));
      await second.close();
    });

    it('is folded into one pack, and then there is nothing to fold; each message is known still', async () => {
      const events = Array.from({ length: 30 }, (_, at) => eventNumber(at));
      for (const event of events) await ledger.recordEvent(event);
      await fold(ledger, [observedNumber(100)]);
      const { facts, loose } = await ledger.readHistory(REPOSITORY);
      expect(facts).toHaveLength(31);
      expect(loose.map(({ kind }) => kind)).toEqual(['pack']);
      for (const event of events.slice(0, 3)) expect(await ledger.recordEvent(event)).toBe('duplicate');
      expect(await ledger.recentEvents(100)).toEqual(events);
      // One that comes late, told long before what is packed.
      await ledger.recordEvent(eventNumber(30, { publishedAtMs: NOW - 1_000_000_000 }));
      expect(await ledger.historyFacts(REPOSITORY)).toHaveLength(32);
      await fold(ledger);
      const after = await ledger.readHistory(REPOSITORY);
      expect(after.facts).toHaveLength(32);
      expect(after.loose).toHaveLength(1);
    });

    it('keeps large packs as they are, and folds small ones of earlier releases together', async () => {
      const observed = (from: number, count: number): HistoryFact[] =>
        Array.from({ length: count }, (_, at) => observedNumber(from + at));
      await ledger.recordObserved(REPOSITORY, observed(0, 12_000));
      for (let run = 0; run < 20; run += 1)
        await ledger.recordObserved(REPOSITORY, observed(20_000 + run, 1));
      expect((await ledger.readHistory(REPOSITORY)).loose).toHaveLength(20);
      await fold(ledger, observed(30_000, 13_000));
      const { facts, loose } = await ledger.readHistory(REPOSITORY);
      expect(new Set(facts.map(({ digest }) => digest)).size).toBe(25_020);
      expect(loose.map((one) => one.facts.length)).toEqual([1_020]);
    });
  });
}
