/**
 * What Firestore bills, counted while the use cases run against its emulator and a local registry: for a million
 * events, and for a night over 10,000 repositories. Nothing here depends on the machine: operations are counted, and
 * the sums are multiples of what was counted for one repository, one tick and one batch.
 *
 * `node test/bench/billed-operations.ts [--digests N] [--json]`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pushImage, startLocalRegistry } from '../../local/registry/index.ts';
import type { BilledOperations } from '../../shared/adapters/ledger/firestore/documents.ts';
import { openFirestoreLedger } from '../../shared/adapters/ledger/firestore/ledger.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import { cleanRepository } from '../../shared/app/clean-repository.ts';
import { mapConcurrently } from '../../shared/app/concurrency.ts';
import { dispatch } from '../../shared/app/dispatch.ts';
import { RUNS_LOOKED_AT } from '../../shared/app/finish-interrupted.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import { recordAuditLogs } from '../../shared/app/record-audit-logs.ts';
import { recordImageEvent } from '../../shared/app/record-event.ts';
import { unknown } from '../../shared/core/fact.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import type { Logger, WaitingMessage } from '../../shared/ports.ts';
import { startFirestoreEmulator } from '../support/emulators.ts';

const { values } = parseArgs({
  options: { digests: { type: 'string', default: '2000' }, json: { type: 'boolean', default: false } },
});
const digests = Number(values.digests);
if (!Number.isSafeInteger(digests) || digests < 200)
  throw new Error('--digests takes a whole number from 200.');

const PUSHED = 20;
const REPOSITORIES = 10_000;
const ACTIVE_SHARE = 0.1;
const TICKS_A_DAY = (24 * 60) / 5;
const EVENTS = 1_000_000;
/** Messages of one batch of the audit log, all of one project. */
const BATCH = 1_000;

const POLICY = `
apiVersion: gcr-warden/v1
policy: nightly
repositories: ["**"]
schedule: { cron: "0 3 * * *" }
mode: enforce
limits: { share: 100%, mayEmpty: true }
delete:
  - pull-requests: { tags: { glob: "pr-*" }, olderThan: 90d }
`;

interface Bill {
  readonly reads: number;
  readonly writes: number;
  readonly deletes: number;
}

const logger: Logger = { log: () => {} };
const published: string[] = [];
const publisher = {
  async publish(_topic: string, data: string): Promise<void> {
    published.push(data);
  },
};
const messages = { publisher, deadLetterTopic: 'projects/bench/topics/dead', logger };
const policySet = parsePolicyFile({ file: 'nightly.yaml', text: POLICY, gitRevision: unknown('a bench') });
const policies = { read: async () => policySet };
/** Whoever has a rule that asks for pulls pays for looking them up. */
const asksPulls = parsePolicyFile({
  file: 'nightly.yaml',
  text: POLICY.replace('delete:', 'keep:\n  - pulled: { pulledWithin: 30d }\ndelete:'),
  gitRevision: unknown('a bench'),
});

const emulator = await startFirestoreEmulator();
process.env['FIRESTORE_EMULATOR_HOST'] = emulator.host;
const directory = await mkdtemp(join(tmpdir(), 'gcr-warden-billed-'));
let nowMs = Date.UTC(2026, 2, 1, 3);
const clock = (): number => nowMs;
const counted: BilledOperations[] = [];
const ledger = await openFirestoreLedger({
  projectId: `billed-${process.pid}`,
  clock,
  onBilled: (one) => counted.push(one),
});
const registry = await startLocalRegistry({
  directory,
  now: clock,
  notify: async (notification, publishedAtMs) => {
    told += 1;
    const data = JSON.stringify(notification);
    await recordImageEvent(
      { ...messages, ledger, markPush },
      { messageId: `m-${told}`, publishedAtMs, data, attributes: {} },
    );
  },
});
let told = 0;
let runs = 0;
const markPush = createPushMarker(ledger, clock);
const client = openRegistry({
  credentials: fixedCredentials({}),
  clock,
  logger,
  concurrency: 16,
  manifestCache: ledger,
});
const newId = (): string => {
  runs += 1;
  return `run-${runs}`;
};
const name = 'acme/services/api';

