import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FieldValue, Firestore } from '@google-cloud/firestore';
import { PassThroughClient } from 'google-auth-library';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { namePart } from '../../../shared/adapters/ledger/firestore/document-name.ts';
import type { BilledOperations } from '../../../shared/adapters/ledger/firestore/documents.ts';
import {
  type FirestoreLedgerOptions,
  openFirestoreLedger,
} from '../../../shared/adapters/ledger/firestore/ledger.ts';
import {
  FACT_RETENTION_MS,
  FOLDED_EVENT_RETENTION_MS,
} from '../../../shared/adapters/ledger/firestore/retention.ts';
import { openRecordSorter } from '../../../shared/adapters/ledger/record-sorter.ts';
import { openSqliteLedger } from '../../../shared/adapters/ledger/sqlite/ledger.ts';
import { mapConcurrently } from '../../../shared/app/concurrency.ts';
import { exportLedger } from '../../../shared/app/export-ledger.ts';
import { RUNS_LOOKED_AT } from '../../../shared/app/finish-interrupted.ts';
import { createPushMarker } from '../../../shared/app/mark-push.ts';
import { recordImageEvent } from '../../../shared/app/record-event.ts';
import { sha256 } from '../../../shared/core/hash.ts';
import { deriveHistory, factOf, type HistoryFact } from '../../../shared/core/history.ts';
import type { ImageEvent } from '../../../shared/core/image-event.ts';
import type { Intent } from '../../../shared/core/journal.ts';
import { NOUNS, type Noun } from '../../../shared/core/ledger-record.ts';
import type { RepositorySample } from '../../../shared/core/repository-sample.ts';
import type { Ledger } from '../../../shared/ports.ts';
import { describeLedger } from '../../contracts/ledger.ts';
import {
  describeArchive,
  exported,
  fill,
  intent,
  settlement,
  verified,
} from '../../contracts/ledger-archive.ts';
import { workWithFirstForms } from '../../contracts/ledger-first-forms.ts';
import { describeHistory } from '../../contracts/ledger-history.ts';
import { type Emulator, startFirestoreEmulator } from '../../support/emulators.ts';
import { FIRST_FORMS, FIRST_FORMS_EXPORTED, putDocuments } from '../../support/first-forms.ts';
import { describeWithPeers } from '../../support/peer.ts';

const VARIABLE = 'FIRESTORE_EMULATOR_HOST';
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
const NOW = Date.parse('2026-03-14T02:00:00Z');
/** Longer than these tests run, by any clock. */
const UNTIL = Date.UTC(2100, 0);

/** Each test has a project of its own: the emulator makes an empty database for every name. */
let projects = 0;
function newProject(): string {
  projects += 1;
  return `test-${process.pid}-${projects}`;
}

function imageEvent(over: Partial<ImageEvent> = {}): ImageEvent {
  return {
    version: 1,
    messageId: '14070000000000001',
    publishedAtMs: NOW,
    action: 'INSERT',
    repository: REPOSITORY,
    digest: sha256('a'),
    tag: 'v1',
    ...over,
  };
}

function sampleAt(atMs: number): RepositorySample {
  return {
    version: 1,
    atMs,
    manifests: 2_000,
    artifacts: 2_000,
    untaggedArtifacts: 2_000,
    sizeBytes: 1e12,
    unknownCount: 0,
    garbage: { kind: 'known', value: { artifacts: 0, manifests: 0, sizeBytes: 0, unknownCount: 0 } },
    goingBy: {},
  };
}

