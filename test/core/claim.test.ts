import { expect, it } from 'vitest';
import { claimedChains, toldPushes, unplannedDigests } from '../../shared/core/claim.ts';
import type { HistoryFact } from '../../shared/core/history.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import { digestOf, NOW_MS, policy, policySet, rule, subjectTag, takingOf } from './estate.ts';

const WORK = planRepository({
  ...takingOf([
    { name: 'old', tags: ['pr-1'] },
    { name: 'index', tags: ['pr-2'], children: ['child'] },
    { name: 'child' },
    { name: 'kept', tags: ['stable'] },
  ]),
  policies: policySet(
    policy([
      rule('keep', 'stable', [{ kind: 'tags', match: 'any', patterns: [{ kind: 'exact', text: 'stable' }] }]),
      rule('delete', 'all', [{ kind: 'all' }]),
    ]),
  ),
  scope: 'all',
  nowMs: NOW_MS,
});

const chainOf = (name: string): number | undefined =>
  WORK.steps.find(({ digest }) => digest === digestOf(name))?.chain;

const fact = (name: string, tag: string | null, afterMs: number, more: Partial<HistoryFact> = {}) =>
  ({
    atMs: NOW_MS + afterMs,
    source: 'told',
    action: 'INSERT',
    digest: digestOf(name),
    tag,
    ...more,
  }) as const;

const claimedBy = (...facts: HistoryFact[]): number[] => [
  ...claimedChains(WORK, toldPushes(WORK, facts), new Map()).keys(),
];

it.each<[string, HistoryFact, string[]]>([
  ['a tag that the listing shows, told just before it', fact('old', 'pr-1', -1_000), []],
  ['the digest itself, told just before it', fact('old', null, -1_000), []],
  ['a tag that the listing does not show, told just before it', fact('old', 'v1', -1_000), ['old']],
  ['a tag that the listing shows, told after it', fact('old', 'pr-1', 1), ['old']],
  ['a child, pushed again', fact('child', null, 1), ['index']],
  ['what stays', fact('kept', 'v2', 1), []],
  ['what stays, as a signature of what goes', fact('kept', subjectTag('old', '.sig'), -1), ['old']],
  ['a new signature of a child', fact('new', subjectTag('child', '.sig'), 1), ['index']],
  ['a tag that was removed', fact('old', 'pr-1', 1, { action: 'DELETE' }), []],
  ['what was told long before', fact('old', 'v1', -60_000), []],
])('claims by what was told since the listing: %s', (_row, told, names) => {
  expect(claimedBy(told)).toEqual(names.map(chainOf));
});

it('has to read only what the plan does not know, each once', () => {
  const pushes = toldPushes(WORK, [fact('new', null, 1), fact('new', 'v3', 2), fact('kept', 'v2', 3)]);
  expect(unplannedDigests(WORK, pushes)).toEqual([digestOf('new')]);
});
