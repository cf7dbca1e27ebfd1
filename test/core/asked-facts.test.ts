import { describe, expect, it } from 'vitest';
import { factsAskedBy } from '../../shared/core/asked-facts.ts';
import { policiesFor } from '../../shared/core/decide.ts';
import { deriveHistory, reconcile } from '../../shared/core/history.ts';
import { takeInventory } from '../../shared/core/inventory.ts';
import { planListing, planRepository } from '../../shared/core/plan-repository.ts';
import type { Condition } from '../../shared/core/policy.ts';
import { anyCase } from './case.ts';
import { listingOf, NOW_MS, policy, policySet, REPOSITORY, rule } from './estate.ts';
import { checkProperty } from './property.ts';

const asked = (...conditions: Condition[]): string[] =>
  [...factsAskedBy([policy([rule('keep', 'a', conditions), rule('delete', 'b', [{ kind: 'all' }])])])].sort();

describe('the facts that policies ask for', () => {
  it.each<[Condition, string[]]>([
    [{ kind: 'all' }, []],
    [{ kind: 'olderThan', ageMs: 1 }, []],
    [{ kind: 'untaggedFor', ageMs: 1 }, ['untaggedSinceMs']],
    [{ kind: 'taggedWithin', ageMs: 1 }, ['taggedAtMs']],
    [{ kind: 'inUse' }, ['usedBy']],
    [{ kind: 'mediaTypes', mediaTypes: ['a/b'] }, ['artifactType']],
  ])('by %o are %o', (condition, facts) => {
    expect(asked(condition)).toEqual(facts);
  });

  it('are those of every rule', () => {
    expect(asked({ kind: 'untaggedFor', ageMs: 1 }, { kind: 'inUse' })).toEqual([
      'untaggedSinceMs',
      'usedBy',
    ]);
  });

  it('are all that a plan needs: it is the same as one that is made from every fact', () => {
    let differing = 0;
    checkProperty(
      anyCase,
      (one) => {
        const listing = listingOf(one.pieces);
        const missed = reconcile(deriveHistory(REPOSITORY, one.facts), listing);
        const history = deriveHistory(REPOSITORY, [...one.facts, ...missed]);
        const sources = { listing, history, usage: one.usage };
        const more = { policies: policySet(...one.policies), scope: 'all', nowMs: NOW_MS } as const;
        const lean = planListing({ ...sources, ...more });
        const full = planRepository({ ...takeInventory(sources), listing, ...more });
        expect({ ...lean, inventoryHash: full.inventoryHash }).toEqual(full);
        if (lean.inventoryHash !== full.inventoryHash) differing += 1;
      },
      300,
    );
    expect(differing).toBeGreaterThan(0);
  });

  it('are unknown where nobody asks for them, which can only keep', () => {
    const listing = listingOf([{ name: 'a', tags: ['main'] }]);
    const history = deriveHistory(REPOSITORY, []);
    const sources = { listing, history, usage: { version: 1, answers: [] } } as const;
    const [artifact] = takeInventory(sources, factsAskedBy(policiesFor([], REPOSITORY))).inventory.artifacts;
    const nobody = { kind: 'unknown', reason: 'no rule asks for it' };
    expect(artifact).toMatchObject({
      artifactType: nobody,
      untaggedSinceMs: nobody,
      taggedAtMs: nobody,
      usedBy: nobody,
    });
  });
});