/** What the work is billed for. */
async function billOf(work: () => Promise<unknown>): Promise<Bill> {
  counted.length = 0;
  await work();
  return sum(counted);
}

function sum(all: readonly Bill[]): Bill {
  const total = (kind: keyof Bill): number => all.reduce((so, one) => so + one[kind], 0);
  return { reads: total('reads'), writes: total('writes'), deletes: total('deletes') };
}

function times(bill: Bill, factor: number): Bill {
  const of = (count: number): number => Math.round(count * factor);
  return { reads: of(bill.reads), writes: of(bill.writes), deletes: of(bill.deletes) };
}

async function push(from: number, count: number, tag: string): Promise<void> {
  const numbers = Array.from({ length: count }, (_, at) => from + at);
  await mapConcurrently(numbers, 8, async (number) => {
    await pushImage({
      registry: registry.host,
      name,
      tags: [`${tag}-${number}`],
      layers: [{ bytes: Buffer.from(`layer ${number}`) }],
    });
  });
}

/** After so many nights a run finds as many former runs as it looks at. */
const NIGHTS_BEFORE = RUNS_LOOKED_AT + 1;

async function night(judging = policySet): Promise<void> {
  const { result, plan } = await cleanRepository(
    {
      registry: client.reader,
      deleter: client.deleter(),
      ledger,
      usage: { read: async () => ({ version: 1, answers: [] }) },
      policies: { read: async () => judging },
      clock,
      newId,
      logger,
      concurrency: 16,
    },
    {
      repository: { host: registry.host, name },
      trigger: 'schedule',
      deleting: null,
      untilMs: null,
      isStopped: () => false,
      onPlan: () => {},
      onOutcome: () => {},
    },
  );
  const refusal = result?.refusal ?? plan?.refusal?.message;
  if (refusal != null) throw new Error(refusal);
}

function pullEntry(number: number): WaitingMessage {
  const image = `acme/services/api-${number % 50}`;
  const data = JSON.stringify({
    timestamp: new Date(nowMs).toISOString(),
    insertId: `i-${number}`,
    protoPayload: {
      serviceName: 'artifactregistry.googleapis.com',
      methodName: 'Docker-GetManifest',
      resourceName: 'projects/acme/locations/europe/repositories/services/dockerImages/x',
      authenticationInfo: { principalEmail: 'node@acme.iam.gserviceaccount.com' },
      request: { requestUrl: `/v2/${image}/manifests/v${number % 7}` },
    },
  });
  const message = { messageId: `a-${number}`, publishedAtMs: nowMs, data, attributes: {} };
  return { ackId: `${number}`, message };
}

/** Reads the audit log once: one batch, and then nothing. */
async function drain(): Promise<unknown> {
  let left = 1;
  const subscriber = {
    async pull(): Promise<readonly WaitingMessage[]> {
      left -= 1;
      return left < 0 ? [] : Array.from({ length: BATCH }, (_, at) => pullEntry(at));
    },
    async acknowledge(): Promise<void> {},
  };
  const request = { subscriptions: ['projects/p/subscriptions/s'], ownAccounts: new Set<string>() };
  return await recordAuditLogs(
    { ...messages, ledger, subscriber, clock, concurrency: 8 },
    { ...request, untilMs: nowMs + MINUTE_MS },
  );
}

async function tick(): Promise<unknown> {
  return await dispatch(
    { registry: client.reader, ledger, policies, publisher, workTopic: 'work', clock, newId, logger },
    [{ host: registry.host, prefix: 'acme' }],
  );
}

