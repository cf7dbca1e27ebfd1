import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Step } from '../../shared/core/plan.ts';
import { batchesOf } from '../../shared/core/step-batch.ts';
import { digestOf } from './estate.ts';
import { checkProperty } from './property.ts';

function stepsOf(chains: readonly { readonly tags: number; readonly deletions: number }[]): Step[] {
  return chains.flatMap(({ tags, deletions }, chain) =>
    Array.from({ length: deletions }, (_, at): Step[] => {
      const digest = digestOf(`${chain}/${at}`);
      const of = { digest, root: digest, chain, allowedBy: [] };
      const names = at === 0 ? Array.from({ length: tags }, (__, tag) => `t-${chain}-${tag}`) : [];
      return [
        ...names.map((tag): Step => ({ kind: 'untag', tag, ...of })),
        { kind: 'delete', tags: names, sizeBytes: null, ...of },
      ];
    }).flat(),
  );
}

describe('batches of steps', () => {
  it('hold 200 deletions with their tags, so that 200 deletions cost two writes', () => {
    const batches = batchesOf(stepsOf(Array.from({ length: 401 }, () => ({ tags: 1, deletions: 1 }))));
    expect(batches.map((batch) => batch.flat().length)).toEqual([400, 400, 2]);
  });

  it('hold every step once, in order within its chain, whole chains, and are as large as they may', () => {
    const chain = fc.record({
      tags: fc.integer({ min: 0, max: 400 }),
      deletions: fc.integer({ min: 1, max: 90 }),
    });
    checkProperty(
      fc.array(chain, { maxLength: 12 }),
      (chains) => {
        const steps = stepsOf(chains);
        const batches = batchesOf(steps);
        const deletionsIn = (part: readonly { step: Step }[]): number =>
          part.filter(({ step }) => step.kind === 'delete').length;
        expect(batches.flat(2).map(({ step }) => step)).toEqual(steps);
        expect(batches.flat(2).every(({ index, step }) => steps[index] === step)).toBe(true);
        expect(batches.flat()).toHaveLength(chains.length);
        for (const [at, batch] of batches.entries()) {
          if (batch.length > 1) {
            expect(batch.flat().length).toBeLessThanOrEqual(1000);
            expect(deletionsIn(batch.flat())).toBeLessThanOrEqual(200);
          }
          const next = batches[at + 1]?.[0] ?? null;
          if (next === null) continue;
          const together = [...batch.flat(), ...next];
          expect(together.length > 1000 || deletionsIn(together) > 200).toBe(true);
        }
      },
      50,
    );
  });
});
