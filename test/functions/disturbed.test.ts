import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { acmeEstate, startGoogleApis } from '../../local/google-apis/index.ts';
import { createPullSubscription } from '../../local/pull-subscription.ts';
import { type LocalRegistry, pushImage, startLocalRegistry } from '../../local/registry/index.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import { LEASE_MS } from '../../shared/app/run-watch.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import { formatWork, parseWork } from '../../shared/core/work.ts';
import type { Ledger } from '../../shared/ports.ts';
import type { HandlerOrder } from './handler-process.ts';
import { post, pushBody } from './stage.ts';

const PROCESS = fileURLToPath(new URL('./handler-process.ts', import.meta.url));
const SUBSCRIPTION = 'projects/acme/subscriptions/audit-log';
/** A run's lease has ended, and a dispatcher's. */
const LEASES_OVER_MS = LEASE_MS + MINUTE_MS;
const DIGEST = sha256('an image');

const POLICY = `apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
schedule: { cron: "* * * * *" }
mode: enforce
limits: { share: 100%, mayEmpty: true }
delete:
  - pull-requests: { tags: { glob: "pr-*" }, olderThan: 14d }
`;

/** Everything outside of the functions: it lives on whatever becomes of them. */
interface World {
  readonly registry: LocalRegistry;
  readonly repository: string;
  readonly ledger: Ledger;
  readonly published: { readonly topic: string; readonly data: string }[];
  readonly auditLog: ReturnType<typeof createPullSubscription>;
  /** Starts a function's process. */
  start(handler: HandlerOrder['handler'], more?: Partial<HandlerOrder>): Promise<Started>;
  tags(): Promise<readonly string[]>;
}

interface Started {
  readonly url: string;
  /** Boundaries that it passed so far. */
  passed(): Promise<number>;
  /** Resolves with the signal that ended it. */
  readonly ended: Promise<NodeJS.Signals | null>;
}

async function openWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'warden-disturbed-'));
  const children: ChildProcess[] = [];
  let nowMs = Date.now() - 30 * DAY_MS;
  const registry = await startLocalRegistry({ directory: join(directory, 'registry'), now: () => nowMs });
  const name = 'acme/services/api';
  for (const tag of ['pr-1', 'pr-2', 'main'])
    await pushImage({ registry: registry.host, name, tags: [tag], layers: [{ bytes: Buffer.from(tag) }] });
  nowMs = Date.now();
  const client = openRegistry({
    credentials: fixedCredentials({}),
    clock: Date.now,
    logger: { log: () => {} },
    concurrency: 2,
    manifestCache: null,
  });
  const auditLog = createPullSubscription();
  const published: { topic: string; data: string }[] = [];
  const google = await startGoogleApis({
    estate: acmeEstate(nowMs),
    now: nowMs,
    topics: {
      publish: (topic, data) => void published.push({ topic, data }),
      topicOf: {},
      pulled: { [SUBSCRIPTION]: auditLog },
    },
  });
  const ledgerPath = join(directory, 'ledger.sqlite');
  const ledger = await openSqliteLedger(ledgerPath);
  onTestFinished(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([client.close(), registry.close(), google.close(), ledger.close()]);
    await rm(directory, { recursive: true, force: true });
  });
  return {
    registry,
    repository: `${registry.host}/${name}`,
    ledger,
    published,
    auditLog,
    async start(handler, more = {}) {
      const order: HandlerOrder = {
        handler,
        ledgerPath,
        target: `${registry.host}/acme`,
        googleUrl: google.url,
        policy: POLICY,
        subscription: SUBSCRIPTION,
        aheadMs: 0,
        dieAt: null,
        ...more,
      };
      const child = fork(PROCESS, [JSON.stringify(order)], { execArgv: [] });
      children.push(child);
      const ended = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null);
      const [{ url }] = (await once(child, 'message')) as [{ url: string }];
      return {
        url,
        ended,
        async passed() {
          child.send('passed?');
          const [{ passed }] = (await once(child, 'message')) as [{ passed: number }];
          return passed;
        },
      };
    },
    async tags() {
      const { manifests } = await client.reader.list({ host: registry.host, name });
      return manifests.flatMap((manifest) => manifest.tags).sort();
    },
  };
}

