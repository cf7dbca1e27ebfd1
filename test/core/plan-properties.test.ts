import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../shared/core/decision.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { evaluateRule } from '../../shared/core/evaluate.ts';
import type { Listing } from '../../shared/core/listing.ts';
import { selectsRepository } from '../../shared/core/pattern.ts';
import type { Step } from '../../shared/core/plan.ts';
import type { TagPattern } from '../../shared/core/policy.ts';
import {
  anyCase,
  type Case,
  deleteRule,
  doomedBy,
  keepRule,
  orderlyCase,
  planOf,
  takingOfCase,
} from './case.ts';
import { digestOf, listingOf, NO_USAGE, NOW_MS, REPOSITORY, rule } from './estate.ts';
import { ModelRegistry } from './model-registry.ts';
import { checkProperty, MANY } from './property.ts';

/** What nothing may be deleted against is checked over 10,000 cases a property. */
function checkMany<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => void): void {
  checkProperty(arbitrary, holds, MANY);
}

const scope = fc.constantFrom('all' as const, 'enforced' as const);

const isKeep = ({ verdict }: Decision): boolean => verdict === 'keep';

describe('a plan, whatever the repository and its policies', { timeout: 120_000 }, () => {
  it('is worth checking: most random cases delete something, and keep something', () => {
    const plans = fc.sample(anyCase, { numRuns: 300, seed: 1 }).map((one) => planOf(one).plan);
    expect(plans.filter((plan) => plan.steps.length > 0).length).toBeGreaterThan(60);
    expect(
      plans.filter((plan) =>
        plan.decisions.some((decision) => decision.because === 'something kept needs it'),
      ).length,
    ).toBeGreaterThan(5);
  });

  it('deletes nothing that a keep rule speaks for, or may speak for', () => {
    checkMany(fc.tuple(anyCase, scope), ([one, within]) => {
      const { plan } = planOf(one, { scope: within });
      const doomed = doomedBy(plan);
      for (const { root, voices, verdict } of plan.decisions) {
        if (!voices.some((voice) => voice.effect === 'keep')) continue;
        expect(verdict).toBe('keep');
        expect(doomed.has(root)).toBe(false);
      }
    });
  });

  it('deletes only what a delete rule is sure about, and says so in every step', () => {
    checkProperty(fc.tuple(anyCase, scope), ([one, within]) => {
      const { plan } = planOf(one, { scope: within });
      const going = new Set(
        plan.decisions
          .filter(({ voices }) =>
            voices.some(({ effect, answer }) => effect === 'delete' && answer === 'yes'),
          )
          .map(({ root }) => root),
      );
      for (const step of plan.steps) {
        expect(going.has(step.root)).toBe(true);
        expect(step.allowedBy.length).toBeGreaterThan(0);
        if (within === 'enforced') expect(step.allowedBy.some(({ mode }) => mode === 'enforce')).toBe(true);
      }
    });
  });

  it('deletes no more when a keep rule is added', () => {
    checkMany(fc.tuple(anyCase, keepRule('added'), scope), ([one, added, within]) => {
      const [first, ...rest] = one.policies;
      if (first === undefined) return;
      const kept: Case = { ...one, policies: [{ ...first, keep: [...first.keep, added] }, ...rest] };
      const before = doomedBy(planOf(one, { scope: within }).plan);
      for (const digest of doomedBy(planOf(kept, { scope: within }).plan))
        expect(before.has(digest)).toBe(true);
    });
  });

  it('keeps no more when a delete rule is added', () => {
    checkMany(fc.tuple(anyCase, deleteRule('added'), scope), ([one, added, within]) => {
      const [first, ...rest] = one.policies;
      if (first === undefined) return;
      const wider: Case = { ...one, policies: [{ ...first, delete: [...first.delete, added] }, ...rest] };
      const before = planOf(one, { scope: within }).plan;
      const after = planOf(wider, { scope: within }).plan;
      const keptBefore = new Set(before.decisions.filter(isKeep).map(({ root }) => root));
      for (const { root } of after.decisions.filter(isKeep)) expect(keptBefore.has(root)).toBe(true);
      const doomed = doomedBy(after);
      for (const digest of doomedBy(before)) expect(doomed.has(digest)).toBe(true);
    });
  });

  it('deletes no more when a policy goes from enforce to plan', () => {
    checkProperty(anyCase, (one) => {
      const tamed: Case = {
        ...one,
        policies: one.policies.map((each) => ({ ...each, mode: 'plan' as const })),
      };
      expect(doomedBy(planOf(tamed, { scope: 'enforced' }).plan)).toEqual(new Set());
      const all = doomedBy(planOf(one).plan);
      for (const digest of doomedBy(planOf(one, { scope: 'enforced' }).plan))
        expect(all.has(digest)).toBe(true);
    });
  });

  it('deletes nothing that anything left behind needs', () => {
    checkMany(fc.tuple(anyCase, scope), ([one, within]) => {
      const { plan, listing } = planOf(one, { scope: within });
      const doomed = doomedBy(plan);
      const left = listing.manifests.map(({ digest }) => digest).filter((digest) => !doomed.has(digest));
      for (const digest of new ModelRegistry(listing).neededBy(left)) expect(doomed.has(digest)).toBe(false);
    });
  });

  it('removes tags only of what it deletes, and all of those', () => {
    checkProperty(fc.tuple(anyCase, scope), ([one, within]) => {
      const { plan, listing } = planOf(one, { scope: within });
      const doomed = doomedBy(plan);
      const expected = listing.manifests
        .filter(({ digest }) => doomed.has(digest))
        .flatMap(({ digest, tags }) => tags.map((tag) => `${tag} ${digest}`));
      const found = plan.steps
        .filter((step) => step.kind === 'untag')
        .map(({ tag, digest }) => `${tag} ${digest}`);
      expect(found.sort()).toEqual(expected.sort());
    });
  });

  it('deletes nothing that could not be read, and nothing at all beside an unread index', () => {
    checkMany(fc.tuple(anyCase, scope), ([one, within]) => {
      const { plan, listing } = planOf(one, { scope: within });
      const doomed = doomedBy(plan);
      for (const { digest } of listing.manifests) {
        if (listing.relations[digest]?.kind === 'unknown') expect(doomed.has(digest)).toBe(false);
      }
      const isBlind = one.pieces.some(
        ({ unreadable, mediaType }) => unreadable !== undefined && mediaType?.includes('index') === true,
      );
      if (isBlind) expect(doomed.size).toBe(0);
    });
  });

  const losses: readonly [string, (one: Case) => Case][] = [
    [
      'one of several upload times',
      (one) =>
        one.pieces.slice(1).some(({ days }) => days !== null)
          ? { ...one, pieces: one.pieces.map((p, at) => (at === 0 ? { ...p, days: null } : p)) }
          : one,
    ],
    [
      'a size',
      (one) => ({ ...one, pieces: one.pieces.map((p, at) => (at === 0 ? { ...p, sizeBytes: null } : p)) }),
    ],
    ['what runs', (one) => ({ ...one, usage: NO_USAGE })],
    [
      'what one source would have said',
      (one) => ({
        ...one,
        usage: { version: 1, answers: [{ kind: 'unknown', source: 'a', reason: '403' }] },
      }),
    ],
  ];
  it.each(losses)('deletes no more when nobody knows %s any longer', (_row, lose) => {
    checkMany(
      anyCase.map((one) => ({ ...one, facts: [] })),
      (one) => {
        const before = doomedBy(planOf(one).plan);
        for (const digest of doomedBy(planOf(lose(one)).plan)) expect(before.has(digest)).toBe(true);
      },
    );
  });

  it('refuses to delete from a listing that may not hold everything', () => {
    checkProperty(anyCase, (one) => {
      const listing = listingOf(one.pieces, { kind: 'incomplete', reason: 'the last page had no end' });
      expect(planOf(one, { listing }).plan.refusal?.code).toBe('LISTING_INCOMPLETE');
    });
  });

  it('is the same, byte for byte, in whatever order everything was found and however files are named', () => {
    const shuffled = anyCase.chain((one) => {
      const shuffle = <T>(all: readonly T[]): fc.Arbitrary<T[]> =>
        fc.shuffledSubarray([...all], { minLength: all.length });
      return fc.record({
        one: fc.constant(one),
        facts: shuffle(one.facts),
        policies: shuffle(
          one.policies.map((each) => ({
            ...each,
            source: { ...each.source, file: `renamed-${each.name}.yaml` },
            keep: [...each.keep].reverse(),
            delete: [...each.delete].reverse(),
          })),
        ),
        manifests: shuffle(listingOf(one.pieces).manifests),
        relations: shuffle(Object.entries(listingOf(one.pieces).relations)),
      });
    });
    checkMany(shuffled, ({ one, facts, policies, manifests, relations }) => {
      const listing: Listing = {
        ...listingOf(one.pieces),
        manifests,
        relations: Object.fromEntries(relations) as Listing['relations'],
      };
      const other = planOf({ ...one, facts, policies }, { listing });
      const renamed = JSON.stringify(other.plan).replaceAll(/renamed-[a-z]+\.yaml/g, 'services.yaml');
      expect(renamed).toBe(JSON.stringify(planOf(one).plan));
    });
  });

  it('is never refused by a registry that guards as Google does, however its chains are interleaved', () => {
    const interleaved = fc
      .tuple(orderlyCase, scope, fc.infiniteStream(fc.nat(1000)))
      .map(([one, within, picks]) => ({ ...planOf(one, { scope: within }), picks }));
    checkMany(interleaved, ({ plan, listing, picks }) => {
      const registry = new ModelRegistry(listing);
      const chains = new Map<number, Step[]>();
      for (const step of plan.steps) chains.set(step.chain, [...(chains.get(step.chain) ?? []), step]);
      const waiting = [...chains.values()];
      while (waiting.length > 0) {
        const at = (picks.next().value ?? 0) % waiting.length;
        const step = waiting[at]?.shift();
        if (step !== undefined) expect([step, registry.apply(step)]).toEqual([step, 'deleted']);
        if (waiting[at]?.length === 0) waiting.splice(at, 1);
      }
      const doomed = doomedBy(plan);
      const left = listing.manifests.map(({ digest }) => digest).filter((digest) => !doomed.has(digest));
      expect(registry.digests()).toEqual(left.sort());
    });
  });

  it('changes nothing when it is applied again', () => {
    checkMany(fc.tuple(orderlyCase, scope), ([one, within]) => {
      const { plan, listing } = planOf(one, { scope: within });
      const registry = new ModelRegistry(listing);
      for (const step of plan.steps) registry.apply(step);
      const left = registry.digests();
      for (const step of plan.steps) expect(registry.apply(step)).not.toBe('deleted');
      expect(registry.digests()).toEqual(left);
    });
  });

  it('leaves nothing to do for the same policies at the same time', () => {
    // Where some upload times are told, deleting all that were told would make the others count from the ledger.
    const told = orderlyCase.map((one) => ({
      ...one,
      pieces: one.pieces.map((piece) => ({ ...piece, days: piece.days ?? 5 })),
    }));
    checkMany(fc.tuple(told, scope), ([one, within]) => {
      const { plan } = planOf(one, { scope: within });
      const doomed = doomedBy(plan);
      const left: Case = { ...one, pieces: one.pieces.filter(({ name }) => !doomed.has(digestOf(name))) };
      const again = planOf(left, { scope: within }).plan;
      // A child that stays without its index is an image of its own from then on, and may be newer than another.
      const roots = new Set(plan.decisions.map(({ root }) => root));
      if (again.decisions.every(({ root }) => roots.has(root))) expect(again.steps).toEqual([]);
    });
  });

  it('keeps exactly the newest N of each group, and with them only their equals', () => {
    const grouped = fc.record({
      one: anyCase,
      count: fc.integer({ min: 1, max: 4 }),
      isTied: fc.boolean(),
      days: fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { minLength: 9, maxLength: 9 }),
    });
    checkMany(grouped, ({ one, count, isTied, days }) => {
      const pieces = one.pieces.map((piece, at) => {
        const { unreadable: _reason, mediaType: _type, ...readable } = piece;
        return { ...readable, days: isTied ? (days[at] ?? 0) % 3 : (days[at] ?? 0) };
      });
      const { inventory } = takingOfCase({ ...one, pieces });
      const pattern: TagPattern = { kind: 'regex', text: '^(?P<kind>[a-z]+)-' };
      const ask = evaluateRule(
        rule('keep', 'newest', [{ kind: 'tags', match: 'any', patterns: [pattern] }], {
          newest: { count, by: 'upload', per: { kind: 'capture', name: 'kind' } },
        }),
        inventory,
        NOW_MS,
      );
      const kindsOf = (tags: readonly string[]) => tags.flatMap((tag) => /^([a-z]+)-/.exec(tag)?.[1] ?? []);
      const expected = new Set<Digest>();
      for (const kind of new Set(inventory.artifacts.flatMap(({ tags }) => kindsOf(tags)))) {
        const times = new Map<Digest, number>();
        for (const { root, tags, uploadedAtMs, unreadable } of inventory.artifacts) {
          // One that is about itself in a circle stays and takes no place.
          const atMs = uploadedAtMs.kind === 'known' ? uploadedAtMs.value : null;
          if (unreadable === null && kindsOf(tags).includes(kind) && atMs !== null) times.set(root, atMs);
        }
        const inOrder = [...times.values()].sort((a, b) => b - a);
        const last = inOrder[Math.min(count, inOrder.length) - 1] ?? 0;
        const stays = [...times].filter(([, atMs]) => atMs >= last);
        if (!isTied) expect(stays).toHaveLength(Math.min(count, times.size));
        for (const [root] of stays) expected.add(root);
      }
      const kept = inventory.artifacts.filter((artifact) => ask(artifact).kind === 'yes');
      expect(new Set(kept.map(({ root }) => root))).toEqual(expected);
    });
  });

  it('has one decision for every manifest that an artifact begins with, and forgets none', () => {
    checkProperty(anyCase, (one) => {
      const { plan, listing } = planOf(one);
      const judged = new Set<Digest>(plan.decisions.flatMap(({ root, members }) => [root, ...members]));
      expect([...judged].sort()).toEqual(listing.manifests.map(({ digest }) => digest));
      expect(one.policies.every((each) => selectsRepository(each.repositories, REPOSITORY))).toBe(true);
    });
  });
});
