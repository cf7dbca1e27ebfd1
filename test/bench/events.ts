/**
 * Events recorded per second through the ledgers, and through the function `record-image-event` over HTTP under
 * functions-framework, each beside a plain client that writes the same fields in the same run. The function is
 * served by this process, which is also its client: `node test/bench/events.ts [--events N]`. Only the ratios mean anything on another machine.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { Firestore, Timestamp } from '@google-cloud/firestore';
import { PassThroughClient } from 'google-auth-library';
import { recordImageEventHandler } from '../../functions/handlers/record-image-event.ts';
import { serveFunction } from '../../local/function-server.ts';
import { openFirestoreLedger } from '../../shared/adapters/ledger/firestore/ledger.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { ImageEvent } from '../../shared/core/image-event.ts';
import type { Ledger } from '../../shared/ports.ts';
import { startFirestoreEmulator } from '../support/emulators.ts';

/** One way to record an event; ways are measured in turns. */
interface Contestant {
  readonly name: string;
  record(event: ImageEvent): Promise<unknown>;
  close(): Promise<unknown>;
}

const CONCURRENCIES = [1, 16, 64] as const;
/** Turns of each contestant at each concurrency; the median counts. */
const TURNS = 5;

function eventNumber(number: number): ImageEvent {
  return {
    version: 1,
    messageId: `${1_407_000_000_000_000 + number}`,
    publishedAtMs: 1_773_453_600_000 + number,
    action: 'INSERT',
    repository: `europe-docker.pkg.dev/acme/services/api-${number % 50}`,
    digest: sha256(`${number}`),
    tag: `build-${number}`,
  };
}

let eventsMade = 0;

/** Events a second, at so many at once. */
async function rateOf(contestant: Contestant, concurrency: number, count: number): Promise<number> {
  const events = Array.from({ length: count }, () => {
    eventsMade += 1;
    return eventNumber(eventsMade);
  });
  const beganAtMs = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let event = events.pop(); event !== undefined; event = events.pop()) {
        await contestant.record(event);
      }
    }),
  );
  return (count / (performance.now() - beganAtMs)) * 1_000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Measures contestants in turns, so that a disturbance of the machine meets all of them. */
async function compare(title: string, plain: Contestant, ours: Contestant[], count: number): Promise<void> {
  for (const contestant of [plain, ...ours]) await rateOf(contestant, 16, Math.ceil(count / 4));
  for (const concurrency of CONCURRENCIES) {
    const rates = new Map<string, number[]>();
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const contestant of [plain, ...ours]) {
        const rate = await rateOf(contestant, concurrency, count);
        rates.set(contestant.name, [...(rates.get(contestant.name) ?? []), rate]);
      }
    }
    const base = median(rates.get(plain.name) ?? []);
    for (const [name, values] of rates) {
      const rate = median(values);
      const cells = [title.padEnd(10), name.padEnd(14), `${concurrency} at once`.padStart(11)];
      console.log(
        `${cells.join(' ')}  ${rate.toFixed(0).padStart(7)} events/s  ${(rate / base).toFixed(2)} ×`,
      );
    }
  }
}

/** The whole way of an event: an HTTP delivery, decoded, recorded, acknowledged. */
async function throughFunction(ledger: Ledger): Promise<Contestant> {
  const deadLetters = {
    publish: async () => {
      throw new Error('no event of the bench is a dead letter');
    },
  };
  const markPush = createPushMarker(ledger, Date.now);
  const served = await serveFunction(
    'record-image-event',
    recordImageEventHandler({ log: () => {} }, async () => ({
      ledger,
      markPush,
      publisher: deadLetters,
      deadLetterTopic: 'projects/bench/topics/dead',
    })),
    0,
  );
  return {
    name: 'function',
    async record({ messageId, publishedAtMs, action, repository, digest, tag }) {
      const data = JSON.stringify({ action, digest: `${repository}@${digest}`, tag: `${repository}:${tag}` });
      const response = await fetch(served.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          message: {
            data: Buffer.from(data).toString('base64'),
            messageId,
            publishTime: new Date(publishedAtMs).toISOString(),
          },
          subscription: 'projects/bench/subscriptions/gcr-push',
        }),
      });
      await response.arrayBuffer();
      if (response.status !== 204) throw new Error(`the function answered ${response.status}`);
    },
    close: () => served.close(),
  };
}

async function sqliteContestants(folder: string): Promise<{ plain: Contestant; ours: Contestant[] }> {
  const database = new DatabaseSync(join(folder, 'plain.db'));
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events (
      message_id TEXT PRIMARY KEY, repository TEXT, published_at_ms INTEGER, action TEXT, digest TEXT, tag TEXT
    );
  `);
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)');
  const ledger = await openSqliteLedger(join(folder, 'ledger.db'));
  return {
    plain: {
      name: 'plain client',
      async record(event) {
        const { messageId, repository, publishedAtMs, action, digest, tag } = event;
        insert.run(messageId, repository, publishedAtMs, action, digest, tag);
      },
      async close() {
        database.close();
      },
    },
    ours: [
      {
        name: 'ledger',
        record: (event) => ledger.recordEvent(event),
        close: () => ledger.close(),
      },
      await throughFunction(ledger),
    ],
  };
}

async function firestoreContestants(): Promise<{ plain: Contestant; ours: Contestant[] }> {
  const client = new Firestore({ projectId: 'bench-plain', authClient: new PassThroughClient() });
  const events = client.collection('events');
  const grpc = await openFirestoreLedger({ projectId: 'bench-ledger' });
  const rest = await openFirestoreLedger({ projectId: 'bench-ledger-rest', transport: 'rest' });
  return {
    plain: {
      name: 'plain client',
      record: ({ messageId, publishedAtMs, ...fields }) =>
        events.doc(messageId).create({
          ...fields,
          publishedAt: Timestamp.fromMillis(publishedAtMs),
          expiresAt: Timestamp.fromMillis(publishedAtMs),
        }),
      close: () => client.terminate(),
    },
    ours: [
      { name: 'ledger', record: (event) => grpc.recordEvent(event), close: () => grpc.close() },
      { name: 'ledger (REST)', record: (event) => rest.recordEvent(event), close: () => rest.close() },
      await throughFunction(grpc),
    ],
  };
}

const { values } = parseArgs({ options: { events: { type: 'string', default: '600' } } });
const count = Number(values.events);
if (!Number.isSafeInteger(count) || count < 1) throw new Error('--events takes a whole number above 0.');

const folder = await mkdtemp(join(tmpdir(), 'gcr-warden-bench-'));
try {
  const { plain, ours } = await sqliteContestants(folder);
  await compare('SQLite', plain, ours, count);
  // The function before the ledger that it writes to.
  for (const contestant of [plain, ...ours.toReversed()]) await contestant.close();
} finally {
  await rm(folder, { recursive: true });
}

const emulator = await startFirestoreEmulator();
process.env['FIRESTORE_EMULATOR_HOST'] = emulator.host;
try {
  const { plain, ours } = await firestoreContestants();
  await compare('Firestore', plain, ours, count);
  for (const contestant of [plain, ...ours.toReversed()]) await contestant.close();
} finally {
  await emulator.stop();
}