/** One function, what sets it going, and what can be seen of what it did. */
interface Subject {
  readonly handler: HandlerOrder['handler'];
  readonly prepare?: (world: World) => Promise<void>;
  readonly deliver: (world: World, url: string) => Promise<number>;
  /** The same after any disturbance as after one delivery that nothing disturbed. */
  readonly effect: (world: World) => Promise<unknown>;
}

const ok = async (url: string, init: RequestInit): Promise<number> => {
  const reply = await fetch(url, init);
  await reply.arrayBuffer();
  return reply.status;
};

const sorted = <T>(all: Iterable<T>): T[] => [...new Set(all)].sort();
const toldOn = ({ published }: World, topic: string) =>
  published.filter((one) => one.topic.endsWith(`/${topic}`)).map(({ data }) => data);

const SUBJECTS: readonly Subject[] = [
  {
    handler: 'record-image-event',
    deliver: ({ repository }, url) =>
      post(url, pushBody(JSON.stringify({ action: 'INSERT', digest: `${repository}@${DIGEST}` }))),
    effect: async ({ ledger, repository }) => ({
      facts: await ledger.historyFacts(repository),
      marked: sorted((await ledger.pushMarks(10)).map((mark) => mark.repository)).length,
    }),
  },
  {
    handler: 'record-audit-logs',
    prepare: async ({ auditLog }) => {
      for (let place = 1; place <= 3; place += 1) {
        const entry = {
          insertId: `${place}`,
          timestamp: new Date(Date.now() - place * DAY_MS).toISOString(),
          protoPayload: {
            serviceName: 'artifactregistry.googleapis.com',
            methodName: 'Docker-GetManifest',
            resourceName: 'projects/acme/locations/europe/repositories/services/dockerImages/api',
            authenticationInfo: { principalEmail: 'node@acme.iam.gserviceaccount.com' },
            status: {},
            request: { requestUrl: `/v2/acme/services/api/manifests/${sha256(`${place}`)}` },
          },
        };
        auditLog.add({
          data: Buffer.from(JSON.stringify(entry)).toString('base64'),
          attributes: {},
          messageId: `${place}`,
          publishTime: new Date().toISOString(),
        });
      }
    },
    deliver: (_world, url) => ok(url, { method: 'POST' }),
    effect: async ({ ledger, auditLog }) => ({
      pulled: sorted(
        (await ledger.pulls('europe-docker.pkg.dev/acme/services/api')).map(({ reference }) => reference),
      ),
      waiting: auditLog.pull(10, Date.now() + DAY_MS).length,
    }),
  },
  {
    handler: 'dispatch',
    deliver: (_world, url) => ok(url, { method: 'POST' }),
    effect: async (world) => ({
      work: sorted(toldOn(world, 'work').map((data) => parseWork(data).repository)).length,
      claimed: Object.keys(await world.ledger.lastTicks()),
    }),
  },
  {
    handler: 'clean',
    deliver: ({ repository }, url) => {
      const policies = ['services'];
      const scheduledAtMs = Date.now();
      return post(
        url,
        pushBody(formatWork({ version: 1, repository, trigger: 'schedule', policies, scheduledAtMs })),
      );
    },
    effect: async (world) => {
      const { ledger, repository } = world;
      const runs = await ledger.runs({ repository, limit: 100 });
      const deletions = await ledger.journal({ repository, limit: 100 });
      return {
        tags: await world.tags(),
        open: (await ledger.openIntents(repository)).length,
        unfinished: runs.filter(({ finishedAtMs }) => finishedAtMs === null).length,
        deleted: sorted(deletions.map(({ intent }) => `${intent.step.kind} ${intent.step.digest}`)).length,
        told: sorted(toldOn(world, 'told').map((data) => JSON.parse(data).kind)),
      };
    },
  },
  {
    handler: 'audit',
    deliver: (_world, url) => ok(url, { method: 'POST' }),
    effect: async (world) => ({
      found: sorted(
        ((await world.ledger.findings('acme'))?.findings ?? []).map(({ fingerprint }) => fingerprint),
      ),
      told: sorted(toldOn(world, 'told').map((data) => JSON.parse(data).fingerprint)),
    }),
  },
  {
    handler: 'report',
    deliver: (_world, url) => ok(url, {}),
    effect: async ({ ledger, repository }) => await ledger.historyFacts(repository),
  },
];

