import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../shared/core/decide.ts';
import { known } from '../../shared/core/fact.ts';
import { deriveHistory, type HistoryFact, reconcile } from '../../shared/core/history.ts';
import { type Artifact, readInventory, takeInventory } from '../../shared/core/inventory.ts';
import type { Listing } from '../../shared/core/listing.ts';
import type { Condition, Newest, Rule } from '../../shared/core/policy.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { digestOf, listingOf, NO_USAGE, NOW_MS, policy, REPOSITORY, rule, told } from './estate.ts';
import { checkProperty, MANY } from './property.ts';

/*
 * A registry that tells no times, and a ledger that is told some of what happens and looks at the registry now
 * and then. Whatever it makes of that, no time may be taken for earlier or later than it can have been where
 * that would delete.
 */

const NAMES = ['a', 'b', 'c', 'd'] as const;
const TAGS = ['main', 'v1'] as const;

/** What happens on one day: a push, a tag or digest removed, or a run that looks at the registry. */
type Happening =
  | { readonly kind: 'push'; readonly name: string; readonly tag: string | null; readonly news: News }
  | { readonly kind: 'untag'; readonly tag: string; readonly news: News }
  | { readonly kind: 'delete'; readonly name: string; readonly news: News }
  | { readonly kind: 'run' };

/** Whether it is told at once, after all runs but the last, or never. */
type News = 'told' | 'late' | 'lost';

const news = fc.constantFrom<News[]>('told', 'told', 'late', 'lost');
const name = fc.constantFrom(...NAMES);
const tag = fc.constantFrom(...TAGS);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('push'), name, tag: fc.option(tag, { freq: 3 }), news }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('untag'), tag, news }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), name, news }) },
  { weight: 2, arbitrary: fc.constant<Happening>({ kind: 'run' }) },
);

/** One that is there, with the true times, as days before now. */
interface Truth {
  uploadedDays: number;
  untaggedDays: number;
  readonly tags: Map<string, { readonly sinceDays: number; isSeen: boolean }>;
  /** Whether a run, or the news of its last tag's end, has shown it without a tag. */
  isSeenUntagged: boolean;
  /** Tags that it lost while nobody told or looked. */
  readonly secretlyLost: Set<string>;
  /**
   * Whether a tag came and went, or went and came back, while nobody told or looked: nothing can know of that.
   * docs/architecture.md names it.
   */
  wasSecretlyTagged: boolean;
}

/** Carries out what happens, and has the ledger told of it. */
class World {
  readonly there = new Map<string, Truth>();
  readonly facts: HistoryFact[] = [];
  readonly #late: HistoryFact[] = [];
  /** Digests that were deleted and nobody has heard of it yet. */
  readonly #secretlyGone = new Set<string>();
  /** Whether one was deleted and pushed again while nobody told or looked, so that its push is not its upload. */
  hasSecretUpload = false;

