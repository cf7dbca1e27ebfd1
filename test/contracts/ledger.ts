import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactNote } from '../../shared/core/artifact-note.ts';
import type { Decision } from '../../shared/core/decision.ts';
import type { Digest } from '../../shared/core/digest.ts';
import type { Finding } from '../../shared/core/finding.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { HistoryFact } from '../../shared/core/history.ts';
import type { Hold } from '../../shared/core/hold.ts';
import type { ImageEvent } from '../../shared/core/image-event.ts';
import type { Intent, Outcome, Run, Settlement, StoredManifest } from '../../shared/core/journal.ts';
import { PLANNING_MAX } from '../../shared/core/planning-since.ts';
import type { PolicySource } from '../../shared/core/policy.ts';
import { type PolicyEntry, ROSTER_MAX } from '../../shared/core/policy-roster.ts';
import type { QuarantineMark } from '../../shared/core/quarantine-mark.ts';
import type { RepositorySample } from '../../shared/core/repository-sample.ts';
import type { Restoration } from '../../shared/core/restoration.ts';
import type { StopOrder } from '../../shared/core/stop-order.ts';
import type { DayStanding, UsageSighting } from '../../shared/core/usage-record.ts';
import type { FindingRecord, Lease, Ledger } from '../../shared/ports.ts';

/** A fresh, empty ledger, and ways to look at the same one again. */
export interface LedgerUnderTest {
  readonly ledger: Ledger;
  /** Another handle on the same data, as a second process has one. The caller closes it. */
  another(): Promise<Ledger>;
  /** Closes the first handle, where the test has not, and throws the data away. */
  close(): Promise<void>;
}

const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
const OTHER = 'gcr.io/example.com/acme/worker';
const NOW = Date.parse('2026-03-14T02:00:00Z');
/** Longer than these tests run, by any clock. */
const UNTIL = Date.UTC(2100, 0);
const CONTENDERS = 64;

function digestOf(name: string | number): Digest {
  return sha256(`manifest ${name}`);
}

const SOURCE: PolicySource = {
  file: 'policies/services.yaml',
  line: 1,
  contentHash: digestOf('policy'),
  gitRevision: { kind: 'known', value: '4f1c' },
};

function imageEvent(over: Partial<ImageEvent> = {}): ImageEvent {
  return {
    version: 1,
    messageId: '14070000000000001',
    publishedAtMs: NOW,
    action: 'INSERT',
    repository: REPOSITORY,
    digest: digestOf('a'),
    tag: 'v1.2.3',
    ...over,
  };
}

function fact(over: Partial<HistoryFact> = {}): HistoryFact {
  return { atMs: NOW, source: 'observed', action: 'INSERT', digest: digestOf('a'), tag: null, ...over };
}

function intent(index: number, over: Partial<Intent> = {}): Intent {
  return {
    version: 1,
    runId: 'run-1',
    index,
    repository: REPOSITORY,
    planId: digestOf('plan'),
    atMs: NOW + index,
    step: {
      kind: 'delete',
      digest: digestOf(index),
      root: digestOf(index),
      chain: index,
      tags: [`pr-${index}`],
      sizeBytes: 1_000 + index,
      allowedBy: [{ policy: 'services', rule: 'old pull requests', mode: 'enforce', source: SOURCE }],
    },
    reason: `untagged for 31 days; „alt“ № ${index}`,
    ...over,
  };
}

function settlement(index: number, over: Partial<Settlement> = {}): Settlement {
  return {
    version: 1,
    runId: 'run-1',
    repository: REPOSITORY,
    index,
    atMs: NOW + 1_000 + index,
    outcome: { kind: 'deleted' },
    ...over,
  };
}

function run(over: Partial<Run> = {}): Run {
  return {
    version: 1,
    id: 'run-1',
    repository: REPOSITORY,
    planId: digestOf('plan'),
    startedAtMs: NOW,
    finishedAtMs: null,
    trigger: 'schedule',
    mode: 'apply',
    kept: 12,
    toDelete: 3,
    outcomes: {},
    refusal: null,
    ...over,
  };
}

function hold(over: Partial<Hold> = {}): Hold {
  return {
    version: 1,
    repository: REPOSITORY,
    on: { kind: 'digest', digest: digestOf('held') },
    reason: 'restored from run-1 „alt“ №',
    by: 'ann@example.com',
    atMs: NOW,
    untilMs: NOW + 1_000,
    ...over,
  };
}

function mark(name: string | number, over: Partial<QuarantineMark> = {}): QuarantineMark {
  return {
    version: 1,
    root: digestOf(name),
    tags: ['v1', '„alt“'],
    seenAtMs: NOW - 1,
    sinceMs: NOW,
    runId: 'run-1',
    rules: [{ policy: 'services', rule: 'old', graceMs: 1_000, meaning: digestOf('meaning') }],
    end: null,
    ...over,
  };
}

function decision(name: string | number): Decision {
  return {
    root: digestOf(name),
    tags: [`release-${name}`],
    members: [digestOf(`child of ${name}`)],
    verdict: 'delete',
    because: null,
    unknown: null,
    voices: [
      {
        policy: 'services',
        rule: 'old pull requests',
        effect: 'delete',
        answer: 'yes',
        mode: 'enforce',
        source: SOURCE,
        line: 12,
        evidence: [
          { kind: 'age', since: 'untagged', ageMs: 3_000_000, wanted: 'more than', wantedMs: 2_000_000 },
        ],
      },
    ],
    enforced: true,
  };
}

function finding(name: string): Finding {
  return {
    version: 2,
    fingerprint: digestOf(name),
    check: 'key-age',
    title: 'Service-account key is too old',
    severity: 'high',
    status: 'FAIL',
    project: 'acme',
    resource: `//iam.googleapis.com/projects/acme/serviceAccounts/${name}`,
    evidence: { sentence: 'The key is 412 days old.', binding: null, datesMs: { created: NOW } },
    risk: 'Whoever holds it can push.',
    remediation: { steps: [{ say: 'Delete it.', gcloud: ['gcloud iam …'], terraform: null }] },
    exception: null,
  };
}

/** An audit's findings, and one that is mended since. */
function record(atMs: number, findings: readonly Finding[]): FindingRecord {
  const { fingerprint, check, title, severity, resource, evidence } = finding('mended');
  return {
    atMs,
    findings,
    followed: [
      {
        fingerprint,
        check,
        title,
        severity,
        resource,
        sentence: evidence.sentence,
        state: 'resolved',
        isSeen: true,
        firstSeenMs: NOW - 5,
        sinceMs: atMs,
        change: 'resolved',
      },
    ],
    access: {
      keys: [
        {
          account: 'ci@acme.iam.gserviceaccount.com',
          keyId: 'key-1',
          ageMs: { kind: 'known', value: 3_000_000 },
          claimed: false,
          disabled: false,
          accountDisabled: false,
          endsAtMs: { kind: 'known', value: null },
          lastAuthenticatedMs: { kind: 'unknown', reason: 'denied' },
          pullSecrets: null,
        },
      ],
      grants: [
        {
          member: 'allUsers',
          abilities: { kind: 'known', value: ['read'] },
          on: ['repository api'],
          path: ['project acme'],
          condition: { kind: 'known', value: null },
        },
      ],
      notSeen: ['The clusters: denied'],
    },
    stored: [
      {
        name: 'projects/acme/locations/europe/repositories/services',
        days: [
          [20_500, 3e12],
          [20_501, 0],
        ],
      },
    ],
  };
}

function note(name: string): ArtifactNote {
  return {
    mediaType: { kind: 'known', value: `application/${name}` },
    sizeBytes: { kind: 'unknown', reason: 'not told' },
    uploadedAtMs: { kind: 'known', value: NOW },
    lastPulledAtMs: { kind: 'at latest', value: NOW },
    usedBy: { kind: 'known', value: ['pod nightly'] },
    nested: [{ digest: digestOf(`child of ${name}`), as: 'child', depth: 1 }],
  };
}

function sample(atMs: number, manifests = 3): RepositorySample {
  return {
    version: 1,
    atMs,
    manifests,
    artifacts: 2,
    untaggedArtifacts: 1,
    sizeBytes: 5_000,
    unknownCount: 1,
    garbage: { kind: 'unknown', reason: 'only the policies that were due spoke' },
    goingBy: { services: 1, constructor: 2 },
  };
}

function rosterEntry(name: string): PolicyEntry {
  return {
    name,
    mode: 'plan',
    schedule: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
    owner: null,
    reason: 'r'.repeat(2_000),
    source: SOURCE,
    include: ['gcr.io/**'],
    seenAtMs: NOW,
  };
}