/** What one undisturbed delivery does, and in how many steps. */
async function undisturbed({ handler, prepare, deliver, effect }: Subject) {
  const world = await openWorld();
  await prepare?.(world);
  const one = await world.start(handler);
  expect(await deliver(world, one.url)).toBeLessThan(300);
  return { effect: comparable(world, await effect(world)), passed: await one.passed() };
}

/** Ports and times differ from world to world. */
function comparable({ registry }: World, effect: unknown): unknown {
  const text = JSON.stringify(effect, (key, value) => (/Ms$/.test(key) ? 'a time' : value));
  return JSON.parse(text.replaceAll(registry.host, 'HOST'));
}

describe.each(SUBJECTS.map((subject) => [subject.handler, subject] as const))('%s', (_name, subject) => {
  const { handler, prepare, deliver, effect } = subject;
  let expected: ReturnType<typeof undisturbed> | null = null;
  const whole = () => {
    expected ??= undisturbed(subject);
    return expected;
  };

  it('does the same where it is called twice', async () => {
    const world = await openWorld();
    await prepare?.(world);
    const one = await world.start(handler);
    for (let time = 0; time < 2; time += 1) expect(await deliver(world, one.url)).toBeLessThan(300);
    expect(comparable(world, await effect(world))).toEqual((await whole()).effect);
  }, 120_000);

  it('does the same where two instances are called several times at once', async () => {
    const world = await openWorld();
    await prepare?.(world);
    const two = await Promise.all([world.start(handler), world.start(handler)]);
    const calls = [...two, ...two, ...two].map(({ url }) => deliver(world, url));
    // What is refused now is delivered again.
    for (const status of await Promise.all(calls)) expect([200, 204, 500]).toContain(status);
    expect(await deliver(world, two[0].url)).toBeLessThan(300);
    expect(comparable(world, await effect(world))).toEqual((await whole()).effect);
  }, 120_000);

  it('does the same where it is called a day late', async () => {
    const world = await openWorld();
    await prepare?.(world);
    const one = await world.start(handler, { aheadMs: DAY_MS });
    expect(await deliver(world, one.url)).toBeLessThan(300);
    expect(comparable(world, await effect(world))).toEqual((await whole()).effect);
  }, 120_000);

  it.each([
    ['in the middle', 0.5],
    ['at its end', 0.95],
  ])(
    'does the same where it is killed %s and called again',
    async (_when, part) => {
      const { effect: wanted, passed } = await whole();
      const world = await openWorld();
      await prepare?.(world);
      const dieAt = Math.min(passed, Math.max(1, Math.round(passed * part)));
      const one = await world.start(handler, { dieAt });
      await expect(deliver(world, one.url)).rejects.toThrow();
      expect(await one.ended).toBe('SIGKILL');
      // Pub/Sub and Cloud Scheduler call again, if need be until the leases of the dead one are over.
      const again = await world.start(handler, { aheadMs: LEASES_OVER_MS });
      world.auditLog
        .pull(10, Date.now() + DAY_MS)
        .forEach(({ ackId }) => void world.auditLog.extend([ackId], 0));
      expect(await deliver(world, again.url)).toBeLessThan(300);
      expect(comparable(world, await effect(world))).toEqual(wanted);
    },
    60_000,
  );
});

it('publishes each piece of work once, however many dispatchers are called at once', async () => {
  const world = await openWorld();
  const two = await Promise.all([world.start('dispatch'), world.start('dispatch')]);
  await Promise.all([...two, ...two, ...two].map(({ url }) => ok(url, { method: 'POST' })));
  // A minute may begin meanwhile, which is another scheduled time.
  const works = toldOn(world, 'work').map((data) => parseWork(data));
  expect(new Set(works.map(({ scheduledAtMs }) => scheduledAtMs)).size).toBe(works.length);
  expect(works.length).toBeGreaterThan(0);
}, 60_000);
