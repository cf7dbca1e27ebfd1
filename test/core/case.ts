import fc from 'fast-check';
import type { Digest } from '../../shared/core/digest.ts';
import type { HistoryFact } from '../../shared/core/history.ts';
import { deriveHistory, reconcile } from '../../shared/core/history.ts';
import { type InventorySources, type InventoryTaking, takeInventory } from '../../shared/core/inventory.ts';
import type { Listing } from '../../shared/core/listing.ts';
import { MEDIA_TYPES, subjectOfTag } from '../../shared/core/manifest.ts';
import type { RepositoryPlan } from '../../shared/core/plan.ts';
import { type PlanScope, planListing } from '../../shared/core/plan-repository.ts';
import type { Condition, Newest, Policy, Rule, TagPattern } from '../../shared/core/policy.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Usage } from '../../shared/core/usage.ts';
import {
  answerOf,
  digestOf,
  listingOf,
  NO_USAGE,
  NOW_MS,
  type Piece,
  policy,
  policySet,
  REPOSITORY,
  rule,
  subjectTag,
  told,
} from './estate.ts';

/** One random repository with everything that is judged about it. */
export interface Case {
  readonly pieces: readonly Piece[];
  readonly facts: readonly HistoryFact[];
  readonly usage: Usage;
  readonly policies: readonly Policy[];
}

const TAGS = ['main', 'stable', 'pr-1', 'pr-2', 'v1.0.0', 'v1.1.0', 'v2.0.0', '1.1.0', 'tmp-a', 'tmp-b'];
const SUFFIXES = ['', '.sig', '.att', '.sbom'] as const;
const MANIFESTS_MAX = 9;

function nameOf(index: number): string {
  return `m${index}`;
}

/** An index points only at manifests with a smaller number, as a digest can only name what was there before. */
const piece = (index: number): fc.Arbitrary<Piece> => {
  const earlier = Array.from({ length: index }, (_, at) => nameOf(at));
  return fc
    .record({
      kind: fc.constantFrom('image', 'image', 'image', 'index', 'referrer', 'unreadable'),
      days: fc.option(fc.integer({ min: 0, max: 40 }), { freq: 8 }),
      sizeBytes: fc.option(fc.integer({ min: 0, max: 2000 }), { freq: 8 }),
      children: fc.subarray(earlier, { maxLength: Math.min(3, index) }),
      subject: earlier.length === 0 ? fc.constant(null) : fc.constantFrom(...earlier),
      readable: fc.integer({ min: 0, max: 9 }),
    })
    .map(({ kind, days, sizeBytes, children, subject, readable }): Piece => {
      const plain = { name: nameOf(index), days, sizeBytes };
      if (kind === 'index') return { ...plain, children };
      if (kind === 'referrer' && subject !== null) return { ...plain, subject };
      if (kind !== 'unreadable' || readable > 1) return plain;
      return {
        ...plain,
        unreadable: 'the registry answered 503',
        mediaType: readable === 0 ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.ociManifest,
      };
    });
};

/** A repository of up to nine manifests: indexes, referrers, signatures and fallback tags among them. */
export const pieces: fc.Arbitrary<readonly Piece[]> = fc
  .integer({ min: 0, max: MANIFESTS_MAX })
  .chain((count) =>
    fc.record({
      bare: fc.tuple(...Array.from({ length: count }, (_, index) => piece(index))),
      // Each tag is on one manifest at most; a number beyond the last leaves the tag out.
      holders: fc.tuple(...TAGS.map(() => fc.nat(MANIFESTS_MAX * 2))),
      about: fc.array(fc.tuple(fc.nat(count), fc.constantFrom(...SUFFIXES), fc.nat(count)), { maxLength: 3 }),
    }),
  )
  .map(({ bare, holders, about }) => {
    const holderOf = new Map<string, number>();
    for (const [index, tag] of TAGS.entries()) holderOf.set(tag, holders[index] ?? MANIFESTS_MAX);
    for (const [subject, suffix, holder] of about) holderOf.set(subjectTag(nameOf(subject), suffix), holder);
    return bare.map((one, index): Piece => {
      const tags = [...holderOf].filter(([, holder]) => holder === index).map(([tag]) => tag);
      return tags.length === 0 ? one : { ...one, tags };
    });
  });

/**
 * The same, of which every manifest could be read, and where whatever is about a manifest came after it. A tag
 * can be put on anything, also on a child of what it is about; then there is no order that suits both.
 */
const orderlyPieces: fc.Arbitrary<readonly Piece[]> = pieces.map((all) =>
  all.map(({ unreadable: _reason, ...one }, index) => {
    const isLater = (tag: string): boolean => {
      const subject = all.findIndex(({ name }) => subjectOfTag(tag) === digestOf(name));
      return subject === -1 || subject < index;
    };
    const readable = one.mediaType === MEDIA_TYPES.ociIndex ? { ...one, children: [] } : one;
    return one.tags === undefined ? readable : { ...readable, tags: one.tags.filter(isLater) };
  }),
);

const fact: fc.Arbitrary<HistoryFact> = fc
  .tuple(
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom('INSERT' as const, 'DELETE' as const),
    fc.option(fc.nat(MANIFESTS_MAX).map(nameOf)),
    fc.option(fc.constantFrom(...TAGS)),
  )
  .filter(([, , name, tag]) => name !== null || tag !== null)
  .map(([days, action, name, tag]) => told(days, action, name, tag));

