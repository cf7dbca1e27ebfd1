import { describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/core/digest.ts';
import { type Fact, known } from '../../shared/core/fact.ts';
import { InventoryHash } from '../../shared/core/inventory-hash.ts';
import type { Completeness } from '../../shared/core/listing.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import type { Rule } from '../../shared/core/policy.ts';
import { decisionSentence } from '../../shared/core/sentence.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { digestOf, NOW_MS, type Piece, policy, policySet, rule, subjectTag, takingOf } from './estate.ts';

/** What is known of the artifact that begins with `x`, beside an image. */
function orphaned(piece: Partial<Piece>, completeness?: Completeness): Fact<boolean> | undefined {
  const pieces = [
    { name: 'app', tags: ['v1'] },
    { name: 'x', ...piece },
  ];
  const { inventory } = takingOf(pieces, [], undefined, completeness);
  return inventory.artifacts.find(({ root }) => root === digestOf('x'))?.orphaned;
}

const CUT: Completeness = { kind: 'incomplete', reason: 'cut' };

describe('an orphan', () => {
  it.each<[string, Partial<Piece>]>([
    ['a signature by tag', { tags: [subjectTag('gone', '.sig')] }],
    ['an attestation by tag', { tags: [subjectTag('gone', '.att')] }],
    ['an SBOM by tag', { tags: [subjectTag('gone', '.sbom')] }],
    ['a fallback index', { tags: [subjectTag('gone', '')], children: ['app'] }],
    ['a referrer', { subject: 'gone' }],
    ['a referrer with a signature tag', { subject: 'gone', tags: [subjectTag('gone', '.sig')] }],
    ['about two that are gone', { tags: [subjectTag('gone', '.sig'), subjectTag('lost', '.sig')] }],
  ])('is %s whose subject is gone', (_row, piece) => {
    expect(orphaned(piece)).toEqual(known(true));
  });

  it.each<[string, Partial<Piece>]>([
    ['a plain image', {}],
    ['an index whose children are gone', { children: ['gone'] }],
    ['an image of its own that is about something gone', { subject: 'gone', tags: ['chart-1'] }],
    ['one that also bears another tag', { tags: [subjectTag('gone', '.sig'), 'release'] }],
    [
      'about something gone by tag and something there by content',
      { subject: 'app', tags: [subjectTag('gone', '.sig')] },
    ],
    ['about itself', { tags: [subjectTag('x', '.sig')] }],
    ['a tag that only looks so', { tags: [`${subjectTag('gone', '.sig')}nature`] }],
  ])('is not %s', (_row, piece) => {
    expect(orphaned(piece)).toEqual(known(false));
  });

  it.each<[string, Piece[], Completeness]>([
    ['the listing may be cut', [{ name: 'x', subject: 'gone' }], CUT],
    [
      'the registry lists only what has a tag, and tells no times',
      [{ name: 'x', days: null, tags: [subjectTag('gone', '.sig')] }],
      { kind: 'complete' },
    ],
    ['it can not be read', [{ name: 'x', unreadable: '503', tags: [subjectTag('gone', '.sig')] }], CUT],
  ])('is not known where %s', (_row, pieces, completeness) => {
    const { inventory } = takingOf(pieces, [], undefined, completeness);
    expect(inventory.artifacts.map((one) => one.orphaned.kind)).toEqual(['unknown']);
  });

  it('is in the hash of the inventory', () => {
    const { inventory } = takingOf([{ name: 'x' }]);
    const [artifact] = inventory.artifacts;
    if (artifact === undefined) throw new Error('no artifact');
    const hashOf = (one: typeof artifact) => {
      const hash = new InventoryHash(inventory, 1);
      hash.add(one);
      return hash.digest();
    };
    expect(hashOf({ ...artifact, orphaned: known(true) })).not.toBe(hashOf(artifact));
  });
});

describe('policies over orphans', () => {
  const pieces: readonly Piece[] = [
    { name: 'app', tags: ['v1'], days: 30 },
    { name: 'app-sig', tags: [subjectTag('app', '.sig')], days: 30 },
    { name: 'orphan', tags: [subjectTag('gone', '.sig')], days: 20 },
    { name: 'young', subject: 'gone', days: 0 },
  ];
  const judged = (...rules: readonly Rule[]): ReadonlyMap<Digest, string> => {
    const taking = takingOf(pieces);
    const policies = policySet(policy(rules));
    const plan = planRepository({ ...taking, policies, scope: 'all', nowMs: NOW_MS });
    return new Map(plan.decisions.map((one) => [one.root, decisionSentence(one)]));
  };

  it('delete those that are gone long enough, and no signature of an image that is there', () => {
    const decisions = judged(
      rule('delete', 'orphans', [{ kind: 'orphaned' }, { kind: 'olderThan', ageMs: DAY_MS }]),
    );
    expect(decisions.size).toBe(3);
    expect(decisions.get(digestOf('orphan'))).toMatch(/deleted.*what it is about is gone/);
    expect(decisions.get(digestOf('young'))).toBe('kept: no rule names it');
    expect(decisions.get(digestOf('app'))).toBe('kept: no rule names it');
  });
});
