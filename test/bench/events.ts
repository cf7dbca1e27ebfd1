/**
 * Events recorded per second through the ledgers, beside a plain client that writes the same fields; and through the
 * bundled function `record-image-event` under functions-framework, beside a minimal functions-framework function that
 * writes the same documents with the plain client, each in a process of its own:
 * `node test/bench/events.ts [--events N] [--only SQLite|Firestore|Functions]`. Only the ratios mean anything on another machine.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { Firestore, Timestamp } from '@google-cloud/firestore';
import { PassThroughClient } from 'google-auth-library';
import { openFirestoreLedger } from '../../shared/adapters/ledger/firestore/ledger.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { ImageEvent } from '../../shared/core/image-event.ts';
import { bundleFunction } from '../../tools/bundle.ts';
import { type FunctionProcess, startFunction } from '../e2e/function-process.ts';
import { ROOT } from '../support/command.ts';
import { startFirestoreEmulator } from '../support/emulators.ts';

/** One way to record an event; ways are measured in turns. */
interface Contestant {
  readonly name: string;
  record(event: ImageEvent): Promise<unknown>;
  /** What its process has computed so far, in ms; left out for what runs in this one. */
  cpuMs?(): Promise<number>;
  close(): Promise<unknown>;
}

const OUT = join(ROOT, 'dist', 'bench');

const CONCURRENCIES = [1, 16, 64] as const;
/** Turns of each contestant at each concurrency; the median counts. */
const TURNS = 9;

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

interface Turn {
  /** Events a second. */
  readonly rate: number;
  /** Of its process, for one event. */
  readonly cpuMs: number;
}

/** One turn, with so many at once. */
async function turnOf(contestant: Contestant, concurrency: number, count: number): Promise<Turn> {
  const events = Array.from({ length: count }, () => {
    eventsMade += 1;
    return eventNumber(eventsMade);
  });
  const cpuBeforeMs = (await contestant.cpuMs?.()) ?? Number.NaN;
  const beganAtMs = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let event = events.pop(); event !== undefined; event = events.pop()) {
        await contestant.record(event);
      }
    }),
  );
  const rate = (count / (performance.now() - beganAtMs)) * 1_000;
  return { rate, cpuMs: (((await contestant.cpuMs?.()) ?? Number.NaN) - cpuBeforeMs) / count };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Measures contestants in turns, so that a disturbance of the machine meets all of them. */
async function compare(title: string, plain: Contestant, ours: Contestant[], count: number): Promise<void> {
  for (const contestant of [plain, ...ours]) await turnOf(contestant, 16, Math.ceil(count / 4));
  for (const concurrency of CONCURRENCIES) {
    const turns = new Map<Contestant, Turn[]>();
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const contestant of [plain, ...ours]) {
        const before = turns.get(contestant) ?? [];
        turns.set(contestant, [...before, await turnOf(contestant, concurrency, count)]);
      }
    }
    const base = turns.get(plain) ?? [];
    for (const [{ name, cpuMs }, own] of turns) {
      // Of pairs that were measured one after the other: a machine that does other work is slow for both.
      const ratio = (of: (turn: Turn) => number): string =>
        `${median(own.map((turn, at) => of(turn) / of(base[at] ?? turn))).toFixed(2)} ×`;
      const cells = [title.padEnd(10), name.padEnd(14), `${concurrency} at once`.padStart(11)];
      const rate = `${median(own.map((one) => one.rate))
        .toFixed(0)
        .padStart(7)} events/s  ${ratio((turn) => turn.rate)}`;
      const cpu =
        cpuMs === undefined
          ? ''
          : `  ${median(own.map((one) => one.cpuMs)).toFixed(2)} ms of CPU  ${ratio((turn) => turn.cpuMs)}`;
      console.log(`${cells.join(' ')}  ${rate}${cpu}`);
    }
  }
}

