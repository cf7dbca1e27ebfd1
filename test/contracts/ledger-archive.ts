import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRecordSorter } from '../../shared/adapters/ledger/record-sorter.ts';
import { exportLedger } from '../../shared/app/export-ledger.ts';
import { importLedger } from '../../shared/app/import-ledger.ts';
import { verifyLedger } from '../../shared/app/verify-ledger.ts';
import type { Decision } from '../../shared/core/decision.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { HistoryFact } from '../../shared/core/history.ts';
import type { Intent, Run, Settlement } from '../../shared/core/journal.ts';
import type { LedgerFinding } from '../../shared/core/ledger-finding.ts';
import { NOUNS, parseLine } from '../../shared/core/ledger-record.ts';
import type { RepositorySample } from '../../shared/core/repository-sample.ts';
import type { DecisionRecord, Ledger } from '../../shared/ports.ts';
import type { LedgerUnderTest } from './ledger.ts';

export const NOW = Date.parse('2026-03-14T02:00:00Z');
/** Longer than these tests run, by any clock. */
const UNTIL = Date.UTC(2100, 0);
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
/** So long that no document's id holds it. */
const LONG = `gcr.io/acme/${'söme/long/'.repeat(40)}end`;
const ALLOWED: Intent['step']['allowedBy'] = [
  {
    policy: 'services',
    rule: 'old',
    mode: 'enforce',
    source: {
      file: 'services.yaml',
      line: 1,
      contentHash: sha256('policy'),
      gitRevision: { kind: 'known', value: '4f1c' },
    },
  },
];

function digestOf(name: string | number): Digest {
  return sha256(`content ${name}`);
}

export function run(over: Partial<Run> = {}): Run {
  return {
    version: 1,
    id: 'run-1',
    repository: REPOSITORY,
    planId: digestOf('plan'),
    startedAtMs: NOW,
    finishedAtMs: NOW + 1,
    trigger: 'schedule',
    mode: 'apply',
    kept: 1,
    toDelete: 1,
    outcomes: { deleted: 1 },
    refusal: null,
    ...over,
  };
}

export function intent(index: number, over: Partial<Intent> = {}): Intent {
  const digest = digestOf(index);
  return {
    version: 1,
    runId: 'run-1',
    index,
    repository: REPOSITORY,
    planId: digestOf('plan'),
    atMs: NOW + index,
    step: { kind: 'delete', digest, root: digest, chain: 0, tags: [], sizeBytes: null, allowedBy: ALLOWED },
    reason: 'older than 14 d „alt“ 🚢',
    ...over,
  };
}

export function settlement(index: number, over: Partial<Settlement> = {}): Settlement {
  const of = { version: 1, runId: 'run-1', repository: REPOSITORY, index } as const;
  return { ...of, atMs: NOW + 1_000, outcome: { kind: 'deleted' }, ...over };
}

function decisions(count: number): DecisionRecord {
  const all = Array.from(
    { length: count },
    (_, at): Decision => ({
      root: digestOf(at),
      tags: [`v${at}`],
      members: [],
      verdict: 'keep',
      because: 'no rule names it',
      unknown: null,
      voices: [],
      enforced: false,
    }),
  );
  return { runId: 'run-1', planId: digestOf('plan'), atMs: NOW, policies: [], decisions: all, notes: null };
}