const usage: fc.Arbitrary<Usage> = fc
  .tuple(
    fc.constantFrom('none', 'complete', 'complete', 'silent'),
    fc.array(
      fc.oneof(
        fc.nat(MANIFESTS_MAX).map((index) => ({ name: nameOf(index), by: 'pod prod/a' })),
        fc.constantFrom(...TAGS).map((tag) => ({ tag, by: 'pod prod/b' })),
      ),
      { maxLength: 2 },
    ),
  )
  .map(([kind, uses]): Usage => {
    if (kind === 'none') return NO_USAGE;
    const answer = answerOf('complete', ...uses);
    const silent = { kind: 'unknown', source: 'cluster test', reason: '403' } as const;
    return { version: 1, answers: kind === 'silent' ? [answer, silent] : [answer] };
  });

const pattern: fc.Arbitrary<TagPattern> = fc.constantFrom(
  { kind: 'glob', text: 'pr-*' },
  { kind: 'glob', text: '*' },
  { kind: 'regex', text: '^(?P<kind>[a-z]+)-' },
  { kind: 'prefix', text: 'tmp-' },
  { kind: 'semver', text: '>=1.0.0' },
  { kind: 'exact', text: 'stable' },
);

const ageMs = fc.integer({ min: 1, max: 40 }).map((days) => days * DAY_MS);

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constant<Condition>({ kind: 'all' }),
  fc.constant<Condition>({ kind: 'orphaned' }),
  fc.constantFrom('tagged', 'untagged').map((state): Condition => ({ kind: 'state', state })),
  fc
    .tuple(fc.constantFrom('any' as const, 'all' as const), fc.array(pattern, { minLength: 1, maxLength: 2 }))
    .map(([match, patterns]): Condition => ({ kind: 'tags', match, patterns })),
  fc
    .tuple(
      fc.constantFrom(
        'olderThan',
        'newerThan',
        'untaggedFor',
        'taggedWithin',
        'pulledWithin',
        'notPulledFor',
      ),
      ageMs,
    )
    .map(([kind, age]): Condition => ({ kind, ageMs: age })),
  fc.constantFrom<Condition>({ kind: 'inUse' }, { kind: 'inUse', trustsBestEffort: true }),
  fc.nat(MANIFESTS_MAX).map((index): Condition => ({ kind: 'digests', digests: [digestOf(nameOf(index))] })),
  fc.nat(3000).map((sizeBytes): Condition => ({ kind: 'largerThan', sizeBytes })),
  fc.constant<Condition>({ kind: 'mediaTypes', mediaTypes: [MEDIA_TYPES.ociIndex] }),
);

const newest: fc.Arbitrary<Newest> = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  by: fc.constantFrom('upload', 'semver'),
  per: fc.constantFrom<Newest['per'][]>(
    { kind: 'repository' },
    { kind: 'semver', part: 'minor' },
    { kind: 'capture', name: 'kind' },
  ),
});

/** A rule as policy files can hold it: `newest` and `inUse` are for keep rules. */
export const keepRule = (name: string): fc.Arbitrary<Rule> =>
  fc
    .tuple(fc.array(condition, { minLength: 1, maxLength: 2 }), fc.option(newest))
    .map(([conditions, wanted]) => rule('keep', name, conditions, { newest: wanted }));

export const deleteRule = (name: string): fc.Arbitrary<Rule> =>
  fc
    .array(
      condition.filter(({ kind }) => kind !== 'inUse'),
      { minLength: 1, maxLength: 2 },
    )
    .map((conditions) => rule('delete', name, conditions));

const onePolicy = (name: string): fc.Arbitrary<Policy> =>
  fc
    .tuple(
      fc.option(keepRule('keep-a')),
      fc.option(keepRule('keep-b')),
      deleteRule('delete-a'),
      fc.option(deleteRule('delete-b')),
      fc.constantFrom('plan' as const, 'enforce' as const, 'enforce' as const),
    )
    .map(([keepA, keepB, deleteA, deleteB, mode]) =>
      policy(
        [keepA, keepB, deleteA, deleteB].filter((one) => one !== null),
        { name, mode },
      ),
    );

const facts = fc.array(fact, { maxLength: 12 });
const policies = fc
  .tuple(onePolicy('p'), fc.option(onePolicy('q')))
  .map((all) => all.filter((one) => one !== null));

/** Any repository, any history, any usage, and one or two policies without limits. */
export const anyCase: fc.Arbitrary<Case> = fc.record({ pieces, facts, usage, policies });

/** The same, of repositories that are read whole and were pushed in order. */
export const orderlyCase: fc.Arbitrary<Case> = fc.record({ pieces: orderlyPieces, facts, usage, policies });

/** What a case is judged by: the history is reconciled with the listing first, as in a run. */
function sourcesOfCase(one: Case, listing: Listing): InventorySources {
  const missed = reconcile(deriveHistory(REPOSITORY, one.facts), listing);
  const history = deriveHistory(REPOSITORY, [...one.facts, ...missed]);
  return { listing, history, usage: one.usage };
}

/** The inventory of a case with every fact, whether a rule asks for it or not. */
export function takingOfCase(
  one: Case,
  listing = listingOf(one.pieces),
): InventoryTaking & { readonly listing: Listing } {
  return { listing, ...takeInventory(sourcesOfCase(one, listing)) };
}

/** The plan of a case, made as a run makes it. */
export function planOf(
  one: Case,
  more: { scope?: PlanScope; listing?: Listing } = {},
): { readonly plan: RepositoryPlan; readonly listing: Listing } {
  const listing = more.listing ?? listingOf(one.pieces);
  const plan = planListing({
    ...sourcesOfCase(one, listing),
    policies: policySet(...one.policies),
    scope: more.scope ?? 'all',
    nowMs: NOW_MS,
  });
  return { plan, listing };
}

/** What a plan would delete. */
export function doomedBy(plan: RepositoryPlan): Set<Digest> {
  return new Set(plan.steps.filter((step) => step.kind === 'delete').map((step) => step.digest));
}
