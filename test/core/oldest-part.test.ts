import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../shared/core/decision.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import type { Artifact, ArtifactReader } from '../../shared/core/inventory.ts';
import { oldestPart } from '../../shared/core/oldest-part.ts';
import { digestOf } from './estate.ts';
import { checkProperty } from './property.ts';

interface Image {
  readonly age: number | null;
  readonly members: number;
}

function case_(images: readonly Image[]): { going: Decision[]; artifacts: ArtifactReader } {
  const going = images.map(
    (image, at) =>
      ({
        root: digestOf(`${at}`),
        members: Array.from({ length: image.members }, (_, member) => digestOf(`${at}/${member}`)),
      }) as unknown as Decision,
  );
  const at = (index: number): Artifact => {
    const age = images[index]?.age ?? null;
    return {
      root: digestOf(`${index}`),
      uploadedAtMs: age === null ? unknown('not told') : known(1_000_000 - age),
    } as unknown as Artifact;
  };
  const artifacts = { length: images.length, at, tagsAt: () => [], startAt: () => 0 };
  return { going, artifacts };
}

const part = (images: readonly Image[], digestsMax: number): number[] => {
  const { going, artifacts } = case_(images);
  return oldestPart(going, artifacts, digestsMax).map((decision) => going.indexOf(decision));
};

describe('the oldest part of what may go', () => {
  it('begins with the oldest, counts members, and leaves what has no known age to the end', () => {
    const images = [
      { age: 1, members: 0 },
      { age: null, members: 0 },
      { age: 9, members: 2 },
      { age: 5, members: 0 },
    ];
    expect(part(images, 2)).toEqual([]);
    expect(part(images, 3)).toEqual([2]);
    expect(part(images, 4)).toEqual([2, 3]);
    expect(part(images, 5)).toEqual([0, 2, 3]);
    expect(part(images, 6)).toEqual([0, 1, 2, 3]);
  });

  it('is never over its number, and takes nothing younger than what it leaves', () => {
    const image = fc.record({
      age: fc.option(fc.integer({ min: 0, max: 20 }), { nil: null }),
      members: fc.integer({ min: 0, max: 4 }),
    });
    checkProperty(
      fc.tuple(fc.array(image, { maxLength: 15 }), fc.integer({ min: 1, max: 30 })),
      ([images, max]) => {
        const taken = new Set(part(images, max));
        const count = [...taken].reduce((sum, at) => sum + 1 + (images[at]?.members ?? 0), 0);
        expect(count).toBeLessThanOrEqual(max);
        const ages = images.map(({ age }) => age ?? Number.NEGATIVE_INFINITY);
        const youngestTaken = Math.min(...[...taken].map((at) => ages[at] ?? 0));
        for (const [at, age] of ages.entries())
          if (!taken.has(at)) expect(age).toBeLessThanOrEqual(youngestTaken);
        if (taken.size < images.length) {
          const left = images.flatMap(({ members }, at) => (taken.has(at) ? [] : [1 + members]));
          expect(count + Math.max(...left)).toBeGreaterThan(max);
        }
      },
    );
  });
});
