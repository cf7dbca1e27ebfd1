import { describe, expect, it } from 'vitest';
import { deriveHistory, foldHistory, reconcile } from '../../shared/core/history.ts';
import { indexOf } from '../../shared/core/history-index.ts';
import { takeInventory } from '../../shared/core/inventory.ts';
import { anyCase } from './case.ts';
import { listingOf, REPOSITORY } from './estate.ts';
import { checkProperty } from './property.ts';

describe('the index of a history', () => {
  it('says what its entries say: inventories and what was missed are the same without it', () => {
    let missedCount = 0;
    checkProperty(
      anyCase,
      (one) => {
        const listing = listingOf(one.pieces);
        const told = deriveHistory(REPOSITORY, one.facts);
        const missed = reconcile(told, listing);
        expect(reconcile(structuredClone(told), listing)).toEqual(missed);
        missedCount += missed.length;
        // Both what a run takes, and one that was not reconciled.
        for (const history of [told, deriveHistory(REPOSITORY, [...one.facts, ...missed])]) {
          const { inventory } = takeInventory({ listing, history, usage: one.usage });
          const entries = structuredClone(history);
          expect([indexOf(history) === null, indexOf(entries) === null]).toEqual([false, true]);
          expect(takeInventory({ listing, history: entries, usage: one.usage }).inventory).toEqual(inventory);
        }
      },
      300,
    );
    expect(missedCount).toBeGreaterThan(0);
  });

  it('is not there of one that is still told of facts', () => {
    const fold = foldHistory(REPOSITORY);
    expect(indexOf(fold.history)).toBeNull();
  });
});