const lines: [string, Bill][] = [];
async function measure(what: string, work: () => Promise<unknown>): Promise<Bill> {
  const bill = await billOf(work);
  lines.push([what, bill]);
  return bill;
}

try {
  const old = Math.floor(digests / 10);
  await push(0, digests - old, 'v');
  await push(digests, old, 'pr');
  nowMs += DAY_MS;
  await measure(`first night over ${digests} digests just pushed`, () => night());
  for (let count = 1; count < NIGHTS_BEFORE; count += 1) {
    nowMs += DAY_MS;
    await night();
  }
  nowMs += DAY_MS;
  const quiet = await measure('a night over it, nothing new', () => night());
  nowMs += DAY_MS;
  await measure('  with a rule that asks for pulls', () => night(asksPulls));
  const pushing = await measure(`${PUSHED} pushes to it`, () => push(2 * digests, PUSHED, 'v'));
  nowMs += DAY_MS;
  const busy = await measure('a night after them', () => night());
  nowMs += 90 * DAY_MS;
  const deleting = await measure(`a night that deletes ${old} images and their tags`, () => night());
  nowMs += DAY_MS;
  await measure('the night after it, which looks at that run again', () => night());
  const due = await measure('a tick with a policy due, 1 repository', tick);
  nowMs += 5 * MINUTE_MS;
  const idle = await measure('a tick with nothing due', tick);
  const drainNew = await measure(`${BATCH} pulls of 50 repositories, first of the day`, drain);
  const drainKnown = await measure(`${BATCH} pulls of the same day again`, drain);
  const events = times(pushing, EVENTS / PUSHED);
  // Beside what the run costs anyway, the nights after pushes read and pack their events.
  const folding = times(
    {
      reads: busy.reads - quiet.reads,
      writes: busy.writes - quiet.writes,
      deletes: busy.deletes - quiet.deletes,
    },
    EVENTS / PUSHED,
  );
  const allQuiet = sum([times(quiet, REPOSITORIES), due]);
  const mixed = sum([
    times(quiet, REPOSITORIES * (1 - ACTIVE_SHARE)),
    times(busy, REPOSITORIES * ACTIVE_SHARE),
    due,
  ]);
  const sums: [string, Bill][] = [
    [`${EVENTS} events, ${PUSHED} a repository and day, recorded`, events],
    ['  and read and packed by the runs after them', folding],
    [`a nightly sweep of ${REPOSITORIES} repositories, nothing new in any`, allQuiet],
    [`  the same, ${ACTIVE_SHARE * 100} % of them pushed to ${PUSHED} times`, mixed],
    [
      `  and ${ACTIVE_SHARE * 100} % of them with ${old} images to delete`,
      times(deleting, REPOSITORIES * ACTIVE_SHARE),
    ],
    ['the ticks of a day with nothing due', times(idle, TICKS_A_DAY)],
    ['a million pulls a day, half of them known', times(sum([drainNew, drainKnown]), 500_000 / BATCH)],
  ];
  if (values.json)
    console.log(
      JSON.stringify({ digests, counted: Object.fromEntries(lines), sums: Object.fromEntries(sums) }),
    );
  else {
    const row = (what: string, reads: string, writes: string, deletes: string): void =>
      console.log(`${what.padEnd(62)}${reads.padStart(11)}${writes.padStart(11)}${deletes.padStart(11)}`);
    row('counted', 'reads', 'writes', 'deletes');
    for (const [what, bill] of lines) row(what, `${bill.reads}`, `${bill.writes}`, `${bill.deletes}`);
    console.log();
    row('sums of what was counted', 'reads', 'writes', 'deletes');
    for (const [what, bill] of sums) row(what, `${bill.reads}`, `${bill.writes}`, `${bill.deletes}`);
  }
} finally {
  await Promise.all([client.close(), registry.close()]);
  await ledger.close();
  await rm(directory, { recursive: true, force: true });
  await emulator.stop();
}
