import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { recordAuditLogsHandler } from '../../functions/handlers/record-audit-logs.ts';
import { serveFunction } from '../../local/function-server.ts';
import { openFirestoreLedger } from '../../shared/adapters/ledger/firestore/ledger.ts';
import { openConfiguredPubSub } from '../../shared/adapters/messaging/open-pubsub.ts';
import { createPubSubPublisher } from '../../shared/adapters/messaging/pubsub-publisher.ts';
import { createPubSubSubscriber } from '../../shared/adapters/messaging/pubsub-subscriber.ts';
import { dayOf } from '../../shared/core/day-ranges.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Ledger, Subscriber } from '../../shared/ports.ts';
import { type Emulator, startFirestoreEmulator, startPubSubEmulator } from '../support/emulators.ts';
import { describeWithPeers } from '../support/peer.ts';
import { openStage } from './stage.ts';

const NOW_MS = Date.parse('2026-03-14T10:00:00Z');
const TODAY = dayOf(NOW_MS);
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
const OWN = 'clean@warden.iam.gserviceaccount.com';
const SUBSCRIPTION = 'projects/acme/subscriptions/audit-log';
const DEAD_TOPIC = 'projects/acme/topics/dead';

function digestOf(place: number): `sha256:${string}` {
  return sha256(`manifest ${place}`);
}

function entry(
  reference: string,
  daysAgo: number,
  principal = 'node@acme.iam.gserviceaccount.com',
  { method = 'Docker-GetManifest', status = {} }: { method?: string; status?: object } = {},
): string {
  return JSON.stringify({
    insertId: `${reference}-${daysAgo}`,
    timestamp: new Date(NOW_MS - daysAgo * DAY_MS).toISOString(),
    protoPayload: {
      serviceName: 'artifactregistry.googleapis.com',
      methodName: method,
      resourceName: 'projects/acme/locations/europe/repositories/services/dockerImages/api',
      authenticationInfo: { principalEmail: principal },
      status,
      request: { requestUrl: `/v2/acme/services/api/manifests/${reference}` },
    },
  });
}

