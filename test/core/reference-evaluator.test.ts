import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../shared/core/decide.ts';
import { known, type TimeFact, unknown } from '../../shared/core/fact.ts';
import { type Artifact, readInventory } from '../../shared/core/inventory.ts';
import type { NewestGroup, Policy, Rule, TagPattern } from '../../shared/core/policy.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { anyCase, keepRule, takingOfCase } from './case.ts';
import { NOW_MS, rule } from './estate.ts';
import { checkProperty, MANY } from './property.ts';
import { type ReferenceVerdict, referenceVerdicts } from './reference-evaluator.ts';

/** A time with its bounds, some of which are close enough to what rules ask for to decide. */
const bounded: fc.Arbitrary<TimeFact> = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.option(fc.integer({ min: 1, max: 20 })))
  .map(([days, width]): TimeFact => {
    const value = NOW_MS - days * DAY_MS;
    return width === null
      ? { kind: 'at latest', value }
      : { kind: 'at latest', value, afterMs: value - width * DAY_MS };
  });

/** Times instead of those that the listing and the history of a case give. */
const otherTimes = fc.record(
  { uploadedAtMs: bounded, untaggedSinceMs: bounded, taggedAtMs: bounded },
  { requiredKeys: [] },
);

/** Facts that no listing of these tests has: pulls and artifact types. */
const moreFacts = fc.record({
  lastPulledAtMs: fc.oneof(
    fc
      .tuple(fc.constantFrom('known' as const, 'at latest' as const), fc.integer({ min: 0, max: 40 }))
      .map(([kind, days]): TimeFact => ({ kind, value: NOW_MS - days * DAY_MS })),
    fc.constantFrom<TimeFact[]>(known(null), unknown('pulls are not recorded')),
  ),
  artifactType: fc.constantFrom<Artifact['artifactType'][]>(
    known(null),
    known('application/vnd.oci.image.index.v1+json'),
    unknown('503'),
  ),
});

const SEMVER: readonly TagPattern[] = [{ kind: 'semver', text: '>=1.0.0' }];
const REGEX: readonly TagPattern[] = [
  { kind: 'regex', text: '^(?P<kind>[a-z]+)-' },
  { kind: 'regex', text: '(?P<kind>[0-9])$' },
];

/** `newest` with groups and versions as a policy file allows them: only over patterns that have such. */
const newestRule: fc.Arbitrary<Rule> = fc
  .tuple(
    fc.constantFrom<(readonly [readonly TagPattern[], NewestGroup, 'upload' | 'semver'])[]>(
      [SEMVER, { kind: 'semver', part: 'major' }, 'upload'],
      [SEMVER, { kind: 'semver', part: 'minor' }, 'semver'],
      [SEMVER, { kind: 'repository' }, 'semver'],
      [REGEX, { kind: 'capture', name: 'kind' }, 'upload'],
      [REGEX.slice(0, 1), { kind: 'capture', name: 'kind' }, 'upload'],
    ),
    fc.constantFrom('any' as const, 'all' as const),
    fc.integer({ min: 1, max: 3 }),
    fc.option(fc.constantFrom(-1, 0, 1)),
  )
  .map(([[patterns, per, by], match, count, until]) =>
    rule('keep', 'newest', [{ kind: 'tags', match, patterns }], {
      newest: { count, by, per },
      untilMs: until === null ? null : NOW_MS + until,
    }),
  );

const plainNewest = keepRule('plain').map((one): Rule => {
  const { newest } = one;
  return newest === null
    ? one
    : { ...one, newest: { count: newest.count, by: 'upload', per: { kind: 'repository' } } };
});

function withLegalNewest(policies: readonly Policy[], rules: readonly Rule[]): Policy[] {
  return policies.map((policy, at) => ({ ...policy, keep: at === 0 ? rules : [] }));
}

describe('the engine and a naive reading of the language', { timeout: 120_000 }, () => {
  it('agree on every artifact of random repositories under random policies', () => {
    const cases = fc.record({
      one: anyCase,
      keep: fc.array(fc.oneof(newestRule, plainNewest), { maxLength: 2 }),
      more: fc.array(moreFacts, { minLength: 9, maxLength: 9 }),
      times: fc.array(otherTimes, { minLength: 9, maxLength: 9 }),
    });
    const seen: Record<ReferenceVerdict['verdict'], number> = { keep: 0, delete: 0 };
    checkProperty(
      cases,
      ({ one, keep, more, times }) => {
        const { inventory, graph, listing } = takingOfCase(one);
        const artifacts = inventory.artifacts.map((artifact, at) => ({
          ...artifact,
          ...more[at],
          ...times[at],
        }));
        const full = { ...inventory, artifacts };
        const policies = withLegalNewest(one.policies, keep);
        const found = decide(readInventory(full), graph, policies, NOW_MS).map(
          ({ root, verdict, enforced }) => [root, { verdict, enforced }] as const,
        );
        expect(new Map(found)).toEqual(referenceVerdicts(full, listing, policies, NOW_MS));
        for (const [, { verdict }] of found) seen[verdict] += 1;
      },
      MANY,
    );
    // Both verdicts have to be common, or agreeing on them would mean little.
    expect(Math.min(seen.keep, seen.delete)).toBeGreaterThan((seen.keep + seen.delete) / 20);
  });
});