/** Writes at least one record of every noun, with names that are hard to keep and doubles. */
export async function fill(ledger: Ledger): Promise<void> {
  for (const [at, repository] of [REPOSITORY, LONG, 'gcr.io/a~b/c%2F'].entries()) {
    for (let number = 0; number < 6; number += 1) {
      await ledger.recordEvent({
        version: 1,
        messageId: `${number}`,
        publishedAtMs: NOW - number,
        action: number % 3 === 2 ? 'DELETE' : 'INSERT',
        repository,
        digest: digestOf(number),
        tag: number % 3 === 2 ? null : `v${number}`,
      });
    }
    const observed: HistoryFact = {
      atMs: NOW,
      source: 'observed',
      action: 'INSERT',
      digest: digestOf(at),
      tag: null,
    };
    const { loose } = await ledger.readHistory(repository);
    await ledger.foldHistory(repository, at === 2 ? loose.slice(2) : loose, [observed]);
    await ledger.recordObserved(repository, [observed]);
    await ledger.saveDecisions(repository, decisions(at === 0 ? 4_001 : at));
    await ledger.saveBlockages(repository, [{ step: digestOf('s'), reason: 'immutable', atMs: NOW }]);
    await ledger.saveQuarantine(repository, [
      {
        version: 1,
        root: digestOf('q'),
        tags: ['v1'],
        seenAtMs: NOW,
        sinceMs: NOW,
        runId: 'run-1',
        rules: [{ policy: 'services', rule: 'old', graceMs: 1_000, meaning: digestOf('m') }],
        end: null,
      },
    ]);
    await ledger.recordPulls(repository, [{ reference: digestOf(at), days: [[20_000, 20_003]] }]);
    await ledger.recordUsage(repository, { day: 20_001, standing: 'complete', references: [digestOf(at)] });
    await ledger.recordDeeds(repository, [
      { atMs: NOW, kind: 'push', digest: null, tag: 'v1', by: 'ann@example.com', isOwn: false },
      { atMs: NOW, kind: 'delete', digest: digestOf(at), tag: null, by: null, isOwn: true },
    ]);
    await ledger.recordSample(repository, sample(NOW));
    await ledger.acquireLease(repository, 'a', NOW, NOW + 1);
    await ledger.saveHold({
      version: 1,
      repository,
      on: at === 0 ? { kind: 'digest', digest: digestOf('held') } : { kind: 'tag', tag: 'v1' },
      reason: 'restored',
      by: 'ann@example.com',
      atMs: NOW,
      untilMs: null,
    });
    await ledger.saveRun(run({ repository }));
    await ledger.saveRestoration({
      version: 1,
      id: 'r-1',
      repository,
      source: { kind: 'run', runId: 'run-1' },
      by: 'ann',
      atMs: NOW,
      finishedAtMs: NOW,
      heldUntilMs: NOW,
      manifests: [],
      tags: [],
    });
    await ledger.markPush({ repository, fromMs: NOW, untilMs: NOW + 70_000 });
  }
  await ledger.saveRun(run({ id: 'run-2', mode: 'plan' }));
  const intents = [0, 1, 2].map((index) => intent(index));
  await ledger.writeIntents(intents);
  await ledger.writeIntents([intent(1, { atMs: NOW + 50, reason: 'written again' })]);
  await ledger.writeSettlements([settlement(0), settlement(1)]);
  const content = '{"schemaVersion":2,"x":"\\ud800 é"}\n';
  await ledger.saveManifests(
    [
      { repository: REPOSITORY, digest: sha256(content), mediaType: 'm', content },
      { repository: REPOSITORY, digest: sha256(`${content} `), mediaType: 'm', content: `${content} ` },
    ],
    UNTIL,
  );
  await ledger.saveListedManifests(
    REPOSITORY,
    [{ repository: REPOSITORY, digest: sha256('{}'), mediaType: 'm', content: '{}' }],
    [sha256('{}')],
    UNTIL,
  );
  for (const atMs of [NOW - 5, NOW, NOW - 9]) await ledger.claimTick('services', atMs);
  await ledger.savePlanningSince([{ policy: 'services', sinceMs: NOW }]);
  await ledger.savePolicyRoster([
    {
      name: 'services',
      mode: 'plan',
      schedule: null,
      owner: null,
      reason: null,
      source: ALLOWED[0]?.source ?? {
        file: '',
        line: 1,
        contentHash: sha256(''),
        gitRevision: { kind: 'known', value: '' },
      },
      include: ['**'],
      seenAtMs: NOW,
    },
  ]);
  await ledger.saveStopOrder({ version: 1, reason: 'a drill', by: 'ann', atMs: NOW });
  await ledger.reserveDeletions('services', '2026-03-14', 7, 10);
  await ledger.recordPullEvidence('example.com:acme', [[20_000, 20_001]]);
  await ledger.recordDrained([[20_000, 20_002]]);
  await ledger.saveFindings('acme', {
    atMs: NOW,
    findings: [],
    followed: [],
    access: null,
    stored: [{ name: 'projects/acme/locations/europe/repositories/services', days: [[20_000, 7]] }],
  });
}