  happen(one: Happening, days: number): void {
    switch (one.kind) {
      case 'push':
        this.#push(one.name, one.tag, one.news, days);
        break;
      case 'untag': {
        if (this.#untag(one.tag, one.news !== 'lost', days))
          this.#tell(one.news, told(days, 'DELETE', null, one.tag));
        break;
      }
      case 'delete': {
        const truth = this.there.get(one.name);
        // As Google has it, what has a tag can't be deleted.
        if (truth === undefined || truth.tags.size > 0) return;
        this.there.delete(one.name);
        if (one.news !== 'told') this.#secretlyGone.add(one.name);
        this.#tell(one.news, told(days, 'DELETE', one.name));
        break;
      }
      case 'run':
        this.run(days);
    }
  }

  listing(days: number): Listing {
    const pieces = [...this.there].map(([one, { tags }]) => ({
      name: one,
      days: null,
      tags: [...tags.keys()],
    }));
    return { ...listingOf(pieces), takenAtMs: NOW_MS - days * DAY_MS };
  }

  run(days: number): void {
    const listing = this.listing(days);
    const missed = reconcile(deriveHistory(REPOSITORY, this.facts), listing);
    this.facts.push(...missed);
    const isMissed = (gone: string) =>
      missed.some(({ action, digest }) => action === 'DELETE' && digest === digestOf(gone));
    for (const gone of this.#secretlyGone) if (isMissed(gone)) this.#secretlyGone.delete(gone);
    for (const truth of this.there.values()) {
      truth.secretlyLost.clear();
      if (truth.tags.size === 0) truth.isSeenUntagged = true;
      for (const span of truth.tags.values()) span.isSeen = true;
    }
  }

  /** The last run, by which everything late has come. */
  finish(): { readonly listing: Listing; readonly facts: readonly HistoryFact[] } {
    this.facts.push(...this.#late);
    this.run(0);
    return { listing: this.listing(0), facts: this.facts };
  }

  #push(pushed: string, label: string | null, how: News, days: number): void {
    const found = this.there.get(pushed);
    if (found === undefined && this.#secretlyGone.has(pushed)) this.hasSecretUpload = true;
    const truth = found ?? {
      uploadedDays: days,
      untaggedDays: days,
      tags: new Map(),
      isSeenUntagged: false,
      secretlyLost: new Set(),
      wasSecretlyTagged: false,
    };
    this.there.set(pushed, truth);
    if (label !== null && !truth.tags.has(label)) {
      // That a tag went elsewhere does not tell from where.
      this.#untag(label, how !== 'lost', days);
      if (truth.secretlyLost.has(label)) truth.wasSecretlyTagged = true;
      truth.tags.set(label, { sinceDays: days, isSeen: how !== 'lost' });
    }
    this.#tell(how, told(days, 'INSERT', pushed, label));
  }

  #untag(label: string, isHeard: boolean, days: number): boolean {
    const holder = [...this.there.values()].find(({ tags }) => tags.has(label));
    if (holder === undefined) return false;
    const isSeen = holder.tags.get(label)?.isSeen === true;
    holder.tags.delete(label);
    if (!isHeard) holder.secretlyLost.add(label);
    if (!isSeen) holder.wasSecretlyTagged = true;
    if (isSeen) holder.isSeenUntagged = true;
    if (holder.tags.size === 0) holder.untaggedDays = days;
    return true;
  }

  #tell(how: News, fact: HistoryFact): void {
    if (how === 'told') this.facts.push(fact);
    if (how === 'late') this.#late.push(fact);
  }
}

/** Up to forty days, the last of them a day ago. */
const happenings = fc.array(happening, { minLength: 3, maxLength: 40 });

function worldOf(all: readonly Happening[]): World {
  const made = new World();
  for (const [at, one] of all.entries()) made.happen(one, all.length - at);
  return made;
}

/** What the ledger makes of it, and the same with the true times. */
function judged(one: World) {
  const { listing, facts } = one.finish();
  const { inventory, graph } = takeInventory({
    listing,
    history: deriveHistory(REPOSITORY, facts),
    usage: NO_USAGE,
  });
  const truthOf = new Map([...one.there].map(([is, truth]) => [digestOf(is), truth]));
  const artifacts = inventory.artifacts.map((artifact): Artifact => {
    const truth = truthOf.get(artifact.root);
    if (truth === undefined) throw new Error('listed, and not there');
    const youngest = Math.min(...[...truth.tags.values()].map(({ sinceDays }) => sinceDays));
    return {
      ...artifact,
      uploadedAtMs: known(NOW_MS - truth.uploadedDays * DAY_MS),
      untaggedSinceMs: known(truth.tags.size > 0 ? null : NOW_MS - truth.untaggedDays * DAY_MS),
      taggedAtMs: known(truth.tags.size === 0 ? null : NOW_MS - youngest * DAY_MS),
    };
  });
  return { inventory, graph, truthOf, truly: { ...inventory, artifacts } };
}

const age = fc.integer({ min: 0, max: 40 }).map((days) => days * DAY_MS);
const conditionOf = (...kinds: ('olderThan' | 'newerThan' | 'untaggedFor' | 'taggedWithin')[]) =>
  fc.oneof(
    fc.constant<Condition>({ kind: 'all' }),
    fc.tuple(fc.constantFrom(...kinds), age).map(([kind, ageMs]): Condition => ({ kind, ageMs })),
  );
// What is told counts as what it is: an end that was told may be the second one, of which the first was lost.
const keepCondition = conditionOf('olderThan', 'newerThan', 'taggedWithin');
const deleteCondition = conditionOf('olderThan', 'newerThan', 'untaggedFor');
const newest: fc.Arbitrary<Newest> = fc
  .integer({ min: 1, max: 3 })
  .map((count) => ({ count, by: 'upload', per: { kind: 'repository' } }));
const rules: fc.Arbitrary<readonly Rule[]> = fc
  .tuple(fc.option(keepCondition), fc.option(newest), deleteCondition)
  .map(([kept, wanted, gone]) => [
    ...(kept === null ? [] : [rule('keep', 'kept', [kept], { newest: wanted })]),
    rule('delete', 'gone', [gone]),
  ]);

describe('times of which only bounds are known', { timeout: 120_000 }, () => {
  it('delete nothing that the true times would keep, whatever was told, late or lost', () => {
    let gone = 0;
    checkProperty(
      fc.tuple(happenings, rules),
      ([all, some]) => {
        const one = worldOf(all);
        const { inventory, graph, truly } = judged(one);
        const isKnowable = ![...one.there.values()].some(({ wasSecretlyTagged }) => wasSecretlyTagged);
        if (!isKnowable || one.hasSecretUpload) return;
        const byBounds = decide(readInventory(inventory), graph, [policy(some)], NOW_MS);
        const byTruth = decide(readInventory(truly), graph, [policy(some)], NOW_MS);
        for (const [at, { verdict }] of byBounds.entries()) {
          if (verdict !== 'delete') continue;
          gone += 1;
          expect(byTruth[at]?.verdict).toBe('delete');
        }
      },
      MANY,
    );
    // It would say little of rules by which hardly anything goes.
    expect(gone).toBeGreaterThan(0);
  });

  it('hold the true upload between them', () => {
    checkProperty(happenings, (all) => {
      const one = worldOf(all);
      const { inventory, truthOf } = judged(one);
      if (one.hasSecretUpload) return;
      for (const { root, uploadedAtMs } of inventory.artifacts) {
        const atMs = NOW_MS - (truthOf.get(root)?.uploadedDays ?? Number.NaN) * DAY_MS;
        if (uploadedAtMs.kind !== 'at latest')
          throw new Error(`${uploadedAtMs.kind}, of a registry without times`);
        expect(atMs).toBeLessThanOrEqual(uploadedAtMs.value);
        expect(atMs).toBeGreaterThan(uploadedAtMs.afterMs ?? Number.NEGATIVE_INFINITY);
      }
    });
  });
});
