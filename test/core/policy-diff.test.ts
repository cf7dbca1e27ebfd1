import { describe, expect, it } from 'vitest';
import { deriveHistory, reconcile } from '../../shared/core/history.ts';
import { DEFAULT_LIMITS, type Policy } from '../../shared/core/policy.ts';
import { diffPolicies, type RepositoryDiff } from '../../shared/core/policy-diff.ts';
import { reasonSentence } from '../../shared/core/sentence.ts';
import type { Snapshot } from '../../shared/core/snapshot.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import {
  digestOf,
  listingOf,
  NO_USAGE,
  NOW_MS,
  type Piece,
  policy,
  policySet,
  REPOSITORY,
  rule,
} from './estate.ts';

function snapshotOf(pieces: readonly Piece[]): Snapshot {
  const listing = listingOf(pieces);
  const history = deriveHistory(REPOSITORY, reconcile(deriveHistory(REPOSITORY, []), listing));
  return {
    version: 1,
    kind: 'gcr-warden/snapshot',
    takenAtMs: NOW_MS,
    target: 'europe-docker.pkg.dev/acme',
    catalog: { kind: 'complete' },
    usage: NO_USAGE,
    repositories: [{ listing, history }],
  };
}

function diff(pieces: readonly Piece[], before: readonly Policy[], after: readonly Policy[]): RepositoryDiff {
  const { repositories } = diffPolicies(snapshotOf(pieces), policySet(...before), policySet(...after));
  const [found] = repositories;
  if (found === undefined) throw new Error('no repository was judged');
  return found;
}

const olderThan = (days: number) => ({ kind: 'olderThan', ageMs: days * DAY_MS }) as const;
const tagged = (text: string) =>
  ({ kind: 'tags', match: 'any', patterns: [{ kind: 'glob', text }] }) as const;

const PIECES: readonly Piece[] = [
  { name: 'young', tags: ['pr-3'], days: 5 },
  { name: 'middle', tags: ['pr-2'], days: 10 },
  { name: 'old', tags: ['pr-1'], days: 20 },
];

const FORTNIGHT = policy([rule('delete', 'pull-requests', [tagged('pr-*'), olderThan(14)])]);
const WEEK = policy([rule('delete', 'pull-requests', [tagged('pr-*'), olderThan(7)])]);

describe('two versions of the policies', () => {
  it('name what is deleted now, with the reasons before and after', () => {
    const { changes, before, after } = diff(PIECES, [FORTNIGHT], [WEEK]);
    const [change] = changes.filter(({ kind }) => kind === 'now deleted');
    expect(change?.root).toBe(digestOf('middle'));
    expect(change === undefined ? '' : reasonSentence(change.before)).toBe('no rule names it');
    expect(change === undefined ? '' : reasonSentence(change.after)).toContain(
      'uploaded 10 d ago (rule wants more than 7 d)',
    );
    expect([before.manifests, after.manifests]).toEqual([1, 2]);
  });

  it('name what is kept now', () => {
    const kept = diff(PIECES, [WEEK], [FORTNIGHT]).changes.filter(({ kind }) => kind === 'now kept');
    expect(kept.map(({ root }) => root)).toEqual([digestOf('middle')]);
  });

  it('name what has the same verdict by another rule', () => {
    const renamed = policy([rule('delete', 'prs', [tagged('pr-*'), olderThan(14)])]);
    expect(diff(PIECES, [FORTNIGHT], [renamed]).changes).toMatchObject([
      { kind: 'other reason', root: digestOf('old') },
    ]);
  });

  it('name what only goes for good now, and what no longer does', () => {
    const planned = { ...FORTNIGHT, mode: 'plan' } as const;
    expect(diff(PIECES, [planned], [FORTNIGHT]).changes.map(({ kind }) => kind)).toEqual(['now enforced']);
    expect(diff(PIECES, [FORTNIGHT], [planned]).changes.map(({ kind }) => kind)).toEqual([
      'no longer enforced',
    ]);
  });

  it('are the same where a rule only moved in its file, or one came that has no say', () => {
    const moved = policy([
      rule('delete', 'pull-requests', [tagged('pr-*'), olderThan(14)], { line: 99 }),
      rule('keep', 'nothing', [tagged('never')]),
    ]);
    expect(diff(PIECES, [FORTNIGHT], [moved]).changes).toEqual([]);
  });

  it('put the gravest change first', () => {
    const after = policy([
      rule('delete', 'pull-requests', [tagged('pr-*'), olderThan(7)]),
      rule('keep', 'first', [tagged('pr-1')]),
    ]);
    expect(diff(PIECES, [FORTNIGHT], [after]).changes.map(({ kind }) => kind)).toEqual([
      'now deleted',
      'now kept',
    ]);
  });

  it('say where a limit stops what the rules would take', () => {
    const strict = { ...WEEK, limits: { ...DEFAULT_LIMITS, digests: 1, share: 1, mayEmpty: true } };
    const { before, after } = diff(PIECES, [FORTNIGHT], [strict]);
    expect(before.refusal).toBeNull();
    expect(after.refusal?.code).toBe('LIMIT_DIGESTS');
  });

  it('sum up sizes, and count those that are not known', () => {
    const pieces: readonly Piece[] = [
      { name: 'a', tags: ['pr-1'], days: 30, sizeBytes: 700 },
      { name: 'b', tags: ['pr-2'], days: 30, sizeBytes: null },
      { name: 'c', tags: ['main'] },
    ];
    expect(diff(pieces, [], [WEEK]).after).toMatchObject({ manifests: 2, sizeBytes: 700, unknownSizes: 1 });
  });
});