/** Names that a store may take for something else: for a path, a pattern, a reserved name, SQL. */
const HOSTILE_NAMES: readonly { readonly title: string; readonly name: string }[] = [
  { title: 'slashes', name: 'gcr.io/a//b/c/' },
  { title: 'one dot', name: '.' },
  { title: 'two dots', name: '..' },
  { title: 'a reserved name', name: '__x__' },
  { title: 'a prototype name', name: '__proto__' },
  { title: 'percent signs', name: 'a%2Fb' },
  { title: 'what percent signs stand for', name: 'a/b' },
  { title: 'a tilde', name: 'a~b' },
  { title: 'wildcards', name: 'a*?_%[b]' },
  { title: 'quotes', name: `a'; DROP TABLE runs; --"\`` },
  { title: 'letters beyond ASCII', name: 'köln/日本/🚢' },
  { title: 'line breaks and tabs', name: 'a\n\tb\r' },
  { title: 'a space in front', name: ' a' },
  { title: 'nothing at all', name: '' },
  { title: '3,000 characters', name: `gcr.io/${'long/'.repeat(600)}` },
  { title: '3,000 characters with another end', name: `gcr.io/${'long/'.repeat(600)}z` },
];

/**
 * What every ledger has to do. Run by one test file for each adapter.
 * @param open makes a fresh, empty ledger
 */