describeWithPeers(['gcloud', 'java'], 'record-audit-logs, on the emulators', () => {
  let pubSub: Emulator;
  let firestore: Emulator;
  const before = { ...process.env };

  beforeAll(async () => {
    [pubSub, firestore] = await Promise.all([startPubSubEmulator(), startFirestoreEmulator()]);
    process.env['PUBSUB_EMULATOR_HOST'] = pubSub.host;
    process.env['FIRESTORE_EMULATOR_HOST'] = firestore.host;
    for (const topic of ['audit-log', 'dead']) await rest(`topics/${topic}`, 'PUT', {});
    await rest('subscriptions/dead', 'PUT', { topic: DEAD_TOPIC });
  }, 120_000);
  afterAll(async () => {
    for (const name of ['PUBSUB_EMULATOR_HOST', 'FIRESTORE_EMULATOR_HOST']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    await Promise.all([pubSub?.stop(), firestore?.stop()]);
  });

  async function rest(path: string, method: string, body: object): Promise<void> {
    const reply = await fetch(`http://${pubSub.host}/v1/projects/acme/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method === 'DELETE' ? {} : { body: JSON.stringify(body) }),
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  }

  async function publish(...entries: readonly string[]): Promise<void> {
    const messages = entries.map((data) => ({ data: Buffer.from(data).toString('base64') }));
    await rest('topics/audit-log:publish', 'POST', { messages });
  }

  function subscriber(): Subscriber {
    return createPubSubSubscriber(openConfiguredPubSub(pubSub.host), 1_500);
  }

  let databases = 0;
  const ledgers: readonly [string, () => Promise<Ledger>][] = [
    ['SQLite', async () => (await openStage()).ledger],
    [
      'Firestore',
      async () => {
        databases += 1;
        const ledger = await openFirestoreLedger({ projectId: `pulls-${process.pid}-${databases}` });
        onTestFinished(() => ledger.close());
        return ledger;
      },
    ],
  ];

  describe.each(ledgers)('with the ledger in %s', (_name, openLedger) => {
    async function open(over: Partial<Record<'subscriber', Subscriber>> = {}, opened?: Ledger) {
      const ledger = opened ?? (await openLedger());
      const { logger } = await openStage();
      if (opened === undefined) {
        await rest('subscriptions/audit-log', 'PUT', {
          topic: 'projects/acme/topics/audit-log',
          ackDeadlineSeconds: 10,
        });
        onTestFinished(() => rest('subscriptions/audit-log', 'DELETE', {}));
      }
      const setting = {
        ledger,
        subscriber: subscriber(),
        publisher: createPubSubPublisher(pubSub.host),
        deadLetterTopic: DEAD_TOPIC,
        subscriptions: [SUBSCRIPTION],
        ownAccounts: new Set([OWN]),
        clock: () => NOW_MS,
        concurrency: 4,
        ...over,
      };
      const served = await serveFunction(
        'record-audit-logs',
        recordAuditLogsHandler(logger, async () => setting, 60_000),
        0,
      );
      onTestFinished(() => served.close());
      const call = async (): Promise<{ status: number; body: unknown }> => {
        const reply = await fetch(served.url, { method: 'POST' });
        return { status: reply.status, body: await reply.json() };
      };
      return { ledger, call };
    }
    const pullsOf = async (ledger: Ledger) =>
      new Map((await ledger.pulls(REPOSITORY)).map(({ reference, days }) => [reference, days]));

    it('records pulls that came late and out of order, sends poison away, and leaves out its own', async () => {
      const { ledger, call } = await open();
      await publish(
        entry('main', 0),
        entry(digestOf(1), 3),
        'no entry at all',
        entry('main', 2),
        entry(digestOf(2), 1, OWN),
        entry('main', 1),
      );
      expect(await call()).toEqual({
        status: 200,
        body: { messages: 6, pulls: 4, deeds: 0, deadLetters: 1, isDrained: true },
      });
      expect(await pullsOf(ledger)).toEqual(
        new Map([
          ['main', [[TODAY - 2, TODAY]]],
          [digestOf(1), [[TODAY - 3, TODAY - 3]]],
        ]),
      );
      expect(await ledger.pullRecording('acme')).toEqual({
        evidence: [[TODAY - 3, TODAY]],
        drained: [[TODAY, TODAY]],
      });
      const [dead, ...more] = await subscriber().pull('projects/acme/subscriptions/dead', 10);
      expect(more).toEqual([]);
      expect(dead?.message).toMatchObject({
        data: 'no entry at all',
        attributes: { code: 'LOG_ENTRY_INVALID' },
      });
      await subscriber().acknowledge('projects/acme/subscriptions/dead', [dead?.ackId ?? '']);
      expect(await subscriber().pull(SUBSCRIPTION, 10)).toEqual([]);
    }, 120_000);

    it('keeps who pushed, untagged and deleted what, its own among them, and not what failed', async () => {
      const { ledger, call } = await open();
      const ann = 'ann@example.com';
      const failed = { method: 'Docker-DeleteManifest', status: { code: 7 } };
      const entries = [
        entry('v1', 1, ann, { method: 'Docker-PutManifest' }),
        entry('v1', 0, OWN, { method: 'Docker-DeleteTag' }),
        entry(digestOf(1), 0, ann, { method: 'Docker-DeleteManifest' }),
        entry(digestOf(2), 0, ann, failed),
      ];
      await publish(...entries, ...entries.slice(1));
      expect(await call()).toMatchObject({ body: { messages: 7, pulls: 0, deeds: 5, deadLetters: 0 } });
      const deeds = await ledger.deeds(REPOSITORY, [TODAY - 1, TODAY, TODAY]);
      expect(deeds.toSorted((a, b) => a.atMs - b.atMs || (a.kind < b.kind ? -1 : 1))).toEqual([
        { atMs: NOW_MS - DAY_MS, kind: 'push', digest: null, tag: 'v1', by: ann, isOwn: false },
        { atMs: NOW_MS, kind: 'delete', digest: digestOf(1), tag: null, by: ann, isOwn: false },
        { atMs: NOW_MS, kind: 'untag', digest: null, tag: 'v1', by: OWN, isOwn: true },
      ]);
      expect(await ledger.deeds(REPOSITORY, [TODAY - 2])).toEqual([]);
      // Writing is no pull, and says nothing of whether reads are recorded.
      expect((await ledger.pullRecording('acme')).evidence).toEqual([]);
    }, 120_000);

    it('comes to the same where it works four times at once', async () => {
      const { ledger, call } = await open();
      await publish(...Array.from({ length: 300 }, (_, place) => entry(digestOf(place), place % 5)));
      const replies = await Promise.all([call(), call(), call(), call()]);
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      const found = await pullsOf(ledger);
      expect(found.size).toBe(300);
      expect(found.get(digestOf(4))).toEqual([[TODAY - 4, TODAY - 4]]);
    }, 120_000);

    it('was killed after it wrote and before it acknowledged: all comes again and changes nothing', async () => {
      const killed: Subscriber = {
        ...subscriber(),
        acknowledge: () => Promise.reject(new Error('killed')),
      };
      const first = await open({ subscriber: killed });
      await publish(entry('main', 0), entry(digestOf(1), 1));
      expect((await first.call()).status).toBe(500);
      const once = await pullsOf(first.ledger);
      expect(once.size).toBe(2);
      expect((await first.ledger.pullRecording('acme')).drained).toEqual([]);
      // The deadline of the first delivery has to pass.
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      const second = await open({}, first.ledger);
      expect((await second.call()).body).toMatchObject({ messages: 2, isDrained: true });
      expect(await pullsOf(first.ledger)).toEqual(once);
    }, 120_000);

    it('acknowledges nothing while the ledger takes nothing', async () => {
      const { ledger, call } = await open();
      const broken = await open({}, { ...ledger, recordPulls: () => Promise.reject(new Error('down')) });
      await publish(entry('main', 0));
      expect((await broken.call()).status).toBe(500);
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      expect((await call()).body).toMatchObject({ messages: 1, pulls: 1 });
      expect((await pullsOf(ledger)).get('main')).toEqual([[TODAY, TODAY]]);
    }, 120_000);
  });
});