function sample(atMs: number): RepositorySample {
  return {
    version: 1,
    atMs,
    sizeBytes: 1,
    unknownCount: 0,
    manifests: 1,
    artifacts: 1,
    untaggedArtifacts: 0,
    garbage: { kind: 'unknown', reason: 'nobody judged' },
    goingBy: {},
  };
}

export async function exported(ledger: Ledger): Promise<string[]> {
  const lines: string[] = [];
  const sorter = openRecordSorter();
  try {
    await exportLedger(ledger, sorter, async (line) => {
      lines.push(line);
    });
  } finally {
    sorter.close();
  }
  return lines;
}

export async function imported(ledger: Ledger, lines: readonly string[]) {
  return await importLedger(
    ledger,
    (async function* () {
      yield* lines;
    })(),
    4,
  );
}

export async function verified(ledger: Ledger, nowMs = NOW): Promise<readonly LedgerFinding[]> {
  const found: LedgerFinding[] = [];
  const sorter = openRecordSorter();
  try {
    await verifyLedger(ledger, sorter, nowMs, (finding) => found.push(finding));
  } finally {
    sorter.close();
  }
  return found;
}

/**
 * What a copy of a ledger has to be. Run by one test file for each adapter.
 * @param open makes a fresh, empty ledger
 * @param openOther makes one of another kind, or of the same where there is none
 */