export function describeLedger(name: string, open: () => Promise<LedgerUnderTest>): void {
  describe(`${name}: the ledger's contract`, () => {
    let under: LedgerUnderTest;
    let ledger: Ledger;

    beforeEach(async () => {
      under = await open();
      ledger = under.ledger;
    });
    afterEach(async () => {
      await under.close();
    });

    describe('events', () => {
      it('records an event once, however often it arrives', async () => {
        expect(await ledger.recordEvent(imageEvent())).toBe('recorded');
        expect(await ledger.recordEvent(imageEvent())).toBe('duplicate');
        expect(await ledger.recentEvents(10)).toEqual([imageEvent()]);
      });

      it(`records one of ${CONTENDERS} concurrent deliveries of an event, through two handles`, async () => {
        const second = await under.another();
        const answers = await Promise.all(
          Array.from({ length: CONTENDERS }, (_, turn) =>
            (turn % 2 === 0 ? ledger : second).recordEvent(imageEvent()),
          ),
        );
        await second.close();
        expect(answers.filter((answer) => answer === 'recorded')).toHaveLength(1);
        expect(await ledger.historyFacts(REPOSITORY)).toHaveLength(1);
      });

      it('keeps equal message ids of two repositories apart: ids are unique within a topic only', async () => {
        expect(await ledger.recordEvent(imageEvent())).toBe('recorded');
        expect(await ledger.recordEvent(imageEvent({ repository: OTHER }))).toBe('recorded');
        expect(await ledger.historyFacts(OTHER)).toHaveLength(1);
      });

      it('tells the facts of one repository, told and observed', async () => {
        await ledger.recordEvent(imageEvent({ messageId: '1', action: 'DELETE', digest: null }));
        await ledger.recordEvent(imageEvent({ messageId: '2', tag: null }));
        await ledger.recordEvent(imageEvent({ messageId: '3', repository: OTHER }));
        await ledger.recordObserved(REPOSITORY, [fact({ tag: 'latest' })]);
        await ledger.recordObserved(OTHER, [fact()]);
        const facts = await ledger.historyFacts(REPOSITORY);
        expect(facts).toHaveLength(3);
        expect(facts).toEqual(
          expect.arrayContaining([
            { atMs: NOW, source: 'told', action: 'DELETE', digest: null, tag: 'v1.2.3' },
            { atMs: NOW, source: 'told', action: 'INSERT', digest: digestOf('a'), tag: null },
            { atMs: NOW, source: 'observed', action: 'INSERT', digest: digestOf('a'), tag: 'latest' },
          ]),
        );
      });

      it('tells what was told of one repository since a time', async () => {
        for (const [messageId, atMs] of [
          ['1', NOW - 1],
          ['2', NOW],
          ['3', NOW + 5],
        ] as const) {
          await ledger.recordEvent(imageEvent({ messageId, publishedAtMs: atMs, tag: messageId }));
        }
        await ledger.recordEvent(imageEvent({ messageId: '4', repository: `${REPOSITORY}-2` }));
        await ledger.recordEvent(imageEvent({ messageId: '5', repository: `${REPOSITORY}/a` }));
        await ledger.recordObserved(REPOSITORY, [fact({ tag: 'observed' })]);
        const tagsSince = async (sinceMs: number) =>
          (await ledger.toldSince(REPOSITORY, sinceMs)).map(({ tag }) => tag).sort();
        expect(await tagsSince(NOW)).toEqual(['2', '3']);
        expect(await tagsSince(NOW + 6)).toEqual([]);
        expect(await tagsSince(-1)).toEqual(['1', '2', '3']);
        expect(await ledger.toldSince(REPOSITORY, NOW + 5)).toEqual([
          { atMs: NOW + 5, source: 'told', action: 'INSERT', digest: digestOf('a'), tag: '3' },
        ]);
      });

      it('keeps 10,000 observed facts, and writing them again changes nothing', async () => {
        const facts = Array.from({ length: 10_000 }, (_, index) => fact({ digest: digestOf(index) }));
        await ledger.recordObserved(REPOSITORY, facts);
        await ledger.recordObserved(REPOSITORY, facts);
        const found = await ledger.historyFacts(REPOSITORY);
        expect(found).toHaveLength(facts.length);
        expect(new Set(found.map((one) => one.digest)).size).toBe(facts.length);
      });

      it('shows the newest events of all repositories first', async () => {
        for (const [index, messageId] of ['1', '2', '3', '4'].entries()) {
          const repository = index % 2 === 0 ? REPOSITORY : OTHER;
          await ledger.recordEvent(imageEvent({ messageId, repository, publishedAtMs: NOW + index }));
        }
        const newest = await ledger.recentEvents(3);
        expect(newest.map((event) => event.messageId)).toEqual(['4', '3', '2']);
      });
    });

    describe('runs and the journal', () => {
      it('shows runs newest first, of one repository or of all, each as it was saved last', async () => {
        await ledger.saveRun(run({ id: 'run-1', startedAtMs: NOW }));
        await ledger.saveRun(run({ id: 'run-2', startedAtMs: NOW + 2 }));
        await ledger.saveRun(run({ id: 'run-2', repository: OTHER, startedAtMs: NOW + 1 }));
        const finished = run({ finishedAtMs: NOW + 9, outcomes: { deleted: 3, 'skipped: moved': 1 } });
        await ledger.saveRun(finished);
        const all = await ledger.runs({ limit: 10 });
        expect(all.map((one) => one.startedAtMs)).toEqual([NOW + 2, NOW + 1, NOW]);
        expect(await ledger.runs({ repository: REPOSITORY, limit: 10 })).toEqual([
          run({ id: 'run-2', startedAtMs: NOW + 2 }),
          finished,
        ]);
        expect(await ledger.runs({ repository: REPOSITORY, limit: 1 })).toHaveLength(1);
      });

      it('has intents open until their outcome is written', async () => {
        const intents = [0, 1, 2].map((index) => intent(index));
        await ledger.writeIntents(intents);
        await ledger.writeIntents([intent(0, { repository: OTHER })]);
        expect(await ledger.openIntents(REPOSITORY)).toEqual(intents);
        await ledger.writeSettlements([settlement(1)]);
        expect(await ledger.openIntents(REPOSITORY)).toEqual([intent(0), intent(2)]);
        await ledger.writeSettlements([settlement(0), settlement(2)]);
        expect(await ledger.openIntents(REPOSITORY)).toEqual([]);
        expect(await ledger.openIntents(OTHER)).toHaveLength(1);
      });

      it('settles intents of several writes and several runs at once', async () => {
        await ledger.writeIntents([intent(0), intent(1)]);
        await ledger.writeIntents([intent(2)]);
        await ledger.writeIntents([intent(0, { runId: 'run-2' })]);
        await ledger.writeSettlements([settlement(1), settlement(2), settlement(0, { runId: 'run-2' })]);
        expect(await ledger.openIntents(REPOSITORY)).toEqual([intent(0)]);
      });

      it('leaves the first outcome where one is written twice', async () => {
        const failed: Outcome = { kind: 'failed', retryable: true, reason: 'HTTP 503' };
        await ledger.writeIntents([intent(0), intent(1)]);
        await ledger.writeSettlements([settlement(0)]);
        await ledger.writeSettlements([settlement(0, { outcome: failed }), settlement(1)]);
        await ledger.writeSettlements([settlement(0, { outcome: failed })]);
        await ledger.writeSettlements([settlement(1, { outcome: failed })]);
        const entries = await ledger.journal({ runId: 'run-1', limit: 10 });
        expect(entries.map((entry) => entry.settlement?.outcome)).toEqual([
          { kind: 'deleted' },
          { kind: 'deleted' },
        ]);
      });

      it('loses no outcome of two writers that settle the same write at once', async () => {
        const second = await under.another();
        const indexes = Array.from({ length: 12 }, (_, index) => index);
        await ledger.writeIntents(indexes.map((index) => intent(index)));
        await Promise.all(
          [ledger, second].map((handle, turn) =>
            handle.writeSettlements(
              indexes.filter((index) => index % 2 === turn).map((index) => settlement(index)),
            ),
          ),
        );
        await second.close();
        expect(await ledger.openIntents(REPOSITORY)).toEqual([]);
        const entries = await ledger.journal({ repository: REPOSITORY, limit: 100 });
        expect(entries.filter((entry) => entry.settlement === null)).toEqual([]);
        expect(entries).toHaveLength(indexes.length);
      });

      it('leaves the first intent where one is written twice, settled or not', async () => {
        await ledger.writeIntents([intent(0), intent(1)]);
        await ledger.writeIntents([intent(0), intent(1)]);
        await ledger.writeIntents([intent(0, { atMs: NOW + 50, reason: 'written again after a crash' })]);
        expect(await ledger.openIntents(REPOSITORY)).toEqual([intent(0), intent(1)]);
        await ledger.writeSettlements([settlement(0), settlement(1)]);
        await ledger.writeIntents([intent(0, { atMs: NOW + 60 }), intent(1, { atMs: NOW + 60 })]);
        await ledger.writeIntents([intent(1, { atMs: NOW + 70 })]);
        expect(await ledger.openIntents(REPOSITORY)).toEqual([]);
        const entries = await ledger.journal({ repository: REPOSITORY, limit: 10 });
        expect(entries.map((entry) => entry.intent)).toEqual([intent(1), intent(0)]);
      });

      it('refuses an outcome of an intent that was never written, and writes none of that call', async () => {
        await ledger.writeIntents([intent(0)]);
        await expect(ledger.writeSettlements([settlement(0), settlement(7)])).rejects.toMatchObject({
          code: 'LEDGER_INTENT_UNKNOWN',
        });
        expect(await ledger.openIntents(REPOSITORY)).toEqual([intent(0)]);
      });

      it('writes all intents of a call or none', async () => {
        const broken = { ...intent(700), step: { ...intent(700).step, sizeBytes: 1n } } as unknown as Intent;
        const intents = Array.from({ length: 700 }, (_, index) => intent(index));
        await expect(ledger.writeIntents([...intents, broken])).rejects.toThrow();
        expect(await ledger.openIntents(REPOSITORY)).toEqual([]);
        await ledger.writeIntents(intents);
        expect(await ledger.openIntents(REPOSITORY)).toEqual(intents);
        await ledger.writeSettlements(intents.map((one) => settlement(one.index)));
        expect(await ledger.openIntents(REPOSITORY)).toEqual([]);
      });

      it('shows the journal newest first: of all, of a repository, a digest, a run, and up to a limit', async () => {
        await ledger.writeIntents([intent(0), intent(1), intent(2)]);
        await ledger.writeIntents([
          intent(0, { repository: OTHER, atMs: NOW + 10 }),
          intent(1, { repository: OTHER, atMs: NOW + 11, runId: 'run-2' }),
        ]);
        await ledger.writeIntents([intent(3), intent(4)]);
        await ledger.writeSettlements([settlement(1)]);
        const times = async (filter: Parameters<Ledger['journal']>[0]): Promise<number[]> =>
          (await ledger.journal(filter)).map((entry) => entry.intent.atMs - NOW);
        expect(await times({ limit: 100 })).toEqual([11, 10, 4, 3, 2, 1, 0]);
        expect(await times({ limit: 3 })).toEqual([11, 10, 4]);
        expect(await times({ repository: REPOSITORY, limit: 100 })).toEqual([4, 3, 2, 1, 0]);
        expect(await times({ repository: REPOSITORY, limit: 4 })).toEqual([4, 3, 2, 1]);
        expect(await times({ digest: digestOf(1), limit: 100 })).toEqual([11, 1]);
        expect(await times({ digest: digestOf(1), repository: REPOSITORY, limit: 100 })).toEqual([1]);
        expect(await times({ runId: 'run-1', limit: 2 })).toEqual([10, 4]);
        expect(await times({ runId: 'run-1', repository: OTHER, limit: 9 })).toEqual([10]);
        expect(await times({ runId: 'run-3', limit: 9 })).toEqual([]);
        expect(await ledger.journal({ digest: digestOf(1), repository: REPOSITORY, limit: 1 })).toEqual([
          { intent: intent(1), settlement: settlement(1) },
        ]);
      });

      it.each([0, -1, 1.5, Number.NaN, 1_000_000])('refuses to look up %s results', async (limit) => {
        const refused = { code: 'LEDGER_LIMIT_INVALID' };
        await expect(ledger.journal({ limit })).rejects.toMatchObject(refused);
        await expect(ledger.runs({ limit })).rejects.toMatchObject(refused);
        await expect(ledger.recentEvents(limit)).rejects.toMatchObject(refused);
      });
    });

    describe('decisions and manifests', () => {
      it('keeps the last decisions of a repository, 10,000 artifacts as well as none', async () => {
        expect(await ledger.lastDecisions(REPOSITORY)).toBeNull();
        const decisions = Array.from({ length: 10_000 }, (_, index) => decision(index));
        const policies = [{ name: 'services', owner: 'a@example.com', reason: null }];
        const record = {
          runId: 'run-1',
          planId: digestOf('plan'),
          atMs: NOW,
          policies,
          decisions,
          notes: null,
        };
        await ledger.saveDecisions(REPOSITORY, record);
        expect(await ledger.lastDecisions(REPOSITORY)).toEqual(record);
        await ledger.saveDecisions(REPOSITORY, record);
        expect(await ledger.lastDecisions(REPOSITORY)).toEqual(record);
        const smaller = { ...record, runId: 'run-2', decisions: [decision('ü')] };
        await ledger.saveDecisions(REPOSITORY, smaller);
        expect(await ledger.lastDecisions(REPOSITORY)).toEqual(smaller);
        const noted = { ...record, decisions: [decision('a'), decision('b')], notes: [note('a'), note('b')] };
        await ledger.saveDecisions(REPOSITORY, noted);
        expect(await ledger.lastDecisions(REPOSITORY)).toEqual(noted);
        const none = { ...record, decisions: [], notes: [] };
        await ledger.saveDecisions(REPOSITORY, none);
        expect(await ledger.lastDecisions(REPOSITORY)).toEqual(none);
        expect(await ledger.lastDecisions(OTHER)).toBeNull();
      });

      it('gives manifests back byte for byte', async () => {
        const content = '{"annotations": {"title": "Käse 日本 🚢 \\u0000 \\ud800"},\r\n\t"x":1 }\n';
        const manifests = Array.from({ length: 70 }, (_, index) => ({
          repository: index === 0 ? OTHER : REPOSITORY,
          digest: digestOf(index),
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          content: `${content}${index}`,
        }));
        await ledger.saveManifests(manifests, UNTIL);
        await ledger.saveManifests(manifests.slice(0, 3), UNTIL);
        const asked = [...manifests.map((one) => one.digest), digestOf('never stored'), digestOf(5)];
        const found = await ledger.manifests(REPOSITORY, asked);
        const byDigest = (a: { digest: Digest }, b: { digest: Digest }) => (a.digest < b.digest ? -1 : 1);
        expect([...found].sort(byDigest)).toEqual(manifests.slice(1).sort(byDigest));
      });

      it('gives back what a listing of thousands needs, and keeps for undo what is listed no more', async () => {
        const manifest = (name: number): StoredManifest => ({
          repository: REPOSITORY,
          digest: digestOf(name),
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          content: `{"config":{"digest":"${digestOf(`config ${name}`)}"},"layers":["${digestOf('base')}"]}`,
        });
        const asked = (names: readonly number[]) => names.map(digestOf);
        const all = Array.from({ length: 300 }, (_, at) => at);
        // One that was kept by a deletion, and is back.
        await ledger.saveManifests([manifest(0)], UNTIL);
        expect(await ledger.listedManifests(REPOSITORY, asked([0, 1]))).toEqual([manifest(0)]);
        await ledger.saveListedManifests(REPOSITORY, all.slice(1).map(manifest), asked(all), UNTIL);
        const found = await ledger.listedManifests(REPOSITORY, asked(all));
        expect(found).toHaveLength(all.length);
        expect(found).toEqual(expect.arrayContaining(all.map(manifest)));
        await ledger.saveListedManifests(REPOSITORY, [manifest(300)], asked([299, 300]), UNTIL);
        expect(await ledger.listedManifests(REPOSITORY, asked([299, 300]))).toHaveLength(2);
        expect(await ledger.manifests(REPOSITORY, asked(all))).toHaveLength(all.length);
        expect(await ledger.listedManifests(OTHER, asked(all))).toEqual([]);
        expect(await ledger.listedManifests(REPOSITORY, [])).toEqual([]);
      });
    });

    describe('manifests that are kept until a time', () => {
      const manifest = (name: string): StoredManifest => ({
        repository: REPOSITORY,
        digest: digestOf(name),
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        content: name,
      });
      const OVER = Date.UTC(2020, 0);
      const kept = async (names: readonly string[]): Promise<readonly string[]> =>
        (await ledger.manifests(REPOSITORY, names.map(digestOf))).map(({ content }) => content).sort();

      it('are not found after it, and until the later of two', async () => {
        await ledger.saveManifests([manifest('over'), manifest('over first')], OVER);
        await ledger.saveManifests([manifest('kept'), manifest('over first')], UNTIL);
        await ledger.saveManifests([manifest('kept')], OVER);
        expect(await kept(['over', 'over first', 'kept'])).toEqual(['kept', 'over first']);
        expect(await ledger.listedManifests(REPOSITORY, [digestOf('over')])).toEqual([]);
      });

      it('have no end while they are listed, and one from their deletion or their last listing on', async () => {
        const all = ['stays', 'deleted', 'gone', 'new'];
        await ledger.saveListedManifests(
          REPOSITORY,
          [manifest('stays'), manifest('deleted'), manifest('gone')],
          all.map(digestOf),
          OVER,
        );
        expect(await kept(all)).toEqual(['deleted', 'gone', 'stays']);
        await ledger.saveManifests([manifest('deleted')], UNTIL);
        await ledger.saveListedManifests(REPOSITORY, [manifest('new')], ['stays', 'new'].map(digestOf), OVER);
        expect(await kept(all)).toEqual(['deleted', 'new', 'stays']);
      });
    });

    describe('restorations', () => {
      const restoration = (id: string, over: Partial<Restoration> = {}): Restoration => ({
        version: 1,
        id,
        repository: REPOSITORY,
        source: { kind: 'run', runId: 'run-1' },
        by: 'ann@example.com',
        atMs: NOW,
        finishedAtMs: null,
        heldUntilMs: NOW + 1,
        manifests: [],
        tags: [],
        ...over,
      });

      it('shows those of a repository newest first, each as it was saved last', async () => {
        const manifests = Array.from({ length: 10_000 }, (_, at) => ({
          digest: digestOf(at),
          outcome: { kind: 'restored' } as const,
        }));
        const done = restoration('b', { atMs: NOW + 5, finishedAtMs: NOW + 9, manifests });
        await ledger.saveRestoration(restoration('b', { atMs: NOW + 5 }));
        await ledger.saveRestoration(restoration('a'));
        await ledger.saveRestoration(done);
        await ledger.saveRestoration(restoration('a', { repository: OTHER }));
        expect(await ledger.restorations(REPOSITORY)).toEqual([done, restoration('a')]);
        expect(await ledger.restorations(OTHER)).toEqual([restoration('a', { repository: OTHER })]);
      });

      it('takes none of a former holder of the repository', async () => {
        const first = await ledger.acquireLease(REPOSITORY, 'a', NOW, NOW + 1);
        await ledger.acquireLease(REPOSITORY, 'b', NOW + 2, NOW + 9);
        if (first.kind !== 'taken') throw new Error('a free lease was not given');
        await expect(ledger.saveRestoration(restoration('a'), first.lease)).rejects.toMatchObject({
          code: 'LEASE_LOST',
        });
        expect(await ledger.restorations(REPOSITORY)).toEqual([]);
      });
    });

    describe('leases and ticks', () => {
      it(`gives a lease to one of ${CONTENDERS} that ask at once`, async () => {
        const second = await under.another();
        const contend = async (nowMs: number, untilMs: number) => {
          const answers = await Promise.all(
            Array.from({ length: CONTENDERS }, (_, turn) =>
              (turn % 2 === 0 ? ledger : second).acquireLease(REPOSITORY, `worker-${turn}`, nowMs, untilMs),
            ),
          );
          const taken = answers.flatMap((answer) => (answer.kind === 'taken' ? [answer.lease] : []));
          const holders = answers.map((answer) =>
            answer.kind === 'taken' ? answer.lease.holder : answer.by.holder,
          );
          expect(taken).toHaveLength(1);
          expect(new Set(holders)).toEqual(new Set([taken[0]?.holder]));
          return taken[0]?.fencingToken;
        };
        expect(await contend(NOW, NOW + 1_000)).toBe(1);
        expect(await contend(NOW + 1_000, NOW + 2_000)).toBe(2);
        await second.close();
      });

      it('lets nobody in before a lease has ended, its own holder neither, and anybody after', async () => {
        const first = await ledger.acquireLease(REPOSITORY, 'a', NOW, NOW + 100);
        const lease = { repository: REPOSITORY, holder: 'a', fencingToken: 1, untilMs: NOW + 100 };
        expect(first).toEqual({ kind: 'taken', lease });
        expect(await ledger.acquireLease(REPOSITORY, 'b', NOW + 99, NOW + 300)).toEqual({
          kind: 'held',
          by: lease,
        });
        expect((await ledger.acquireLease(REPOSITORY, 'a', NOW + 99, NOW + 300)).kind).toBe('held');
        expect((await ledger.acquireLease(OTHER, 'b', NOW, NOW + 100)).kind).toBe('taken');
        expect(await ledger.acquireLease(REPOSITORY, 'b', NOW + 100, NOW + 300)).toEqual({
          kind: 'taken',
          lease: { repository: REPOSITORY, holder: 'b', fencingToken: 2, untilMs: NOW + 300 },
        });
      });

      it('frees a lease that is given back, and its token grows on', async () => {
        const first = await ledger.acquireLease(REPOSITORY, 'a', NOW, NOW + 100);
        if (first.kind !== 'taken') throw new Error('the lease was not free');
        await ledger.releaseLease(first.lease);
        const second = await ledger.acquireLease(REPOSITORY, 'a', NOW + 1, NOW + 100);
        expect(second).toMatchObject({ kind: 'taken', lease: { fencingToken: 2 } });
      });

      it('does nothing when a former holder gives back what another has taken since', async () => {
        const first = await ledger.acquireLease(REPOSITORY, 'same name', NOW, NOW + 100);
        if (first.kind !== 'taken') throw new Error('the lease was not free');
        await ledger.acquireLease(REPOSITORY, 'same name', NOW + 100, NOW + 300);
        await ledger.releaseLease(first.lease);
        await ledger.releaseLease({ ...first.lease, repository: OTHER });
        const third = await ledger.acquireLease(REPOSITORY, 'c', NOW + 200, NOW + 400);
        expect(third).toMatchObject({ kind: 'held', by: { fencingToken: 2 } });
      });

      it('makes a lease last longer for its holder, as long as nobody else has taken it', async () => {
        const first = await ledger.acquireLease(REPOSITORY, 'a', NOW, NOW + 100);
        if (first.kind !== 'taken') throw new Error('the lease was not free');
        const renewed = await ledger.renewLease(first.lease, NOW + 500);
        expect(renewed).toEqual({ ...first.lease, untilMs: NOW + 500 });
        expect((await ledger.acquireLease(REPOSITORY, 'b', NOW + 499, NOW + 900)).kind).toBe('held');
        // Ended and not taken: nobody has worked on the repository since.
        expect(await ledger.renewLease(first.lease, NOW + 600)).toMatchObject({ fencingToken: 1 });
        expect((await ledger.acquireLease(REPOSITORY, 'b', NOW + 600, NOW + 900)).kind).toBe('taken');
        expect(await ledger.renewLease(first.lease, NOW + 9_000)).toBeNull();
        expect(await ledger.renewLease({ ...first.lease, repository: OTHER }, NOW + 9_000)).toBeNull();
        expect((await ledger.acquireLease(REPOSITORY, 'c', NOW + 900, NOW + 950)).kind).toBe('taken');
      });

      /** Each write of a run, so that it leaves a mark that `marks` finds. */
      const RUN_WRITES: readonly [string, (to: Ledger, lease: Lease) => Promise<void>][] = [
        ['saveRun', (to, lease) => to.saveRun(run(), lease)],
        ['writeIntents', (to, lease) => to.writeIntents([intent(1)], lease)],
        ['writeSettlements', (to, lease) => to.writeSettlements([settlement(0)], lease)],
        [
          'saveDecisions',
          (to, lease) =>
            to.saveDecisions(
              REPOSITORY,
              {
                runId: 'run-1',
                planId: digestOf('plan'),
                atMs: NOW,
                policies: [],
                notes: null,
                decisions: [decision('a')],
              },
              lease,
            ),
        ],
        [
          'saveBlockages',
          (to, lease) =>
            to.saveBlockages(REPOSITORY, [{ step: digestOf('s'), reason: 'r', atMs: NOW }], lease),
        ],
        ['saveQuarantine', (to, lease) => to.saveQuarantine(REPOSITORY, [mark('a')], lease)],
        [
          'saveManifests',
          (to, lease) =>
            to.saveManifests(
              [{ repository: REPOSITORY, digest: digestOf('m'), mediaType: 'm', content: '{}' }],
              UNTIL,
              lease,
            ),
        ],
      ];
      const marks = async (): Promise<unknown> => [
        await ledger.runs({ limit: 9 }),
        await ledger.journal({ limit: 9 }),
        await ledger.lastDecisions(REPOSITORY),
        await ledger.manifests(REPOSITORY, [digestOf('m')]),
        await ledger.blockages(REPOSITORY),
        await ledger.quarantine(REPOSITORY),
      ];

      it.each(RUN_WRITES)('takes %s from the holder of the newest lease only', async (_name, write) => {
        await ledger.writeIntents([intent(0)]);
        const first = await ledger.acquireLease(REPOSITORY, 'a', NOW, NOW + 100);
        if (first.kind !== 'taken') throw new Error('the lease was not free');
        const before = await marks();
        const second = await ledger.acquireLease(REPOSITORY, 'b', NOW + 100, NOW + 200);
        if (second.kind !== 'taken') throw new Error('the lease was not free');
        await expect(write(ledger, first.lease)).rejects.toMatchObject({
          code: 'LEASE_LOST',
          retryable: false,
        });
        await expect(write(ledger, { ...second.lease, holder: 'a' })).rejects.toMatchObject({
          code: 'LEASE_LOST',
        });
        await expect(write(ledger, { ...second.lease, repository: OTHER })).rejects.toMatchObject({
          code: 'LEASE_LOST',
        });
        expect(await marks()).toEqual(before);
        await write(ledger, second.lease);
        expect(await marks()).not.toEqual(before);
      });

      it('takes no write of a former holder that comes at the same moment as its successor', async () => {
        const second = await under.another();
        let lease = await ledger.acquireLease(REPOSITORY, 'w-0', NOW, NOW + 1);
        for (let turn = 1; turn <= 10; turn += 1) {
          if (lease.kind !== 'taken') throw new Error('the lease was not free');
          const former = lease.lease;
          const saving = second.saveRun(run({ id: `w-${turn}`, kept: former.fencingToken }), former).then(
            () => 'written',
            (problem: { code: string }) => problem.code,
          );
          const taking = ledger.acquireLease(REPOSITORY, `w-${turn}`, NOW + turn, NOW + turn + 1);
          const [saved, taken] = await Promise.all([saving, taking]);
          expect(['written', 'LEASE_LOST']).toContain(saved);
          lease = taken;
          // Whatever came first: from now on the former holder writes nothing.
          await expect(ledger.saveRun(run({ id: 'late' }), former)).rejects.toMatchObject({
            code: 'LEASE_LOST',
          });
        }
        await second.close();
        expect((await ledger.runs({ limit: 99 })).map(({ id }) => id)).not.toContain('late');
      });

      it(`lets one of ${CONTENDERS} claim a scheduled time`, async () => {
        const claims = await Promise.all(
          Array.from({ length: CONTENDERS }, () => ledger.claimTick('services', NOW)),
        );
        expect(claims.filter((claimed) => claimed)).toHaveLength(1);
      });

      it('tells the latest scheduled time claimed for each policy, in whatever order they were', async () => {
        expect(await ledger.lastTicks()).toEqual({});
        expect(await ledger.claimTick('services', NOW + 60)).toBe(true);
        expect(await ledger.claimTick('services', NOW)).toBe(true);
        expect(await ledger.claimTick('services', NOW + 60)).toBe(false);
        expect(await ledger.claimTick('base images', NOW)).toBe(true);
        expect(await ledger.lastTicks()).toEqual({ services: NOW + 60, 'base images': NOW });
      });

      it('lets one work on a repository, whatever name of it they go by', async () => {
        const [legacy, current] = ['gcr.io/acme/api', 'us-docker.pkg.dev/acme/gcr.io/api'] as const;
        const first = await ledger.acquireLease(legacy, 'a', NOW, NOW + 1_000);
        expect(first).toMatchObject({ kind: 'taken', lease: { repository: legacy, fencingToken: 1 } });
        expect(await ledger.acquireLease(current, 'b', NOW, NOW + 1_000)).toMatchObject({
          kind: 'held',
          by: { repository: legacy, holder: 'a' },
        });
        expect((await ledger.acquireLease('eu.gcr.io/acme/api', 'c', NOW, NOW + 1_000)).kind).toBe('taken');
        if (first.kind !== 'taken') throw new Error('not taken');
        expect(await ledger.renewLease(first.lease, NOW + 2_000)).toMatchObject({ untilMs: NOW + 2_000 });
        expect((await ledger.abandonedLeases(NOW + 5_000, 10)).map(({ repository }) => repository)).toEqual([
          'eu.gcr.io/acme/api',
          legacy,
        ]);
        const second = await ledger.acquireLease(current, 'b', NOW + 3_000, NOW + 9_000);
        expect(second).toMatchObject({ kind: 'taken', lease: { repository: current, fencingToken: 2 } });
        // Who lost it by another name writes nothing more either.
        await expect(ledger.saveBlockages(legacy, [], first.lease)).rejects.toMatchObject({
          code: 'LEASE_LOST',
        });
        await ledger.releaseLease(first.lease);
        expect((await ledger.acquireLease(legacy, 'd', NOW + 4_000, NOW + 9_000)).kind).toBe('held');
        if (second.kind !== 'taken') throw new Error('not taken');
        await ledger.releaseLease(second.lease);
        expect((await ledger.acquireLease(legacy, 'd', NOW + 4_000, NOW + 9_000)).kind).toBe('taken');
      });

      it('lists leases that ended and were not given back, those that ended first', async () => {
        expect(await ledger.abandonedLeases(NOW, 10)).toEqual([]);
        for (const [repository, untilMs] of [
          ['later', NOW - 1],
          ['held', NOW + 1],
          ['first', NOW - 9],
          ['just', NOW],
        ] as const)
          await ledger.acquireLease(repository, 'killed', NOW - 100, untilMs);
        const returned = await ledger.acquireLease('returned', 'ended', NOW - 100, NOW - 5);
        if (returned.kind === 'taken') await ledger.releaseLease(returned.lease);
        const abandoned = await ledger.abandonedLeases(NOW, 10);
        expect(abandoned.map(({ repository }) => repository)).toEqual(['first', 'later', 'just']);
        expect(await ledger.abandonedLeases(NOW, 1)).toEqual(abandoned.slice(0, 1));
        for (const lease of abandoned) await ledger.releaseLease(lease);
        expect(await ledger.abandonedLeases(NOW, 10)).toEqual([]);
      });

      it(`keeps one mark of pushes however many of ${CONTENDERS} write it, and forgets those it is told to`, async () => {
        const mark = { repository: REPOSITORY, fromMs: NOW, untilMs: NOW + 60 };
        const later = { repository: REPOSITORY, fromMs: NOW + 60, untilMs: NOW + 120 };
        const other = { repository: OTHER, fromMs: NOW + 30, untilMs: NOW + 90 };
        expect(await ledger.pushMarks(10)).toEqual([]);
        await ledger.markPush(later);
        await Promise.all(Array.from({ length: CONTENDERS }, () => ledger.markPush(mark)));
        await ledger.markPush(other);
        expect(await ledger.pushMarks(10)).toEqual([mark, other, later]);
        expect(await ledger.pushMarks(2)).toEqual([mark, other]);
        await ledger.forgetPushes([mark, other]);
        await ledger.forgetPushes([mark]);
        expect(await ledger.pushMarks(10)).toEqual([later]);
        await ledger.markPush(mark);
        expect(await ledger.pushMarks(10)).toEqual([mark, later]);
        await ledger.forgetPushes([]);
      });

      it('replaces since when policies are in mode: plan, as many as are remembered', async () => {
        expect(await ledger.planningSince()).toEqual([]);
        await ledger.savePlanningSince([
          { policy: 'constructor', sinceMs: NOW },
          { policy: 'services', sinceMs: NOW + 1 },
        ]);
        const all = Array.from({ length: PLANNING_MAX }, (_, at) => ({
          policy: `${at}-${digestOf(at).slice('sha256:'.length)}`.slice(0, 63),
          sinceMs: NOW + at,
        }));
        await ledger.savePlanningSince(all);
        const found = await ledger.planningSince();
        expect(found.toSorted((a, b) => a.sinceMs - b.sinceMs)).toEqual(all);
        await ledger.savePlanningSince([]);
        expect(await ledger.planningSince()).toEqual([]);
      });
    });

    describe('restraints', () => {
      it('holds what was put on hold until it is released, one hold on one subject', async () => {
        expect(await ledger.holds(REPOSITORY)).toEqual([]);
        const other = hold({ repository: OTHER });
        const byTag = hold({ on: { kind: 'tag', tag: 'stable' }, untilMs: null });
        for (const one of [hold({ reason: 'first' }), other, byTag, hold()]) await ledger.saveHold(one);
        const held = await ledger.holds(REPOSITORY);
        expect(held).toHaveLength(2);
        expect(held).toEqual(expect.arrayContaining([hold(), byTag]));
        await ledger.releaseHold(REPOSITORY, hold().on);
        await ledger.releaseHold(REPOSITORY, { kind: 'tag', tag: 'never held' });
        expect(await ledger.holds(REPOSITORY)).toEqual([byTag]);
        expect(await ledger.holds(OTHER)).toEqual([other]);
      });

      it('holds what was put on hold by another name of the repository, and nothing of another repository', async () => {
        const names = ['gcr.io/acme/api', 'us-docker.pkg.dev/acme/gcr.io/api'];
        for (const [at, repository] of names.entries()) {
          const on = { kind: 'tag', tag: `v${at}` } as const;
          await ledger.saveHold(hold({ repository, on }));
        }
        await ledger.saveHold(hold({ repository: 'eu.gcr.io/acme/api' }));
        await ledger.saveHold(hold({ repository: 'us-docker.pkg.dev/acme/services/api' }));
        for (const name of names) {
          const held = await ledger.holds(name);
          expect(held.map(({ repository }) => repository).sort()).toEqual(names);
        }
        await ledger.releaseHold(names[0] ?? '', { kind: 'tag', tag: 'v1' });
        expect(await ledger.holds(names[0] ?? '')).toHaveLength(2);
      });

      it('shows the order that stops everything to every handle at once, until it is lifted', async () => {
        const second = await under.another();
        expect(await ledger.stopOrder()).toBeNull();
        for (const reason of ['wrong images', null]) {
          const order: StopOrder = { version: 1, by: 'ann@example.com', reason, atMs: NOW };
          await ledger.saveStopOrder(order);
          expect(await second.stopOrder()).toEqual(order);
        }
        await second.saveStopOrder(null);
        expect(await ledger.stopOrder()).toBeNull();
        await second.saveStopOrder(null);
        await second.close();
      });

      it('reserves no more deletions a day and policy than may go, whoever asks at once', async () => {
        const second = await under.another();
        const reserve = (turn: number): Promise<number> =>
          (turn % 2 === 0 ? ledger : second).reserveDeletions('services', '2026-03-14', 30, 200);
        const got = await Promise.all(Array.from({ length: 12 }, (_, turn) => reserve(turn)));
        await second.close();
        expect(got.reduce((sum, one) => sum + one, 0)).toBe(200);
        expect(got.toSorted((a, b) => a - b).slice(0, 6)).toEqual([0, 0, 0, 0, 0, 20]);
        expect(await ledger.reserveDeletions('services', '2026-03-14', 1, 200)).toBe(0);
        expect(await ledger.reserveDeletions('services', '2026-03-14', 50, 210)).toBe(10);
        // A limit that was lowered meanwhile gives nothing back.
        expect(await ledger.reserveDeletions('services', '2026-03-14', 50, 5)).toBe(0);
        expect(await ledger.reserveDeletions('services', '2026-03-15', 50, 200)).toBe(50);
        expect(await ledger.reserveDeletions('base images', '2026-03-14', 50, 200)).toBe(50);
      });

      it('lets the first of a day find out how much may go, for everybody and all of that day', async () => {
        const second = await under.another();
        const reserve = (from: Ledger, wanted: number, max: number): Promise<number> =>
          from.reserveDeletions('services project acme share', '2026-03-14', wanted, async () => max);
        const got = await Promise.all([60, 70, 80].map((max) => reserve(ledger, 50, max)));
        const taken = got.reduce((sum, one) => sum + one, 0);
        const rest = await reserve(second, 1_000, 9_999);
        // Which of the three was first is not known, and that only one of them was.
        expect([60, 70, 80]).toContain(taken + rest);
        expect(await reserve(second, 1, 9_999)).toBe(0);
        // Nothing at all is an answer too.
        const none = async (): Promise<number> => 0;
        expect(await ledger.reserveDeletions('none', '2026-03-14', 5, none)).toBe(0);
        expect(await second.reserveDeletions('none', '2026-03-14', 5, async () => 7)).toBe(0);
        expect(await second.reserveDeletions('none', '2026-03-15', 5, async () => 7)).toBe(5);
        const fails = async (): Promise<number> => {
          throw new Error('503');
        };
        await expect(ledger.reserveDeletions('broken', '2026-03-14', 5, fails)).rejects.toThrow('503');
        expect(await ledger.reserveDeletions('broken', '2026-03-14', 5, async () => 3)).toBe(3);
        await second.close();
      });

      it('replaces what a registry refused for good in a repository, 10,000 steps as well as none', async () => {
        expect(await ledger.blockages(REPOSITORY)).toEqual([]);
        const all = Array.from({ length: 10_000 }, (_, at) => ({
          step: digestOf(at),
          reason: `tag v${at} is immutable`,
          atMs: NOW + at,
        }));
        await ledger.saveBlockages(REPOSITORY, all);
        expect(await ledger.blockages(REPOSITORY)).toEqual(all);
        await ledger.saveBlockages(REPOSITORY, all.slice(0, 1));
        expect(await ledger.blockages(REPOSITORY)).toEqual(all.slice(0, 1));
        await ledger.saveBlockages(REPOSITORY, []);
        expect(await ledger.blockages(REPOSITORY)).toEqual([]);
        expect(await ledger.blockages(OTHER)).toEqual([]);
      });
    });

    describe('findings', () => {
      it("replaces a project's findings and tells which projects have some", async () => {
        expect(await ledger.findings('acme')).toBeNull();
        expect(await ledger.auditedProjects()).toEqual([]);
        await ledger.saveFindings('example.com:acme', record(NOW, []));
        await ledger.saveFindings('acme', record(NOW, [finding('a'), finding('b')]));
        await ledger.saveFindings('acme', record(NOW + 1, [finding('ç')]));
        expect(await ledger.findings('acme')).toEqual(record(NOW + 1, [finding('ç')]));
        expect(await ledger.findings('example.com:acme')).toEqual(record(NOW, []));
        expect(await ledger.auditedProjects()).toEqual(['acme', 'example.com:acme']);
      });
    });

    describe('samples and policies', () => {
      const DAY_MS = 86_400_000;

      it("keeps a day's last sample of each repository, over the turn of a year", async () => {
        const window = { sinceMs: NOW - 80 * DAY_MS, untilMs: NOW, repositoriesMax: 10 };
        expect(await ledger.samples(window)).toEqual({ series: [], isAll: true });
        const lastYear = Date.parse('2025-12-31T23:00:00Z');
        await ledger.recordSample(REPOSITORY, sample(NOW, 1));
        await ledger.recordSample(REPOSITORY, sample(lastYear));
        await ledger.recordSample(REPOSITORY, sample(NOW + 1_000, 2));
        await ledger.recordSample(REPOSITORY, sample(NOW - 100 * DAY_MS));
        await ledger.recordSample(REPOSITORY, sample(NOW + DAY_MS));
        await ledger.recordSample(OTHER, sample(NOW));
        const own = { repository: REPOSITORY, samples: [sample(lastYear), sample(NOW + 1_000, 2)] };
        const all = [own, { repository: OTHER, samples: [sample(NOW)] }];
        expect(await ledger.samples(window)).toEqual({ series: all, isAll: true });
        expect(await ledger.samples({ ...window, repository: REPOSITORY })).toEqual({
          series: [own],
          isAll: true,
        });
      });

      it('says that there were more repositories than were asked for', async () => {
        for (const repository of ['a', 'b', 'c']) await ledger.recordSample(repository, sample(NOW));
        const found = await ledger.samples({ sinceMs: NOW, untilMs: NOW, repositoriesMax: 2 });
        expect(found.series).toHaveLength(2);
        expect(found.isAll).toBe(false);
        const exactly = await ledger.samples({ sinceMs: NOW, untilMs: NOW, repositoriesMax: 3 });
        expect(exactly).toMatchObject({ series: { length: 3 }, isAll: true });
      });

      it('counts what lies in a repository of Artifact Registry or a project, each image as it was last seen', async () => {
        const lastYear = Date.parse('2025-12-30T23:00:00Z');
        const early = Date.parse('2026-01-02T01:00:00Z');
        const within = (scope: 'repository' | 'project', of: string): Promise<number> =>
          ledger.manifestsWithin({ scope, of }, early - 10 * DAY_MS, early);
        expect(await within('project', 'acme')).toBe(0);
        await ledger.recordSample(REPOSITORY, sample(lastYear, 1));
        await ledger.recordSample(REPOSITORY, sample(early, 10));
        // Came late, as an import does.
        await ledger.recordSample(REPOSITORY, sample(lastYear - DAY_MS, 5_000));
        await ledger.recordSample('europe-docker.pkg.dev/acme/services/web', sample(lastYear, 200));
        await ledger.recordSample('us-docker.pkg.dev/acme/gcr.io/worker', sample(early - DAY_MS, 3_000));
        await ledger.recordSample('europe-docker.pkg.dev/acme/services/old', sample(early - 11 * DAY_MS, 7));
        await ledger.recordSample('europe-docker.pkg.dev/acme/services/new', sample(early + DAY_MS, 9));
        await ledger.recordSample('europe-docker.pkg.dev/other/services/api', sample(early, 40_000));
        expect(await within('repository', 'europe-docker.pkg.dev/acme/services')).toBe(210);
        expect(await within('project', 'acme')).toBe(3_210);
        expect(await within('repository', 'us-docker.pkg.dev/acme/gcr.io')).toBe(3_000);
        expect(await within('project', 'europe-docker.pkg.dev/acme/services')).toBe(0);
      });

      it('keeps two samples of different days that are written at once', async () => {
        const days = Array.from({ length: 12 }, (_, at) => NOW - at * DAY_MS);
        await Promise.all(days.map((atMs) => ledger.recordSample(REPOSITORY, sample(atMs))));
        const found = await ledger.samples({ sinceMs: NOW - 20 * DAY_MS, untilMs: NOW, repositoriesMax: 1 });
        expect(found.series[0]?.samples.map(({ atMs }) => atMs)).toEqual(days.toReversed());
      });

      it('replaces the roster of policies, as many as are noted', async () => {
        expect(await ledger.policyRoster()).toEqual([]);
        await ledger.savePolicyRoster([rosterEntry('constructor'), rosterEntry('services')]);
        const all = Array.from({ length: ROSTER_MAX }, (_, at) => rosterEntry(`p-${10_000 + at}`));
        await ledger.savePolicyRoster(all);
        expect(await ledger.policyRoster()).toEqual(all);
        await ledger.savePolicyRoster([]);
        expect(await ledger.policyRoster()).toEqual([]);
      });
    });

    it('writes nothing and fails nowhere for empty lists', async () => {
      await ledger.recordObserved(REPOSITORY, []);
      await ledger.writeIntents([]);
      await ledger.writeSettlements([]);
      await ledger.saveManifests([], UNTIL);
      expect(await ledger.manifests(REPOSITORY, [])).toEqual([]);
      expect(await ledger.historyFacts(REPOSITORY)).toEqual([]);
      expect(await ledger.journal({ limit: 1 })).toEqual([]);
      expect(await ledger.recentEvents(1)).toEqual([]);
      expect(await ledger.runs({ limit: 1 })).toEqual([]);
    });

    it.each(HOSTILE_NAMES)('keeps what bears a hostile name apart: $title', async ({ name: hostile }) => {
      const neighbours = HOSTILE_NAMES.map((one) => one.name).filter((one) => one !== hostile);
      for (const repository of [hostile, ...neighbours.slice(0, 3)]) {
        const mark = NOW + repository.length;
        await ledger.recordEvent(imageEvent({ repository, messageId: repository, publishedAtMs: mark }));
        await ledger.recordObserved(repository, [fact({ atMs: mark })]);
        await ledger.saveRun(run({ id: repository, repository, startedAtMs: mark }));
        await ledger.writeIntents([intent(0, { runId: repository, repository, atMs: mark })]);
        await ledger.saveDecisions(repository, {
          runId: repository,
          planId: digestOf('plan'),
          atMs: mark,
          policies: [],
          decisions: [decision(mark)],
          notes: null,
        });
        await ledger.saveManifests(
          [{ repository, digest: digestOf('m'), mediaType: 'm', content: repository }],
          UNTIL,
        );
        await ledger.acquireLease(repository, repository, NOW, mark + 1);
        await ledger.claimTick(repository, mark);
        await ledger.saveFindings(repository, record(mark, [finding(repository)]));
        await ledger.saveHold(hold({ repository, on: { kind: 'tag', tag: repository } }));
        await ledger.reserveDeletions(repository, '2026-03-14', 5, 5);
        await ledger.recordSample(repository, sample(mark, repository.length));
        await ledger.saveBlockages(repository, [{ step: digestOf('s'), reason: repository, atMs: NOW }]);
      }
      const mark = NOW + hostile.length;
      await ledger.writeSettlements([settlement(0, { runId: hostile, repository: hostile })]);
      expect((await ledger.historyFacts(hostile)).map((one) => one.atMs)).toEqual([mark, mark]);
      expect(await ledger.runs({ repository: hostile, limit: 9 })).toMatchObject([
        { id: hostile, startedAtMs: mark },
      ]);
      expect(await ledger.openIntents(hostile)).toEqual([]);
      expect(await ledger.journal({ repository: hostile, limit: 9 })).toMatchObject([
        { intent: { runId: hostile, repository: hostile, atMs: mark }, settlement: { runId: hostile } },
      ]);
      expect(await ledger.journal({ runId: hostile, limit: 9 })).toHaveLength(1);
      expect(await ledger.lastDecisions(hostile)).toMatchObject({ runId: hostile, atMs: mark });
      expect(await ledger.manifests(hostile, [digestOf('m')])).toMatchObject([{ content: hostile }]);
      expect(await ledger.acquireLease(hostile, 'b', NOW, NOW + 1)).toMatchObject({
        kind: 'held',
        by: { holder: hostile, repository: hostile, untilMs: mark + 1 },
      });
      const ticks = new Map(Object.entries(await ledger.lastTicks()));
      expect(ticks.get(hostile)).toBe(mark);
      expect(await ledger.holds(hostile)).toMatchObject([{ on: { tag: hostile } }]);
      expect(await ledger.reserveDeletions(hostile, '2026-03-14', 5, 6)).toBe(1);
      expect(await ledger.blockages(hostile)).toMatchObject([{ reason: hostile }]);
      const window = { sinceMs: NOW, untilMs: NOW, repositoriesMax: 1 };
      expect(await ledger.samples({ ...window, repository: hostile })).toEqual({
        series: [{ repository: hostile, samples: [sample(mark, hostile.length)] }],
        isAll: true,
      });
      expect((await ledger.findings(hostile))?.atMs).toBe(mark);
      expect(await ledger.auditedProjects()).toContain(hostile);
    });

    describe('pulls', () => {
      const DAY = 20_500;
      const pull = (reference: string, ...days: readonly [number, number][]) => ({ reference, days });
      const sorted = async (repository: string) =>
        (await ledger.pulls(repository)).toSorted((a, b) => (a.reference < b.reference ? -1 : 1));

      it('are the days of each digest and tag of one repository, joined whatever order they come in', async () => {
        await ledger.recordPulls(REPOSITORY, [pull('main', [DAY, DAY]), pull(digestOf('a'), [DAY, DAY])]);
        await ledger.recordPulls(REPOSITORY, [pull('main', [DAY + 2, DAY + 2])]);
        await ledger.recordPulls(REPOSITORY, [pull('main', [DAY + 1, DAY + 1]), pull('main', [DAY, DAY])]);
        await ledger.recordPulls(OTHER, [pull('main', [DAY + 9, DAY + 9])]);
        expect(await sorted(REPOSITORY)).toEqual([
          pull('main', [DAY, DAY + 2]),
          pull(digestOf('a'), [DAY, DAY]),
        ]);
        expect(await ledger.pulls('gcr.io/acme/none')).toEqual([]);
      });

      it('are all there when many write at once', async () => {
        const second = await under.another();
        await Promise.all(
          Array.from({ length: 16 }, (_, place) =>
            (place % 2 === 0 ? ledger : second).recordPulls(REPOSITORY, [
              pull('main', [DAY + place, DAY + place]),
              pull(digestOf(place), [DAY, DAY]),
            ]),
          ),
        );
        await second.close();
        const found = new Map((await ledger.pulls(REPOSITORY)).map((one) => [one.reference, one.days]));
        expect(found.get('main')).toEqual([[DAY, DAY + 15]]);
        expect(found.size).toBe(17);
      });

      it('are all there when there are more than a document takes', async () => {
        const of = (from: number, to: number, day: number) =>
          Array.from({ length: to - from }, (_, place) => pull(digestOf(from + place), [day, day]));
        await ledger.recordPulls(REPOSITORY, of(0, 7_000, DAY));
        await ledger.recordPulls(REPOSITORY, of(6_000, 20_000, DAY + 1));
        const found = new Map((await ledger.pulls(REPOSITORY)).map((one) => [one.reference, one.days]));
        expect(found.size).toBe(20_000);
        expect(found.get(digestOf(5_999))).toEqual([[DAY, DAY]]);
        expect(found.get(digestOf(6_000))).toEqual([[DAY, DAY + 1]]);
        expect(found.get(digestOf(19_999))).toEqual([[DAY + 1, DAY + 1]]);
      });

      it('are recorded since days that are kept for each project, and read by one reader', async () => {
        expect(await ledger.pullRecording('acme')).toEqual({ evidence: [], drained: [] });
        await ledger.recordPullEvidence('acme', [[DAY, DAY + 3]]);
        await ledger.recordPullEvidence('example.com:acme', [[DAY + 1, DAY + 1]]);
        await ledger.recordPullEvidence('acme', [[DAY + 5, DAY + 5]]);
        await ledger.recordDrained([[DAY + 5, DAY + 5]]);
        expect(await ledger.pullRecording('acme')).toEqual({
          evidence: [
            [DAY, DAY + 3],
            [DAY + 5, DAY + 5],
          ],
          drained: [[DAY + 5, DAY + 5]],
        });
        expect((await ledger.pullRecording('example.com:acme')).evidence).toEqual([[DAY + 1, DAY + 1]]);
        expect(await ledger.pulls(REPOSITORY)).toEqual([]);
      });
    });

    describe('usage', () => {
      const DAY = 20_500;
      const seen = (day: number, standing: DayStanding, ...references: string[]): UsageSighting => ({
        day,
        standing,
        references,
      });

      it('is the days of each digest and tag of one repository, and what the days are worth', async () => {
        expect(await ledger.usageRecord(REPOSITORY)).toEqual({
          complete: [],
          bestEffort: [],
          unknown: [],
          uses: [],
        });
        await ledger.recordUsage(REPOSITORY, seen(DAY, 'complete', 'main', digestOf('a')));
        await ledger.recordUsage(REPOSITORY, seen(DAY + 1, 'best effort', digestOf('a')));
        await ledger.recordUsage(REPOSITORY, seen(DAY + 2, 'unknown'));
        // Twice a day, and late.
        await ledger.recordUsage(REPOSITORY, seen(DAY + 1, 'unknown', digestOf('b')));
        await ledger.recordUsage(OTHER, seen(DAY + 9, 'complete', digestOf('c')));
        const { uses, ...days } = await ledger.usageRecord(REPOSITORY);
        expect(days).toEqual({
          complete: [[DAY, DAY]],
          bestEffort: [[DAY + 1, DAY + 1]],
          unknown: [[DAY + 1, DAY + 2]],
        });
        expect(new Map(uses.map((one) => [one.reference, one.days]))).toEqual(
          new Map([
            ['main', [[DAY, DAY]]],
            [digestOf('a'), [[DAY, DAY + 1]]],
            [digestOf('b'), [[DAY + 1, DAY + 1]]],
          ]),
        );
        expect(await ledger.pulls(REPOSITORY)).toEqual([]);
      });

      it('loses nothing of two runs of one day that write at once', async () => {
        const second = await under.another();
        await Promise.all(
          [ledger, second].map((handle, at) =>
            handle.recordUsage(REPOSITORY, seen(DAY, 'complete', digestOf(at))),
          ),
        );
        await second.close();
        expect((await ledger.usageRecord(REPOSITORY)).uses).toHaveLength(2);
      });
    });

    describe('quarantine', () => {
      const ended = { atMs: NOW + 1, why: 'pulled', detail: 'it was pulled' } as const;

      it('is what was saved last of one repository, 10,000 marks as well as none', async () => {
        expect(await ledger.quarantine(REPOSITORY)).toEqual([]);
        await ledger.saveQuarantine(REPOSITORY, [mark('a'), mark('b', { end: ended })]);
        await ledger.saveQuarantine(OTHER, [mark('c')]);
        expect(await ledger.quarantine(REPOSITORY)).toEqual([mark('a'), mark('b', { end: ended })]);
        const many = Array.from({ length: 10_000 }, (_, at) => mark(at));
        await ledger.saveQuarantine(REPOSITORY, many);
        expect(await ledger.quarantine(REPOSITORY)).toEqual(many);
        await ledger.saveQuarantine(REPOSITORY, []);
        expect(await ledger.quarantine(REPOSITORY)).toEqual([]);
        expect(await ledger.quarantine(OTHER)).toEqual([mark('c')]);
      });

      it('names the repositories in which something waits', async () => {
        await ledger.saveQuarantine(OTHER, [mark('a'), mark('b', { end: ended })]);
        await ledger.saveQuarantine(REPOSITORY, [mark('a')]);
        await ledger.saveQuarantine(`${REPOSITORY}/ended`, [mark('a', { end: ended })]);
        expect(await ledger.quarantinedRepositories()).toEqual([REPOSITORY, OTHER]);
        await ledger.saveQuarantine(REPOSITORY, [mark('a', { end: ended })]);
        expect(await ledger.quarantinedRepositories()).toEqual([OTHER]);
      });
    });

    it('has everything still after it was closed and opened again', async () => {
      await ledger.recordEvent(imageEvent());
      await ledger.writeIntents([intent(0)]);
      await ledger.saveRun(run());
      await ledger.acquireLease(REPOSITORY, 'a', NOW, NOW + 100);
      await ledger.claimTick('services', NOW);
      await ledger.close();
      const again = await under.another();
      expect(await again.recordEvent(imageEvent())).toBe('duplicate');
      expect(await again.openIntents(REPOSITORY)).toEqual([intent(0)]);
      expect(await again.runs({ limit: 1 })).toEqual([run()]);
      expect((await again.acquireLease(REPOSITORY, 'b', NOW, NOW + 100)).kind).toBe('held');
      expect(await again.claimTick('services', NOW)).toBe(false);
      await again.close();
    });

    it('shows one handle at once what another has written', async () => {
      const second = await under.another();
      await ledger.recordEvent(imageEvent());
      expect(await second.recentEvents(1)).toEqual([imageEvent()]);
      await second.writeIntents([intent(0)]);
      await ledger.writeSettlements([settlement(0)]);
      expect(await second.openIntents(REPOSITORY)).toEqual([]);
      await second.close();
    });

    it('says that it is closed, and may be closed twice', async () => {
      await ledger.close();
      await ledger.close();
      await expect(ledger.recordEvent(imageEvent())).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
    });
  });
}