/** What a process has computed so far, from Linux (proc_pid_stat(5)): ticks of 10 ms. */
async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The whole way of an event: an HTTP delivery, decoded, recorded, acknowledged; by a process of its own. */
function deliveredTo(name: string, served: FunctionProcess): Contestant {
  return {
    name,
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
    cpuMs: () => cpuMsOf(served.pid),
    close: () => served.stop(),
  };
}

/** The least that writes the same documents: no checks, no duplicates by repository, no answer to what is broken. */
const MINIMAL = `
import { Firestore, FieldValue, Timestamp } from '@google-cloud/firestore';
import { http } from '@google-cloud/functions-framework';
import { PassThroughClient } from 'google-auth-library';

const events = new Firestore({ projectId: 'bench-minimal', authClient: new PassThroughClient() }).collection('events');
http('minimal', async (request, response) => {
  const { messageId, publishTime, data } = request.body.message;
  const { action, digest, tag } = JSON.parse(Buffer.from(data, 'base64').toString());
  const [repository, hash] = digest.split('@');
  const publishedAtMs = Date.parse(publishTime);
  await events.doc(messageId).create({
    version: 1,
    messageId,
    publishedAt: Timestamp.fromMillis(publishedAtMs),
    recordedAt: FieldValue.serverTimestamp(),
    expiresAt: Timestamp.fromMillis(publishedAtMs + 800 * 86400000),
    action,
    repository,
    repositoryName: repository.replaceAll('/', '%2F'),
    digest: hash,
    tag: tag.split(':')[1],
  });
  response.status(204).end();
});
`;

/** Both as they are deployed: a process each, under functions-framework. */
async function functionContestants(emulator: string): Promise<{ plain: Contestant; ours: Contestant[] }> {
  const minimal = join(OUT, 'minimal');
  await mkdir(minimal, { recursive: true });
  await writeFile(join(minimal, 'package.json'), JSON.stringify({ type: 'module', main: 'index.mjs' }));
  await writeFile(join(minimal, 'index.mjs'), MINIMAL);
  const source = join(ROOT, 'functions', 'record-image-event.ts');
  await bundleFunction('record-image-event', source, OUT, { frameworkVersion: '5.0.5' });
  const env = {
    FIRESTORE_EMULATOR_HOST: emulator,
    METADATA_SERVER_DETECTION: 'none',
    GCR_WARDEN_LEDGER: 'firestore:bench-function/(default)',
    GCR_WARDEN_DEAD_LETTER_TOPIC: 'projects/bench/topics/dead',
  };
  return {
    plain: deliveredTo('minimal', await startFunction('minimal', minimal, env)),
    ours: [
      deliveredTo(
        'function',
        await startFunction('record-image-event', join(OUT, 'record-image-event'), env),
      ),
    ],
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
    ],
  };
}

const { values } = parseArgs({
  options: { events: { type: 'string', default: '600' }, only: { type: 'string' } },
});
const isWanted = (title: string): boolean => values.only === undefined || values.only === title;
const count = Number(values.events);
if (!Number.isSafeInteger(count) || count < 1) throw new Error('--events takes a whole number above 0.');

const folder = await mkdtemp(join(tmpdir(), 'gcr-warden-bench-'));
try {
  const { plain, ours } = await sqliteContestants(folder);
  if (isWanted('SQLite')) await compare('SQLite', plain, ours, count);
  for (const contestant of [plain, ...ours]) await contestant.close();
} finally {
  await rm(folder, { recursive: true });
}

const emulator = await startFirestoreEmulator();
process.env['FIRESTORE_EMULATOR_HOST'] = emulator.host;
try {
  const { plain, ours } = await firestoreContestants();
  if (isWanted('Firestore')) await compare('Firestore', plain, ours, count);
  for (const contestant of [plain, ...ours]) await contestant.close();
  const functions = await functionContestants(emulator.host);
  if (isWanted('Functions')) await compare('Functions', functions.plain, functions.ours, count);
  for (const contestant of [functions.plain, ...functions.ours]) await contestant.close();
} finally {
  await emulator.stop();
}
