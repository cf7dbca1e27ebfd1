import fc from 'fast-check';
import { WardenError } from '../../../shared/core/error.ts';
import { buildGraph } from '../../../shared/core/graph.ts';
import { deriveHistory } from '../../../shared/core/history.ts';
import { takeInventory } from '../../../shared/core/inventory.ts';
import type { Listing } from '../../../shared/core/listing.ts';
import { planRepository } from '../../../shared/core/plan-repository.ts';
import type { Policy } from '../../../shared/core/policy.ts';
import type { Imported, ImportRequest } from '../../../shared/core/policy-import/import.ts';
import { importPolicies } from '../../../shared/core/policy-import/import.ts';
import { DAY_MS, SECOND_MS } from '../../../shared/core/units.ts';
import { PROPERTY_SEED } from '../../support/property-seed.ts';
import { orderlyCase } from '../case.ts';
import { digestOf, listingOf, NO_USAGE, NOW_MS, type Piece } from '../estate.ts';

/** One manifest as the naive evaluators see it: a source knows nothing of images made of several. */
export interface NaiveManifest {
  readonly name: string;
  readonly digest: string;
  readonly tags: readonly string[];
  readonly ageMs: number;
}

/** Checks a property. A failure prints the smallest case and the seed that made it. */
export function checkCases<T>(cases: number, arbitrary: fc.Arbitrary<T>, holds: (value: T) => void): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      holds(value);
    }),
    { numRuns: cases, seed: PROPERTY_SEED },
  );
}

export const CASES = 10_000;

/** Of one property: it takes about ten seconds on two busy cores. */
export const TIME_MAX_MS = 120_000;

/** Cases of estates, which cost more and say less. */
export const ESTATE_CASES = 1000;

export const TAGS = ['main', 'pr-1', 'pr-2', 'pr-30', 'v1.0', 'v1.1', 'v2.0', 'x-pr-1', 'PR-1'];

/**
 * An age in whole seconds and 7 ms, so that no image is exactly as old as a rule says: there the sources do not
 * say on which side it is. A few ages often, so that some images are equally old and some close to a limit.
 */
const ageMs = fc
  .oneof(
    fc.integer({ min: 0, max: (20 * DAY_MS) / SECOND_MS }),
    fc.constantFrom(0, 80, 100, 432_030, 432_090, 864_030),
  )
  .map((seconds) => seconds * SECOND_MS + 7);

/** Up to eight plain images, each tag on one of them at most. */
export const plainImages: fc.Arbitrary<readonly NaiveManifest[]> = fc
  .tuple(fc.array(ageMs, { maxLength: 8 }), fc.tuple(...TAGS.map(() => fc.nat(11))))
  .map(([ages, holders]) =>
    ages.map((age, index) => ({
      name: `m${index}`,
      digest: digestOf(`m${index}`),
      tags: TAGS.filter((_tag, at) => holders[at] === index),
      ageMs: age,
    })),
  );

/** A repository with indexes, referrers and signatures, of which every upload time is known. */
export const estates: fc.Arbitrary<readonly Piece[]> = orderlyCase
  .map(({ pieces }) =>
    pieces.map(({ tags = [], days, ...piece }) => {
      // A signature's tag on an image of its own is nobody's practice, and is no tag of the image to us.
      const subjectTags = tags.filter((tag) => tag.startsWith('sha256-'));
      return {
        ...piece,
        tags: subjectTags.length === 0 ? tags : subjectTags,
        days: (days ?? 3) + 7 / DAY_MS,
      };
    }),
  )
  // Manifests that are about each other in a circle are no image to us, and nobody can push them.
  .filter((pieces) => buildGraph(listingOf(pieces)).circular.size === 0);

export function piecesOf(images: readonly NaiveManifest[]): Piece[] {
  return images.map(({ name, tags, ageMs: age }) => ({ name, tags, days: age / DAY_MS }));
}

export function naiveOf(all: readonly Piece[]): NaiveManifest[] {
  return all.map(({ name, tags = [], days }) => ({
    name,
    digest: digestOf(name),
    tags,
    ageMs: (days ?? 0) * DAY_MS,
  }));
}

/** What the policies would delete from one repository, by names: images by their roots, and all manifests. */
export function deletedBy(
  policies: readonly Policy[],
  all: readonly Piece[],
  repository: string,
): { readonly roots: ReadonlySet<string>; readonly manifests: ReadonlySet<string> } {
  const listing: Listing = { ...listingOf(all), repository };
  const taking = takeInventory({ listing, history: deriveHistory(repository, []), usage: NO_USAGE });
  const plan = planRepository({
    ...taking,
    listing,
    policies: { policies, problems: [] },
    scope: 'all',
    nowMs: NOW_MS,
  });
  const names = new Map<string, string>(all.map(({ name }) => [digestOf(name), name]));
  const nameOf = (digest: string): string => names.get(digest) ?? digest;
  return {
    roots: new Set(
      plan.decisions.filter(({ verdict }) => verdict === 'delete').map(({ root }) => nameOf(root)),
    ),
    manifests: new Set(
      plan.steps.filter(({ kind }) => kind === 'delete').map(({ digest }) => nameOf(digest)),
    ),
  };
}

/** The import, or null where it is refused because leaving something out would delete more. */
export function importOrNull(request: ImportRequest): Imported | null {
  try {
    return importPolicies(request);
  } catch (thrown) {
    if (thrown instanceof WardenError && thrown.code === 'IMPORT_UNSUPPORTED') return null;
    throw thrown;
  }
}

/** Whether another image was uploaded at the very same moment. */
export function isTied(image: NaiveManifest, all: readonly NaiveManifest[]): boolean {
  return all.some(({ name, ageMs: age }) => name !== image.name && age === image.ageMs);
}

/** The newest first; equals in the order of their names, since something has to be first. */
export function newestFirst(all: readonly NaiveManifest[]): NaiveManifest[] {
  return [...all].sort((a, b) => a.ageMs - b.ageMs || (a.name < b.name ? -1 : 1));
}
