import { expect } from 'vitest';
import { sha256 } from '../../shared/core/hash.ts';
import type { Ledger } from '../../shared/ports.ts';
import { fill, intent, NOW, settlement } from './ledger-archive.ts';

const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
const DAY = Math.floor(NOW / 86_400_000);

function digestOf(name: string): `sha256:${string}` {
  return sha256(`content ${name}`);
}

/**
 * Asks a ledger that holds what `test/support/first-forms.ts` has, as runs and pages do, and changes each record as
 * they do: what an earlier program wrote goes on being read, and being written to.
 */
export async function workWithFirstForms(ledger: Ledger): Promise<void> {
  const facts = await ledger.historyFacts(REPOSITORY);
  expect(facts.map(({ atMs, source }) => [atMs - NOW, source]).sort()).toEqual([
    [-7, 'observed'],
    [0, 'told'],
    [5, 'told'],
  ]);
  const event = { version: 1, action: 'INSERT', repository: REPOSITORY, tag: 'v1' } as const;
  expect(
    await ledger.recordEvent({ ...event, messageId: '1', publishedAtMs: NOW, digest: digestOf('1') }),
  ).toBe('duplicate');
  const reading = await ledger.readHistory(REPOSITORY);
  await ledger.foldHistory(REPOSITORY, reading.loose, []);
  const folded = await ledger.historyFacts(REPOSITORY);
  expect(new Set(folded.map((fact) => JSON.stringify(Object.entries(fact).sort())))).toEqual(
    new Set(facts.map((fact) => JSON.stringify(Object.entries(fact).sort()))),
  );
  expect((await ledger.recentEvents(9)).map(({ messageId }) => messageId)).toEqual(['2', '1']);

  expect((await ledger.runs({ repository: REPOSITORY, limit: 9 })).map(({ id }) => id)).toEqual([
    'run-1',
    'run-2',
  ]);
  expect((await ledger.openIntents(REPOSITORY)).map(({ index }) => index)).toEqual([1]);
  await ledger.writeSettlements([settlement(1)]);
  expect(await ledger.openIntents(REPOSITORY)).toEqual([]);
  const journal = await ledger.journal({ repository: REPOSITORY, runId: 'run-1', limit: 9 });
  expect(journal.map((entry) => [entry.intent.index, entry.settlement?.outcome.kind])).toEqual([
    [1, 'deleted'],
    [0, 'deleted'],
  ]);
  const decided = await ledger.lastDecisions(REPOSITORY);
  expect(decided).toMatchObject({ runId: 'run-1', atMs: NOW, policies: [], notes: null });
  expect(decided?.decisions.map(({ tags }) => tags)).toEqual([['v1'], ['vo']]);
  const kept = { repository: REPOSITORY, digest: sha256('{"a":1}'), mediaType: 'm', content: '{"a":1}' };
  expect(await ledger.manifests(REPOSITORY, [kept.digest])).toEqual([kept]);
  expect((await ledger.restorations(REPOSITORY)).map(({ id }) => id)).toEqual(['r-1']);

  const taken = await ledger.acquireLease(REPOSITORY, 'b', NOW + 10, NOW + 20);
  expect(taken).toMatchObject({ kind: 'taken', lease: { fencingToken: 2 } });
  if (taken.kind === 'taken') await ledger.releaseLease(taken.lease);
  expect(await ledger.claimTick('services', NOW)).toBe(false);
  expect(await ledger.lastTicks()).toEqual({ services: NOW });
  const marks = await ledger.pushMarks(9);
  expect(marks).toEqual([{ repository: REPOSITORY, fromMs: NOW, untilMs: NOW + 70_000 }]);
  await ledger.forgetPushes(marks);
  expect(await ledger.pushMarks(9)).toEqual([]);
  expect(await ledger.planningSince()).toEqual([{ policy: 'services', sinceMs: NOW }]);
  expect((await ledger.policyRoster()).map(({ name }) => name)).toEqual(['services']);

  const [hold] = await ledger.holds(REPOSITORY);
  expect(hold?.on).toEqual({ kind: 'digest', digest: digestOf('held') });
  if (hold !== undefined) await ledger.releaseHold(REPOSITORY, hold.on);
  expect(await ledger.holds(REPOSITORY)).toEqual([]);
  expect((await ledger.stopOrder())?.reason).toBe('a drill');
  expect(await ledger.reserveDeletions('services', '2026-03-14', 7, 10)).toBe(3);
  expect((await ledger.blockages(REPOSITORY)).map(({ reason }) => reason)).toEqual(['immutable']);
  expect((await ledger.quarantine(REPOSITORY)).map(({ root }) => root)).toEqual([digestOf('q')]);
  expect(await ledger.quarantinedRepositories()).toEqual([REPOSITORY]);

  await ledger.recordPulls(REPOSITORY, [{ reference: digestOf('1'), days: [[20_004, 20_004]] }]);
  expect(await ledger.pulls(REPOSITORY)).toEqual([{ reference: digestOf('1'), days: [[20_000, 20_004]] }]);
  expect(await ledger.pullRecording('acme')).toEqual({
    evidence: [[20_000, 20_001]],
    drained: [[20_000, 20_002]],
  });
  await ledger.recordUsage(REPOSITORY, { day: 20_002, standing: 'complete', references: [digestOf('1')] });
  expect((await ledger.usageRecord(REPOSITORY)).uses).toEqual([
    { reference: digestOf('1'), days: [[20_001, 20_002]] },
  ]);
  const [deed] = await ledger.deeds(REPOSITORY, [DAY]);
  expect(deed).toMatchObject({ kind: 'push', by: 'ann@example.com' });
  const { series } = await ledger.samples({
    repository: REPOSITORY,
    sinceMs: NOW - 1,
    untilMs: NOW + 1,
    repositoriesMax: 1,
  });
  expect(series.map(({ samples }) => samples.length)).toEqual([1]);
  // Findings of the first form are of no use any more: as if there had been no audit.
  expect(await ledger.findings('acme')).toBeNull();
  expect(await ledger.auditedProjects()).toEqual(['acme']);

  await fill(ledger);
  expect((await ledger.lastDecisions(REPOSITORY))?.decisions).toHaveLength(4_001);
  expect((await ledger.findings('acme'))?.stored).toHaveLength(1);
  expect((await ledger.openIntents(REPOSITORY)).map(({ index }) => index)).toEqual([intent(2).index]);
}