export function describeArchive(
  name: string,
  open: () => Promise<LedgerUnderTest>,
  openOther: () => Promise<LedgerUnderTest>,
): void {
  describe(`${name}: a ledger as lines`, () => {
    let under: LedgerUnderTest;
    let ledger: Ledger;
    const opened: LedgerUnderTest[] = [];
    const another = async (how: typeof open): Promise<Ledger> => {
      const one = await how();
      opened.push(one);
      return one.ledger;
    };

    beforeEach(async () => {
      under = await open();
      ledger = under.ledger;
    });
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
      await under.close();
    });

    it('has every noun, and is the same line by line after it was read into another and back', async () => {
      await fill(ledger);
      const lines = await exported(ledger);
      const nouns = new Set(
        lines.map((line, at) => {
          const parsed = parseLine(line, at + 1);
          return parsed.kind === 'record' ? parsed.record.noun : parsed.kind;
        }),
      );
      expect([...nouns]).toEqual(['first', ...NOUNS, 'last']);
      const other = await another(openOther);
      expect(await imported(other, lines)).toEqual({ records: lines.length - 2, kept: 0 });
      expect(await exported(other)).toEqual(lines);
      const back = await another(open);
      await imported(back, await exported(other));
      expect(await exported(back)).toEqual(lines);
      // And it is a ledger that can be worked with.
      expect(await back.openIntents(REPOSITORY)).toEqual(await ledger.openIntents(REPOSITORY));
      expect(await back.lastDecisions(REPOSITORY)).toEqual(await ledger.lastDecisions(REPOSITORY));
      expect(await back.pullRecording('example.com:acme')).toEqual(
        await ledger.pullRecording('example.com:acme'),
      );
      expect((await back.acquireLease(REPOSITORY, 'b', NOW, NOW + 1)).kind).toBe('held');
      expect(await verified(back)).toEqual(await verified(ledger));
    });

    it('is read again wherever reading it ended before, and changes nothing that is there', async () => {
      await fill(ledger);
      const lines = await exported(ledger);
      const other = await another(open);
      for (const part of [1, Math.floor(lines.length / 3), lines.length - 1]) {
        await expect(imported(other, lines.slice(0, part))).rejects.toMatchObject({
          code: 'LEDGER_EXPORT_INVALID',
        });
      }
      expect(await exported(other)).toEqual(lines);
      await imported(other, lines);
      expect(await exported(other)).toEqual(lines);
      const later = { ...decisions(1), runId: 'run-9' };
      await other.saveDecisions(REPOSITORY, later);
      await other.saveRun(run({ kept: 99 }));
      const { kept } = await imported(other, lines);
      expect(kept).toBeGreaterThan(0);
      expect(await other.lastDecisions(REPOSITORY)).toEqual(later);
      expect((await other.runs({ repository: REPOSITORY, limit: 9 })).map((one) => one.kept)).toContain(99);
    });

    it('is looked over, and told by code what contradicts itself', async () => {
      await fill(ledger);
      expect((await verified(ledger, NOW + 1_000)).map(({ code }) => code)).toEqual([]);
      await ledger.recordEvent({
        version: 1,
        messageId: 'bare',
        publishedAtMs: NOW,
        action: 'INSERT',
        repository: REPOSITORY,
        digest: null,
        tag: 'v9',
      });
      await ledger.recordObserved(REPOSITORY, [
        { atMs: NOW + 9e9, source: 'observed', action: 'INSERT', digest: digestOf('late'), tag: null },
      ]);
      await ledger.acquireLease(REPOSITORY, 'b', NOW + 10, NOW + 9e9);
      await ledger.saveRun(run({ id: 'run-3', startedAtMs: NOW - 9e8, finishedAtMs: null }));
      const { step } = intent(9);
      await ledger.writeIntents([
        intent(0, { runId: 'gone', step: { ...step, allowedBy: [] }, atMs: NOW - 9e8 }),
        intent(1, {
          runId: 'gone',
          atMs: NOW - 9e8,
          step: { ...step, kind: 'untag', tag: 'x', digest: digestOf('never seen') } as Intent['step'],
        }),
      ]);
      await ledger.writeSettlements([settlement(0, { runId: 'gone' })]);
      await ledger.saveManifests(
        [{ repository: REPOSITORY, digest: digestOf('m'), mediaType: 'm', content: '{"changed":1}' }],
        UNTIL,
      );
      const codes = (await verified(ledger, NOW + 1_000)).map(({ code }) => code);
      expect([...new Set(codes)].sort()).toEqual([
        'DELETION_WITHOUT_EVIDENCE',
        'INTENT_OPEN',
        'JOURNAL_WITHOUT_RUN',
        'LEASE_IN_FUTURE',
        'MANIFEST_CHANGED',
        'RUN_UNFINISHED',
        'TAG_WITHOUT_DIGEST',
        'TIME_IN_FUTURE',
        'UNTAGGED_UNSEEN',
      ]);
    });

    it.each([
      ['what is no JSON', ['{"kind":"gcr-warden/ledger","version":1}', 'hello']],
      ['a list', ['{"kind":"gcr-warden/ledger","version":1}', '[]']],
      ['a noun that is none', ['{"kind":"gcr-warden/ledger","version":1}', '{"noun":"cat"}']],
      ['a record without its content', ['{"kind":"gcr-warden/ledger","version":1}', '{"noun":"run"}']],
      ['no first line', ['{"noun":"tick","policy":"p","lastMs":1}']],
      ['nothing at all', []],
      [
        'fewer records than it counts',
        ['{"kind":"gcr-warden/ledger","version":1}', '{"kind":"gcr-warden/ledger-end","records":1}'],
      ],
    ])('is refused where it has %s', async (_what, lines) => {
      await expect(imported(ledger, lines)).rejects.toMatchObject({ code: 'LEDGER_EXPORT_INVALID' });
    });

    it('is refused where a newer gcr-warden wrote it', async () => {
      await expect(imported(ledger, ['{"kind":"gcr-warden/ledger","version":2}'])).rejects.toMatchObject({
        code: 'LEDGER_VERSION',
      });
    });
  });
}
