import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemblePlan } from '../../shared/core/assemble-plan.ts';
import { deriveHistory, reconcile } from '../../shared/core/history.ts';
import { targetWarnings } from '../../shared/core/inventory-warnings.ts';
import { planSnapshot } from '../../shared/core/plan-snapshot.ts';
import { warningSentence } from '../../shared/core/policy-warning.ts';
import { parseSnapshot, type Snapshot } from '../../shared/core/snapshot.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { anyCase, type Case, planOf } from './case.ts';
import { listingOf, NOW_MS, policy, policySet, REPOSITORY, rule, told } from './estate.ts';

function snapshotOf({ pieces, facts, usage }: Pick<Case, 'pieces' | 'facts' | 'usage'>): Snapshot {
  const listing = listingOf(pieces);
  const missed = reconcile(deriveHistory(REPOSITORY, facts), listing);
  return {
    version: 1,
    kind: 'gcr-warden/snapshot',
    takenAtMs: NOW_MS,
    target: 'europe-docker.pkg.dev/acme',
    catalog: { kind: 'complete' },
    usage,
    repositories: [{ listing, history: deriveHistory(REPOSITORY, [...facts, ...missed]) }],
  };
}

const plain = snapshotOf({
  pieces: [
    { name: 'a', tags: ['1.0.0'] },
    { name: 'b', children: ['a'] },
  ],
  facts: [],
  usage: { version: 1, answers: [] },
});

/** The plain snapshot with something else at one place. */
function changed(path: string, value: unknown): string {
  const copy = structuredClone(plain) as unknown as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at = copy;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  at[last] = value;
  return JSON.stringify(copy);
}

describe('a snapshot', () => {
  it('of an earlier version is read, and nothing in it is taken for more exact than it says', () => {
    const facts = [told(40, 'INSERT', 'a', 'main'), told(30, 'DELETE', null, 'main')];
    const snapshot = snapshotOf({ pieces: [{ name: 'a' }], facts, usage: { version: 1, answers: [] } });
    const earlier = JSON.stringify(snapshot, (key, value) =>
      ['absentAtMs', 'untaggedBy', 'strayRemoval'].includes(key) ? undefined : value,
    );
    const untagged = policySet(
      policy([rule('delete', 'untagged', [{ kind: 'untaggedFor', ageMs: DAY_MS }])]),
    );
    const goes = (text: string) =>
      planSnapshot(parseSnapshot(text, 'a.json'), untagged, 'all').repositories[0]?.steps.length;
    expect(goes(JSON.stringify(snapshot))).toBe(1);
    expect(goes(earlier)).toBe(0);
  });

  it('is read back as it was written, and plans what the run would have planned', () => {
    fc.assert(
      fc.property(anyCase, (one) => {
        const snapshot = snapshotOf(one);
        const read = parseSnapshot(JSON.stringify(snapshot), 'a.json');
        expect(read).toEqual(snapshot);
        const { plan } = planOf(one);
        const { target, catalog } = snapshot;
        const parts = { target, catalog, repositories: [plan] };
        const warnings = targetWarnings(one.policies, parts, NOW_MS).map(warningSentence);
        expect(planSnapshot(read, policySet(...one.policies), 'all')).toEqual(
          assemblePlan({ createdAtMs: NOW_MS, ...parts, problems: [], warnings }),
        );
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['no JSON', '{', 'it is not JSON'],
    ['another kind of file', '{"version":1,"kind":"gcr-warden/plan"}', 'kind: '],
    ['a later version', changed('version', 2), 'version: '],
    ['a key that is not known', changed('extra', 1), 'Unrecognized key'],
    ['a fact of another shape', changed('repositories.0.listing.manifests.0.sizeBytes', 5), 'sizeBytes: '],
    [
      'a fact that is neither known nor unknown',
      changed('repositories.0.listing.manifests.0.uploadedAtMs', { kind: 'known', value: null }),
      'uploadedAtMs.value: ',
    ],
    ['an empty tag', changed('repositories.0.listing.manifests.0.tags', ['']), 'not a tag'],
    ['a digest cut short', changed('repositories.0.listing.manifests.0.digest', 'sha256:12'), 'not a sha256'],
    [
      'a repository without a host',
      changed('repositories.0.listing.repository', 'acme/api'),
      'not HOST/NAME',
    ],
    [
      'a repository that is in it twice',
      changed('repositories.1', plain.repositories[0]),
      'services/api is in it twice',
    ],
    [
      'the history of another repository',
      changed('repositories.0.history.repository', 'gcr.io/acme/other'),
      'the history is that of gcr.io/acme/other',
    ],
    [
      'a manifest that is listed twice',
      changed('repositories.0.listing.manifests.2', plain.repositories[0]?.listing.manifests[0]),
      'is listed twice',
    ],
    [
      'a history that does not know what is listed',
      changed('repositories.0.history.digests', {}),
      'was not reconciled',
    ],
  ])('is refused with %s', (_title, text, says) => {
    expect(() => parseSnapshot(text, 'a.json')).toThrow(
      expect.objectContaining({ code: 'SNAPSHOT_INVALID', message: expect.stringContaining(says) }),
    );
  });
});