/** A way to a server on which nothing arrives until it is unblocked. */
async function blockedRoadTo(host: string): Promise<{ host: string; unblock(): void; close(): void }> {
  const [hostname, port] = host.split(':');
  const waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let isBlocked = true;
  const server = createServer((from) => {
    const pass = (): void => {
      const to = connect(Number(port), hostname);
      for (const socket of [from, to]) {
        sockets.add(socket);
        socket.on('error', () => {});
      }
      from.pipe(to).pipe(from);
    };
    if (isBlocked) waiting.push(pass);
    else pass();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return {
    host: `127.0.0.1:${address.port}`,
    unblock() {
      isBlocked = false;
      for (const pass of waiting.splice(0)) pass();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describeWithPeers(['gcloud', 'java'], 'the ledger in Firestore, on its emulator', () => {
  const named = process.env[VARIABLE];
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startFirestoreEmulator();
    process.env[VARIABLE] = emulator.host;
  }, 120_000);
  afterAll(async () => {
    if (named === undefined) delete process.env[VARIABLE];
    await emulator.stop();
  });

  const openNew = async () => {
    const options = { projectId: newProject(), clock: () => NOW };
    const ledger = await openFirestoreLedger(options);
    return {
      ledger,
      another: () => openFirestoreLedger(options),
      close: () => ledger.close(),
    };
  };
  describeLedger('Firestore', openNew);
  describeHistory('Firestore', 20, openNew);
  describeArchive('Firestore', openNew, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gcr-warden-ledger-'));
    const ledger = await openSqliteLedger(join(folder, 'ledger.db'));
    return {
      ledger,
      another: () => openSqliteLedger(join(folder, 'ledger.db')),
      async close() {
        await ledger.close();
        await rm(folder, { recursive: true });
      },
    };
  });

  const opened: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });
  const open = async (options: Partial<FirestoreLedgerOptions> = {}): Promise<Ledger> => {
    const ledger = await openFirestoreLedger({ projectId: newProject(), clock: () => NOW, ...options });
    opened.push(ledger);
    return ledger;
  };
  const plainClient = (projectId: string): Firestore => {
    const client = new Firestore({ projectId, authClient: new PassThroughClient() });
    opened.push({ close: () => client.terminate() });
    return client;
  };

  it('records, refuses duplicates and reads over REST as well', async () => {
    const ledger = await open({ transport: 'rest' });
    expect(await ledger.recordEvent(imageEvent())).toBe('recorded');
    expect(await ledger.recordEvent(imageEvent())).toBe('duplicate');
    expect(await ledger.historyFacts(REPOSITORY)).toHaveLength(1);
    expect((await ledger.acquireLease(REPOSITORY, 'a', NOW, NOW + 1)).kind).toBe('taken');
    expect((await ledger.acquireLease(REPOSITORY, 'b', NOW, NOW + 1)).kind).toBe('held');
    expect((await ledger.acquireLease(REPOSITORY, 'b', NOW + 1, NOW + 2)).kind).toBe('taken');
  });

  it('writes an event with the fields that expiry and a look at the console need', async () => {
    const projectId = newProject();
    const ledger = await open({ projectId });
    await ledger.recordEvent(imageEvent());
    const [stored] = (await plainClient(projectId).collection('events').get()).docs;
    const times = ['publishedAt', 'expiresAt'].map((field) => Number(stored?.get(field).toMillis()) - NOW);
    expect(times).toEqual([0, FACT_RETENTION_MS]);
    expect(stored?.get('recordedAt')).toBeDefined();
    expect(stored?.data()).toMatchObject({ version: 1, repository: REPOSITORY, tag: 'v1' });
  });

  it('leaves out facts that are past their time, told and observed alike, whether they are gone or not', async () => {
    let nowMs = NOW;
    const ledger = await open({ clock: () => nowMs });
    const observed: HistoryFact = {
      atMs: NOW + 1,
      source: 'observed',
      action: 'INSERT',
      digest: sha256('a'),
      tag: null,
    };
    await ledger.recordEvent(imageEvent());
    await ledger.recordObserved(REPOSITORY, [{ ...observed, atMs: NOW - 1 }, observed]);
    nowMs = NOW + 1 + FACT_RETENTION_MS;
    expect(await ledger.historyFacts(REPOSITORY)).toEqual([observed]);
  });

  /** What an export has of each collection; null for what is a copy of another, or looked up under its head. */
  const EXPORTED_AS: Readonly<Record<string, Noun | null>> = {
    blockages: 'blockages',
    decisions: 'decisions',
    'decisions-parts': 'decisions',
    deeds: 'deed',
    events: 'event',
    findings: 'findings',
    holds: 'hold',
    intents: 'step',
    leases: 'lease',
    'listed-manifests': null,
    manifests: 'manifest',
    observations: 'fact',
    orders: 'stop order',
    planning: 'planning',
    policies: 'policy',
    pulls: 'pulls',
    pushes: 'push',
    quarantines: 'quarantine',
    reservations: 'reservation',
    restorations: 'restoration',
    runs: 'run',
    samples: 'sample',
    schedules: 'tick',
    ticks: 'tick',
    uses: 'uses',
  };

  it('has no collection that an export leaves out', async () => {
    const projectId = newProject();
    await fill(await open({ projectId }));
    const collections = (await plainClient(projectId).listCollections()).map(({ id }) => id).sort();
    expect(collections).toEqual(Object.keys(EXPORTED_AS).sort());
    const nouns = Object.values(EXPORTED_AS).filter((noun) => noun !== null);
    expect(new Set(nouns)).toEqual(new Set(NOUNS));
  });

  /** The fields that something is looked up or sorted by. */
  const ASKED: Readonly<Record<string, readonly string[]>> = {
    events: ['publishedAt', 'repositoryName', 'repositoryTime'],
    holds: ['repositoryName'],
    intents: ['digests', 'newestAtMs', 'openRepository', 'place', 'run'],
    leases: ['untilMs'],
    'listed-manifests': ['repositoryName'],
    manifests: ['places'],
    observations: ['repositoryName'],
    pulls: ['repositoryName'],
    pushes: ['fromMs'],
    quarantines: ['isStanding'],
    restorations: ['place'],
    runs: ['place', 'startedAtMs'],
    samples: ['scopes', 'year'],
    uses: ['repositoryName'],
  };

  it('has an index on no field that nothing asks for, but on two that are in every document', async () => {
    const folder = new URL('../../../shared/adapters/ledger/firestore/', import.meta.url);
    const source = globSync('*.ts', { cwd: folder })
      .map((file) => readFileSync(new URL(file, folder), 'utf8'))
      .join('\n');
    const queried = [...source.matchAll(/\.(?:where|orderBy)\(\s*'(\w+)'/g)].map(([, field]) => field);
    expect(new Set(queried)).toEqual(new Set(Object.values(ASKED).flat()));

    const module = readFileSync(new URL('../../../terraform/ledger.tf', import.meta.url), 'utf8');
    const [, block = ''] = /unasked_fields = \{\n([\s\S]*?)^ {2}\}$/m.exec(module) ?? [];
    const lists = [...block.matchAll(/^ {4}([\w-]+) += \[([^\]]*)\]/gm)];
    const switchedOff = new Map(
      lists.map(([, collection = '', fields = '']) => [
        collection,
        [...fields.matchAll(/"(\w+)"/g)].map(([, one = '']) => one),
      ]),
    );
    const projectId = newProject();
    const ledger = await open({ projectId });
    await fill(ledger);
    await ledger.reserveDeletions('found out', '2026-03-14', 1, async () => 2);
    const unasked: Record<string, string[]> = {};
    for (const collection of await plainClient(projectId).listCollections()) {
      const { docs } = await collection.get();
      const fields = new Set(docs.flatMap((one) => Object.keys(one.data())));
      // Those that documents expire by are a list of their own.
      const asked = ['count', 'expiresAt', 'version', ...(ASKED[collection.id] ?? [])];
      const left = [...fields].filter((field) => !asked.includes(field)).sort();
      if (left.length > 0) unasked[collection.id] = left;
      // A record that is very large has parts, and all of them have the same fields.
      if (fields.has('generation')) unasked[`${collection.id}-parts`] = ['items'];
    }
    expect(Object.fromEntries(switchedOff)).toEqual(unasked);
  });

  it('reads every collection in the form that it had first, and beside the form of today', async () => {
    // A part of a record that is very large has the form of the record.
    const collections = Object.keys(EXPORTED_AS).filter((name) => !name.endsWith('-parts'));
    expect(Object.keys(FIRST_FORMS.documents).sort()).toEqual(collections.sort());
    const projectId = newProject();
    await putDocuments(plainClient(projectId));
    const ledger = await open({ projectId });
    expect(await exported(ledger)).toEqual(FIRST_FORMS_EXPORTED);
    await workWithFirstForms(ledger);
    const unreadable = (await verified(ledger)).filter(({ code }) => code.startsWith('LEDGER_'));
    expect(unreadable).toEqual([]);
  });

  it('tells of documents that can not be read, and of outcomes that nobody announced', async () => {
    const projectId = newProject();
    const ledger = await open({ projectId });
    await fill(ledger);
    const client = plainClient(projectId);
    const [pull] = (await client.collection('pulls').limit(1).get()).docs;
    await pull?.ref.update({ version: 9 });
    const [run] = (await client.collection('runs').limit(1).get()).docs;
    await run?.ref.update({ run: Buffer.from('no gzip') });
    const [hold] = (await client.collection('holds').limit(1).get()).docs;
    await hold?.ref.update({ hold: '{' });
    const taken = { openRepository: FieldValue.delete() };
    await ledger.writeIntents([intent(7, { repository: 'gcr.io/acme/x' })]);
    await ledger.writeSettlements([settlement(7, { repository: 'gcr.io/acme/x' })]);
    await ledger.writeIntents([intent(8, { repository: 'gcr.io/acme/x' })]);
    const both = (await client.collection('intents').where('run', '==', 'run-1').get()).docs.filter((one) =>
      String(one.get('place')).startsWith('gcr.io%2Facme%2Fx'),
    );
    const settled = both.find((one) => one.get('settled') === 1);
    const open8 = both.find((one) => one.get('settled') === 0);
    await open8?.ref.update({ ...taken, settled: 1, settlements: settled?.get('settlements') });
    const found = await verified(ledger, NOW);
    const codes = new Set(found.map(({ code }) => code));
    expect(codes).toContain('OUTCOME_WITHOUT_INTENT');
    expect(codes).toContain('LEDGER_VERSION');
    expect(codes).toContain('LEDGER_UNREADABLE');
    const sorter = openRecordSorter();
    await expect(exportLedger(ledger, sorter, async () => {})).rejects.toMatchObject({
      code: 'LEDGER_EXPORT_INCOMPLETE',
    });
    sorter.close();
  });

  it('is read by releases before packs too, side by side: their queries find every fact', async () => {
    const projectId = newProject();
    const ledger = await open({ projectId });
    const client = plainClient(projectId);
    const readAsBefore = async (): Promise<HistoryFact[]> => {
      const of = (collection: string) =>
        client.collection(collection).where('repositoryName', '==', namePart(REPOSITORY)).get();
      const [told, observed] = await Promise.all([of('events'), of('observations')]);
      return [
        ...told.docs.map(
          (one): HistoryFact => ({
            atMs: one.get('publishedAt').toMillis(),
            source: 'told',
            action: one.get('action'),
            digest: one.get('digest'),
            tag: one.get('tag'),
          }),
        ),
        ...observed.docs.flatMap((one) => {
          expect(one.get('version')).toBe(1);
          const facts: HistoryFact[] = JSON.parse(gunzipSync(one.get('facts')).toString('utf8'));
          expect(facts).toHaveLength(one.get('count'));
          return facts;
        }),
      ];
    };
    const events = Array.from({ length: 9 }, (_, at) =>
      imageEvent({
        messageId: `${at}`,
        publishedAtMs: NOW + at,
        digest: sha256(`${at % 4}`),
        tag: `v${at % 3}`,
      }),
    );
    const expected = deriveHistory(REPOSITORY, events.map(factOf));
    for (const [at, event] of events.entries()) {
      await ledger.recordEvent(event);
      if (at % 3 !== 1) continue;
      const { loose } = await ledger.readHistory(REPOSITORY);
      await ledger.foldHistory(REPOSITORY, loose, []);
    }
    expect(deriveHistory(REPOSITORY, await readAsBefore())).toEqual(expected);
    expect(deriveHistory(REPOSITORY, await ledger.historyFacts(REPOSITORY))).toEqual(expected);
    const [folded] = (await client.collection('events').where('messageId', '==', '0').get()).docs;
    expect(folded?.get('repositoryName')).toBeUndefined();
    expect(folded?.get('expiresAt').toMillis() - NOW).toBe(FOLDED_EVENT_RETENTION_MS);
    expect(folded?.get('repository')).toBe(REPOSITORY);
  });

  it('forgets facts past their time when it folds, and the marks of their events too', async () => {
    let nowMs = NOW;
    const projectId = newProject();
    const ledger = await open({ projectId, clock: () => nowMs });
    await ledger.recordEvent(imageEvent());
    await ledger.recordEvent(imageEvent({ messageId: '2', publishedAtMs: NOW + 2, digest: sha256('b') }));
    nowMs = NOW + 1 + FACT_RETENTION_MS;
    const { loose } = await ledger.readHistory(REPOSITORY);
    await ledger.foldHistory(REPOSITORY, loose, []);
    const after = await ledger.readHistory(REPOSITORY);
    expect(after.facts.map(({ digest }) => digest)).toEqual([sha256('b')]);
    expect(after.loose.map(({ kind }) => kind)).toEqual(['pack']);
    const [pack] = (await plainClient(projectId).collection('observations').get()).docs;
    expect(pack?.get('expiresAt').toMillis()).toBe(NOW + 2 + FACT_RETENTION_MS);
  });

  it.each([
    'events',
    'observations',
    'runs',
    'intents',
    'decisions',
    'manifests',
    'listed-manifests',
    'leases',
    'schedules',
    'findings',
    'holds',
    'orders',
    'reservations',
    'blockages',
    'pulls',
    'uses',
    'quarantines',
  ])('refuses a document in %s that a newer gcr-warden wrote', async (collection) => {
    const projectId = newProject();
    const ledger = await open({ projectId });
    const digest = sha256('a');
    await ledger.recordEvent(imageEvent());
    await ledger.recordObserved(REPOSITORY, [
      { atMs: NOW, source: 'observed', action: 'INSERT', digest, tag: null },
    ]);
    await ledger.saveRun({
      version: 1,
      id: 'run-1',
      repository: REPOSITORY,
      planId: digest,
      startedAtMs: NOW,
      finishedAtMs: null,
      trigger: 'schedule',
      mode: 'plan',
      kept: 0,
      toDelete: 0,
      outcomes: {},
      refusal: null,
    });
    await ledger.writeIntents([
      {
        version: 1,
        runId: 'run-1',
        index: 0,
        repository: REPOSITORY,
        planId: digest,
        atMs: NOW,
        step: { kind: 'delete', digest, root: digest, chain: 0, tags: [], sizeBytes: null, allowedBy: [] },
        reason: '',
      },
    ]);
    await ledger.saveDecisions(REPOSITORY, {
      runId: 'run-1',
      planId: digest,
      atMs: NOW,
      policies: [],
      decisions: [],
      notes: [],
    });
    await ledger.recordSample(REPOSITORY, sampleAt(NOW));
    await ledger.savePolicyRoster([]);
    const manifest = { repository: REPOSITORY, digest, mediaType: 'm', content: '{}' };
    await ledger.saveListedManifests(REPOSITORY, [manifest], [digest], UNTIL);
    await ledger.acquireLease(REPOSITORY, 'a', NOW, NOW + 1);
    await ledger.claimTick('services', NOW);
    await ledger.saveFindings('acme', { atMs: NOW, findings: [], followed: [], access: null, stored: [] });
    await ledger.saveHold({
      version: 1,
      repository: REPOSITORY,
      on: { kind: 'digest', digest },
      reason: 'restored',
      by: 'ann@example.com',
      atMs: NOW,
      untilMs: null,
    });
    await ledger.saveStopOrder(null);
    await ledger.reserveDeletions('services', '2026-03-14', 1, 2);
    await ledger.saveBlockages(REPOSITORY, [{ step: digest, reason: 'immutable', atMs: NOW }]);
    await ledger.recordPulls(REPOSITORY, [{ reference: digest, days: [[20_000, 20_000]] }]);
    await ledger.recordUsage(REPOSITORY, { day: 20_000, standing: 'complete', references: [] });
    await ledger.saveQuarantine(REPOSITORY, []);
    await ledger.recordDeeds(REPOSITORY, [
      { atMs: NOW, kind: 'push', digest, tag: null, by: null, isOwn: false },
    ]);
    const { docs } = await plainClient(projectId).collection(collection).get();
    expect(docs).toHaveLength(1);
    for (const stored of docs) await stored.ref.update({ version: 2 });
    const reading: Readonly<Record<string, () => Promise<unknown>>> = {
      events: () => ledger.historyFacts(REPOSITORY),
      observations: () => ledger.historyFacts(REPOSITORY),
      runs: () => ledger.runs({ limit: 1 }),
      intents: () => ledger.openIntents(REPOSITORY),
      decisions: () => ledger.lastDecisions(REPOSITORY),
      manifests: () => ledger.manifests(REPOSITORY, [digest]),
      'listed-manifests': () => ledger.listedManifests(REPOSITORY, [digest]),
      leases: () => ledger.acquireLease(REPOSITORY, 'b', NOW + 2, NOW + 3),
      schedules: () => ledger.lastTicks(),
      findings: () => ledger.findings('acme'),
      holds: () => ledger.holds(REPOSITORY),
      orders: () => ledger.stopOrder(),
      reservations: () => ledger.reserveDeletions('services', '2026-03-14', 1, 2),
      blockages: () => ledger.blockages(REPOSITORY),
      pulls: () => ledger.pulls(REPOSITORY),
      deeds: () => ledger.deeds(REPOSITORY, [Math.floor(NOW / 86_400_000)]),
      uses: () => ledger.usageRecord(REPOSITORY),
      quarantines: () => ledger.quarantine(REPOSITORY),
    };
    await expect(reading[collection]?.()).rejects.toMatchObject({ code: 'LEDGER_VERSION', retryable: false });
  });

  it('says that a packed document was changed by hand, and takes no part of it for the whole', async () => {
    const projectId = newProject();
    const ledger = await open({ projectId });
    const facts = [1, 2].map(
      (atMs): HistoryFact => ({
        atMs: NOW + atMs,
        source: 'observed',
        action: 'INSERT',
        digest: sha256('a'),
        tag: null,
      }),
    );
    await ledger.recordObserved(REPOSITORY, facts);
    const [stored] = (await plainClient(projectId).collection('observations').get()).docs;
    for (const change of [{ count: 1 }, { facts: Buffer.from('no gzip'), count: 2 }, { facts: 'text' }]) {
      await stored?.ref.update(change);
      await expect(ledger.historyFacts(REPOSITORY)).rejects.toMatchObject({ code: 'LEDGER_UNREADABLE' });
    }
  });

  it('refuses one record that no document can hold, and leaves what was there', async () => {
    const ledger = await open();
    const noise = Array.from({ length: 40_000 }, (_, index) => sha256(`${index}`)).join('');
    await ledger.saveFindings('acme', { atMs: NOW, findings: [], followed: [], access: null, stored: [] });
    const manifest = { repository: REPOSITORY, digest: sha256('a'), mediaType: 'm', content: noise };
    await expect(ledger.saveManifests([manifest], UNTIL)).rejects.toMatchObject({ code: 'LEDGER_TOO_LARGE' });
    expect(await ledger.manifests(REPOSITORY, [manifest.digest])).toEqual([]);
    expect(await ledger.findings('acme')).toEqual({
      atMs: NOW,
      findings: [],
      followed: [],
      access: null,
      stored: [],
    });
  });

  it('gives up at the deadline, and takes the same call again whether or not the first arrives late', async () => {
    const road = await blockedRoadTo(emulator.host);
    process.env[VARIABLE] = road.host;
    try {
      const ledger = await open({ deadlineMs: 300 });
      await expect(ledger.recordEvent(imageEvent())).rejects.toMatchObject({
        code: 'LEDGER_UNAVAILABLE',
        retryable: true,
      });
      road.unblock();
      await expect.poll(() => ledger.recentEvents(9).catch(() => []), { timeout: 10_000 }).toHaveLength(1);
      expect(await ledger.recordEvent(imageEvent())).toBe('duplicate');
    } finally {
      process.env[VARIABLE] = emulator.host;
      road.close();
    }
  });

  describe('what Firestore bills', () => {
    const bill: BilledOperations[] = [];
    const billOf = async (work: () => Promise<unknown>): Promise<readonly number[]> => {
      bill.length = 0;
      await work();
      return (['reads', 'writes', 'deletes'] as const).map((kind) =>
        bill.reduce((sum, one) => sum + one[kind], 0),
      );
    };
    const counted = (): Promise<Ledger> => open({ onBilled: (billed) => bill.push(billed) });

    it('bills one write for an event, and one for its duplicate', async () => {
      const ledger = await counted();
      expect(await billOf(() => ledger.recordEvent(imageEvent()))).toEqual([0, 1, 0]);
      expect(await billOf(() => ledger.recordEvent(imageEvent()))).toEqual([0, 1, 0]);
    });

    it('bills what was told since a time by what that is, and one read where it is nothing', async () => {
      const ledger = await counted();
      for (const [at, messageId] of ['1', '2', '3'].entries()) {
        await ledger.recordEvent({ ...imageEvent(), messageId, publishedAtMs: NOW + at });
      }
      expect(await billOf(() => ledger.toldSince(REPOSITORY, NOW + 1))).toEqual([2, 0, 0]);
      expect(await billOf(() => ledger.toldSince(REPOSITORY, NOW + 9))).toEqual([1, 0, 0]);
    });

    it('bills one write a document for pulls of a new day, none for those that are known, and reads by thousands', async () => {
      const ledger = await counted();
      const pulls = (from: number, to: number, day: number) =>
        Array.from({ length: to - from }, (_, at) => ({
          reference: sha256(`${from + at}`),
          days: [[day, day]] as const,
        }));
      expect(await billOf(() => ledger.recordPulls(REPOSITORY, pulls(0, 5_000, 20_000)))).toEqual([1, 1, 0]);
      expect(await billOf(() => ledger.recordPulls(REPOSITORY, pulls(0, 5_000, 20_000)))).toEqual([1, 0, 0]);
      expect(await billOf(() => ledger.recordPulls(REPOSITORY, pulls(0, 1, 20_001)))).toEqual([1, 1, 0]);
      expect(await billOf(() => ledger.pulls(REPOSITORY))).toEqual([1, 0, 0]);
      // Over 8,000 it is split in two; one digest is written with the half that it is in.
      expect(await billOf(() => ledger.recordPulls(REPOSITORY, pulls(5_000, 9_000, 20_000)))).toEqual([
        1, 2, 0,
      ]);
      expect(await billOf(() => ledger.pulls(REPOSITORY))).toEqual([2, 0, 0]);
      expect(await billOf(() => ledger.recordPulls(REPOSITORY, pulls(0, 1, 20_002)))).toEqual([2, 1, 0]);
      expect(await billOf(() => ledger.recordPullEvidence('acme', [[20_000, 20_000]]))).toEqual([1, 1, 0]);
      expect(await billOf(() => ledger.recordPullEvidence('acme', [[20_000, 20_000]]))).toEqual([1, 0, 0]);
      expect(await billOf(() => ledger.pullRecording('acme'))).toEqual([2, 0, 0]);
    });

    it('bills one read and one write a repository and day for what is in use, and one read where it was known', async () => {
      const ledger = await counted();
      const references = Array.from({ length: 2_000 }, (_, at) => sha256(`${at}`));
      const sighting = { day: 20_000, standing: 'complete', references } as const;
      expect(await billOf(() => ledger.recordUsage(REPOSITORY, sighting))).toEqual([1, 1, 0]);
      expect(await billOf(() => ledger.recordUsage(REPOSITORY, sighting))).toEqual([1, 0, 0]);
      const tomorrow = { ...sighting, day: 20_001 };
      expect(await billOf(() => ledger.recordUsage(REPOSITORY, tomorrow))).toEqual([1, 1, 0]);
      expect(await billOf(() => ledger.usageRecord(REPOSITORY))).toEqual([1, 0, 0]);
    });

    it('bills one read for what is in quarantine, and one read and one write where that changes', async () => {
      const ledger = await counted();
      const marks = Array.from({ length: 2_000 }, (_, at) => ({
        version: 1 as const,
        root: sha256(`${at}`),
        tags: [`v${at}`],
        seenAtMs: NOW,
        sinceMs: NOW,
        runId: 'run-1',
        rules: [{ policy: 'services', rule: 'old', graceMs: 1_000, meaning: sha256('meaning') }],
        end: null,
      }));
      expect(await billOf(() => ledger.quarantine(REPOSITORY))).toEqual([1, 0, 0]);
      expect(await billOf(() => ledger.saveQuarantine(REPOSITORY, marks))).toEqual([1, 1, 0]);
      expect(await billOf(() => ledger.quarantine(REPOSITORY))).toEqual([1, 0, 0]);
      expect(await billOf(() => ledger.quarantinedRepositories())).toEqual([1, 0, 0]);
    });

    it('bills a run with nothing to do the same however much the repository went through before', async () => {
      const ledger = await counted();
      const decisions = Array.from({ length: 2_000 }, (_, index) => ({
        root: sha256(`${index}`),
        tags: [],
        members: [],
        verdict: 'keep' as const,
        because: 'no rule names it' as const,
        unknown: null,
        voices: [],
        enforced: false,
      }));
      const nightly = async (atMs: number): Promise<void> => {
        const lease = await ledger.acquireLease(REPOSITORY, 'a', atMs, atMs + 10);
        await ledger.openIntents(REPOSITORY);
        await ledger.runs({ repository: REPOSITORY, limit: RUNS_LOOKED_AT });
        await ledger.saveDecisions(REPOSITORY, {
          runId: `${atMs}`,
          planId: sha256('p'),
          atMs,
          policies: [],
          decisions,
          notes: null,
        });
        await ledger.recordSample(REPOSITORY, sampleAt(atMs));
        if (lease.kind === 'taken') await ledger.releaseLease(lease.lease);
      };
      const observed = decisions.map(
        ({ root }): HistoryFact => ({
          atMs: NOW,
          source: 'observed',
          action: 'INSERT',
          digest: root,
          tag: null,
        }),
      );
      await ledger.recordObserved(REPOSITORY, observed);
      for (let night = 1; night <= 2 * RUNS_LOOKED_AT; night += 1) {
        await ledger.saveRun({
          version: 1,
          id: `run-${night}`,
          repository: REPOSITORY,
          planId: sha256('p'),
          startedAtMs: NOW - night,
          finishedAtMs: NOW,
          trigger: 'schedule',
          mode: 'plan',
          kept: 2_000,
          toDelete: 0,
          outcomes: {},
          refusal: null,
        });
      }
      expect(await billOf(() => nightly(NOW))).toEqual([4 + RUNS_LOOKED_AT, 4, 0]);
      expect(await billOf(() => nightly(NOW + 100))).toEqual([4 + RUNS_LOOKED_AT, 4, 0]);
      // One for the 2,000 facts that were observed, and one for the events that there are none of.
      expect(await billOf(() => ledger.historyFacts(REPOSITORY))).toEqual([2, 0, 0]);
    });

    it('bills one write more for a thousand pushes of a minute, and one read and one delete for their run', async () => {
      const ledger = await counted();
      const markPush = createPushMarker(ledger, () => NOW);
      const publisher = { publish: async () => {} };
      const ports = { ledger, markPush, publisher, deadLetterTopic: 'dead', logger: { log: () => {} } };
      const pushes = Array.from({ length: 1_000 }, (_, at) => ({
        messageId: `push-${at}`,
        publishedAtMs: NOW,
        data: JSON.stringify({ action: 'INSERT', digest: `${REPOSITORY}@${sha256(`${at}`)}` }),
        attributes: {},
      }));
      const record = () => mapConcurrently(pushes, 64, (message) => recordImageEvent(ports, message));
      expect(await billOf(record)).toEqual([0, 1_001, 0]);
      expect(await billOf(() => ledger.abandonedLeases(NOW, 10))).toEqual([1, 0, 0]);
      bill.length = 0;
      const marks = await ledger.pushMarks(100);
      await ledger.forgetPushes(marks);
      expect(bill).toEqual([
        { method: 'pushMarks', reads: 1, writes: 0, deletes: 0 },
        { method: 'forgetPushes', reads: 0, writes: 0, deletes: 1 },
      ]);
    });

    it('bills one read and two writes in all for an event, and reads no event twice', async () => {
      const ledger = await counted();
      const readAndFold = async (): Promise<void> => {
        const { loose } = await ledger.readHistory(REPOSITORY);
        await ledger.foldHistory(REPOSITORY, loose, []);
      };
      const record = async (from: number, to: number): Promise<void> => {
        await Promise.all(
          Array.from({ length: to - from }, (_, at) =>
            ledger.recordEvent(imageEvent({ messageId: `${from + at}`, digest: sha256(`${from + at}`) })),
          ),
        );
      };
      expect(await billOf(() => record(0, 500))).toEqual([0, 500, 0]);
      // An event each, and a pack that there is none of; the pack, and an event each.
      expect(await billOf(readAndFold)).toEqual([500 + 1, 1 + 500, 0]);
      // Nothing new: a query for events and one pack.
      expect(await billOf(readAndFold)).toEqual([2, 0, 0]);
      await record(500, 503);
      expect(await billOf(readAndFold)).toEqual([3 + 1, 1 + 3, 1]);
      expect(await billOf(readAndFold)).toEqual([2, 0, 0]);
    });

    it('bills one read for the manifests of a listing, however many there are and were', async () => {
      const ledger = await counted();
      const digests = Array.from({ length: 2_500 }, (_, at) => sha256(`listed ${at}`));
      const manifests = digests.map((digest) => ({
        repository: REPOSITORY,
        digest,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        content: JSON.stringify({ config: sha256(digest), layers: [sha256('base'), sha256(`of ${digest}`)] }),
      }));
      // For undo, 200 a document; for the next listing, one.
      await ledger.saveListedManifests(REPOSITORY, manifests.slice(0, 2_000), digests, UNTIL);
      const listing = (): Promise<unknown> => ledger.listedManifests(REPOSITORY, digests.slice(0, 2_000));
      expect(await billOf(listing)).toEqual([1, 0, 0]);
      expect(
        await billOf(() =>
          ledger.saveListedManifests(REPOSITORY, manifests.slice(2_000, 2_010), digests, UNTIL),
        ),
      ).toEqual([1, 2, 1]);
      expect(await billOf(listing)).toEqual([1, 0, 0]);
      // Of a release that stored them for undo alone they are packed once.
      await ledger.saveManifests(manifests.slice(2_010, 2_020), UNTIL);
      const later = (): Promise<unknown> => ledger.listedManifests(REPOSITORY, digests.slice(0, 2_020));
      expect(await billOf(later)).toEqual([1 + 1, 1, 1]);
      expect(await billOf(later)).toEqual([1, 0, 0]);
      // Of what is not kept for undo: the empty answer, and the listed ones.
      expect(await billOf(() => ledger.manifests(REPOSITORY, [sha256('none')]))).toEqual([1 + 1, 0, 0]);
    });

    it('bills a read for every 4,000 digests, each pushed, untagged and deleted, and keeps packs below 900 KiB', async () => {
      const projectId = newProject();
      const ledger = await open({ projectId, onBilled: (billed) => bill.push(billed) });
      const digests = 16_000;
      const lives = Array.from({ length: digests }, (_, at): HistoryFact[] => {
        const digest = sha256(`${at}`);
        const tag = `build-${at}-${digest.slice(7, 15)}`;
        const of = { source: 'observed', tag, digest } as const;
        return [
          { ...of, atMs: NOW - 60_000 * at, action: 'INSERT' },
          { ...of, atMs: NOW - 59_000 * at + 1, action: 'DELETE', digest: null },
          { ...of, atMs: NOW - 58_000 * at + 2, action: 'DELETE', tag: null },
        ];
      });
      await ledger.foldHistory(REPOSITORY, [], lives.flat());
      const [reads = 0] = await billOf(() => ledger.readHistory(REPOSITORY));
      expect(reads).toBeLessThanOrEqual(1 + digests / 4_000);
      const { docs } = await plainClient(projectId).collection('observations').get();
      for (const one of docs) expect(one.get('facts').byteLength).toBeLessThan(850 * 1024);
    });

    it('bills a read and a write a repository and day for who did what, and no write for what is known', async () => {
      const ledger = await counted();
      const deeds = Array.from({ length: 400 }, (_, at) => ({
        atMs: NOW - (at % 2) * 86_400_000,
        kind: 'push' as const,
        digest: sha256(`${at}`),
        tag: null,
        by: 'ann@example.com',
        isOwn: false,
      }));
      expect(await billOf(() => ledger.recordDeeds(REPOSITORY, deeds))).toEqual([2, 2, 0]);
      expect(await billOf(() => ledger.recordDeeds(REPOSITORY, deeds))).toEqual([2, 0, 0]);
      const day = Math.floor(NOW / 86_400_000);
      expect(await billOf(() => ledger.deeds(REPOSITORY, [day, day - 1, day - 2]))).toEqual([3, 0, 0]);
    });

    it('bills one read for since when all policies are in mode: plan, and one write where that changes', async () => {
      const ledger = await counted();
      const all = Array.from({ length: 500 }, (_, at) => ({ policy: `p-${at}`, sinceMs: NOW }));
      expect(await billOf(() => ledger.savePlanningSince(all))).toEqual([0, 1, 0]);
      expect(await billOf(() => ledger.planningSince())).toEqual([1, 0, 0]);
    });

    it('bills one write for a sample of a day and none to read before, and two reads for two years of them', async () => {
      const ledger = await counted();
      expect(await billOf(() => ledger.recordSample(REPOSITORY, sampleAt(NOW)))).toEqual([0, 1, 0]);
      expect(await billOf(() => ledger.recordSample(REPOSITORY, sampleAt(NOW)))).toEqual([0, 1, 0]);
      const window = { sinceMs: NOW - 365 * 86_400_000, untilMs: NOW, repositoriesMax: 10 };
      expect(await billOf(() => ledger.samples({ ...window, repository: REPOSITORY }))).toEqual([2, 0, 0]);
      // One for the year that has none, here and below.
      expect(await billOf(() => ledger.samples(window))).toEqual([2, 0, 0]);
      const project = { scope: 'project', of: 'acme' } as const;
      expect(await billOf(() => ledger.manifestsWithin(project, NOW - 35 * 86_400_000, NOW))).toEqual([
        1, 0, 0,
      ]);
      await ledger.recordSample('us-docker.pkg.dev/acme/b/c', sampleAt(NOW));
      expect(await billOf(() => ledger.manifestsWithin(project, NOW - 35 * 86_400_000, NOW))).toEqual([
        2, 0, 0,
      ]);
      expect(await billOf(() => ledger.policyRoster())).toEqual([1, 0, 0]);
      expect(await billOf(() => ledger.savePolicyRoster([]))).toEqual([1, 1, 0]);
    });

    it('bills one write for the order that stops everything, and one read for looking whether there is one', async () => {
      const ledger = await counted();
      const order = { version: 1, by: 'ann@example.com', reason: null, atMs: NOW } as const;
      expect(await billOf(() => ledger.stopOrder())).toEqual([1, 0, 0]);
      expect(await billOf(() => ledger.saveStopOrder(order))).toEqual([0, 1, 0]);
      expect(await billOf(() => ledger.stopOrder())).toEqual([1, 0, 0]);
      expect(await billOf(() => ledger.saveStopOrder(null))).toEqual([0, 1, 0]);
      expect(await billOf(() => ledger.reserveDeletions('p', '2026-03-14', 200, 1_000))).toEqual([1, 1, 0]);
      const found = async (): Promise<number> => 200;
      expect(await billOf(() => ledger.reserveDeletions('q', '2026-03-14', 200, found))).toEqual([1, 1, 0]);
      expect(await billOf(() => ledger.reserveDeletions('q', '2026-03-14', 200, found))).toEqual([1, 0, 0]);
      expect(await billOf(() => ledger.holds(REPOSITORY))).toEqual([1, 0, 0]);
    });

    it('bills two writes and three reads for 200 images and their tags, under a lease, and few reads for asking who deleted one', async () => {
      const ledger = await counted();
      const taken = await ledger.acquireLease(REPOSITORY, 'run-1', NOW, NOW + 10);
      const { lease } = taken.kind === 'taken' ? taken : { lease: taken.by };
      // Images with a tag each, with everything that a real step and its reason hold.
      const allowedBy = [
        {
          policy: 'services',
          rule: 'pull-requests',
          mode: 'enforce' as const,
          source: {
            file: 'policies/services.yaml',
            line: 1,
            contentHash: sha256('policy'),
            gitRevision: { kind: 'known' as const, value: '0f1e2d3c4b5a' },
          },
        },
      ];
      const intents = Array.from({ length: 400 }, (_, index): Intent => {
        const image = Math.floor(index / 2);
        const of = { digest: sha256(`${image}`), root: sha256(`${image}`), chain: image, allowedBy };
        const tag = `pr-${image}`;
        return {
          version: 1,
          runId: 'run-1',
          index,
          repository: REPOSITORY,
          planId: sha256('p'),
          atMs: NOW,
          step:
            index % 2 === 0
              ? { kind: 'untag', tag, ...of }
              : { kind: 'delete', tags: [tag], sizeBytes: 1_000_000 + image, ...of },
          reason: `deleted: rule pull-requests of policy services (services.yaml:35): pr-${image} matches glob pr-*, uploaded ${image} d ago (rule wants more than 14 d)`,
        };
      });
      expect(await billOf(() => ledger.writeIntents(intents, lease))).toEqual([1, 1, 0]);
      const settlements = intents.map(({ runId, repository, index }) => ({
        version: 1 as const,
        runId,
        repository,
        index,
        atMs: NOW,
        outcome: { kind: 'deleted' as const },
      }));
      expect(await billOf(() => ledger.writeSettlements(settlements, lease))).toEqual([2, 1, 0]);
      const lookUp = { repository: REPOSITORY, digest: sha256('7'), limit: 10 };
      expect(await billOf(() => ledger.journal(lookUp))).toEqual([1, 0, 0]);
    });
  });
});
