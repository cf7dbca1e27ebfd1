import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { acmeEstate, type GoogleApis, startGoogleApis } from '../../local/google-apis/index.ts';
import { type LocalRegistry, startLocalRegistry } from '../../local/registry/index.ts';
import { openFirestoreLedger } from '../../shared/adapters/ledger/firestore/ledger.ts';
import { openConfiguredPubSub } from '../../shared/adapters/messaging/open-pubsub.ts';
import { createPubSubPublisher } from '../../shared/adapters/messaging/pubsub-publisher.ts';
import type { PubSubRest } from '../../shared/adapters/messaging/pubsub-rest.ts';
import { createPubSubSubscriber } from '../../shared/adapters/messaging/pubsub-subscriber.ts';
import type { PushMessage } from '../../shared/core/push-message.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Ledger, Publisher } from '../../shared/ports.ts';
import { bundleFunction } from '../../tools/bundle.ts';
import { ROOT, succeed, warden } from '../support/command.ts';
import { type Emulator, startFirestoreEmulator, startPubSubEmulator } from '../support/emulators.ts';
import { imageWith, writeOciLayout } from '../support/oci-layout.ts';
import { describeWithPeers } from '../support/peer.ts';
import { type FunctionProcess, startFunction } from './function-process.ts';

const PROJECT = 'warden-e2e';
const DEAD_LETTERS = `projects/${PROJECT}/subscriptions/dead-letters`;
const topicName = (topic: string): string => `projects/${PROJECT}/topics/${topic}`;

const POLICY = `apiVersion: gcr-warden/v1
policy: services
repositories: ["*/acme/services/**"]
schedule: { cron: "* * * * *", timeZone: Europe/Berlin }
mode: enforce
keep:
  - releases: { tags: { semver: ">=1.0.0" }, newest: 5 }
delete:
  - pull-requests: { tags: { glob: "pr-*" }, olderThan: 14d }
`;

const BROKEN = `apiVersion: gcr-warden/v1
policy: broken
repositories: ["*/acme/other/**"]
delete:
  - old: { olderThen: 14d }
`;

describeWithPeers(['gcloud', 'java', 'skopeo'], "the deployed shape on Google's emulators", () => {
  let directory: string;
  let emulators: { readonly firestore: Emulator; readonly pubsub: Emulator };
  let pubsub: PubSubRest;
  let publisher: Publisher;
  let registry: LocalRegistry;
  let storage: GoogleApis;
  let ledger: Ledger;
  let env: Record<string, string>;
  const functions = new Map<string, FunctionProcess>();
  let registryNowMs = Date.now();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'warden-e2e-'));
    const [firestore, pubsubEmulator] = await Promise.all([startFirestoreEmulator(), startPubSubEmulator()]);
    emulators = { firestore, pubsub: pubsubEmulator };
    process.env['METADATA_SERVER_DETECTION'] = 'none';
    process.env['FIRESTORE_EMULATOR_HOST'] = firestore.host;
    pubsub = openConfiguredPubSub(pubsubEmulator.host);
    publisher = createPubSubPublisher(pubsubEmulator.host);
    ledger = await openFirestoreLedger({ projectId: PROJECT, databaseId: '(default)' });
    const make = (path: string, body: object = {}) => makeResource(pubsubEmulator, path, body);
    for (const topic of ['gcr', 'work', 'gcr-dead-letter']) await make(topicName(topic));

    registry = await startLocalRegistry({
      directory: join(directory, 'registry'),
      now: () => registryNowMs,
      notify: async (notification) => {
        await publish('gcr', JSON.stringify(notification));
      },
    });
    await writeOciLayout(join(directory, 'layout'), {
      '1.0.0': imageWith('release'),
      'pr-7': imageWith('old pull request'),
      'pr-8': imageWith('young pull request'),
    });
    // As Terraform uploads them.
    const metadata = { 'git-revision': '4f2a91c' };
    storage = await startGoogleApis({
      estate: acmeEstate(Date.now()),
      now: Date.now(),
      objects: {
        'acme-warden': {
          'policies/services.yaml': { content: POLICY, metadata },
          'policies/broken.yaml': { content: BROKEN, metadata },
        },
      },
    });

    env = {
      // Nobody looks for a metadata server on this machine.
      METADATA_SERVER_DETECTION: 'none',
      FIRESTORE_EMULATOR_HOST: firestore.host,
      PUBSUB_EMULATOR_HOST: pubsubEmulator.host,
      GCR_WARDEN_LEDGER: `firestore:${PROJECT}/(default)`,
      STORAGE_EMULATOR_HOST: storage.url,
      GCR_WARDEN_POLICIES: 'gs://acme-warden/policies',
      GCR_WARDEN_TARGETS: `${registry.host}/acme`,
      GCR_WARDEN_WORK_TOPIC: topicName('work'),
      GCR_WARDEN_DEAD_LETTER_TOPIC: topicName('gcr-dead-letter'),
    };
    // Below the checkout, so that the bundle finds functions-framework, which Google's builder installs beside it.
    const out = join(ROOT, 'dist', `e2e-${process.pid}`);
    for (const name of ['record-image-event', 'dispatch', 'clean', 'report']) {
      await bundleFunction(name, join(ROOT, 'functions', `${name}.ts`), out, { frameworkVersion: '5.0.5' });
      functions.set(name, await startFunction(name, join(out, name), env));
    }
    const subscription = (topic: string, endpoint: string) =>
      make(`projects/${PROJECT}/subscriptions/${topic}-push`, {
        topic: topicName(topic),
        pushConfig: { pushEndpoint: endpoint },
        ackDeadlineSeconds: 60,
        deadLetterPolicy: { deadLetterTopic: topicName('gcr-dead-letter'), maxDeliveryAttempts: 5 },
      });
    await make(DEAD_LETTERS, { topic: topicName('gcr-dead-letter') });
    await subscription('gcr', urlOf('record-image-event'));
    await subscription('work', urlOf('clean'));
  }, 180_000);

  afterAll(async () => {
    await Promise.all([...functions.values()].map((one) => one.stop()));
    await ledger?.close();
    await registry?.close();
    await storage?.close();
    await Promise.all([emulators?.firestore.stop(), emulators?.pubsub.stop()]);
    await rm(join(ROOT, 'dist', `e2e-${process.pid}`), { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  });

  const publish = (topic: string, data: string) => publisher.publish(topicName(topic), data);
  const urlOf = (name: string): string => functions.get(name)?.url ?? '';
  const repository = (): string => `${registry.host}/acme/services/api`;
  const push = (tag: string): Promise<string> =>
    succeed('skopeo', [
      'copy',
      '--preserve-digests',
      '--dest-tls-verify=false',
      `oci:${directory}/layout:${tag}`,
      `docker://${repository()}:${tag}`,
    ]);
  const tags = async (): Promise<string[]> => {
    const listed = await succeed('skopeo', ['list-tags', '--tls-verify=false', `docker://${repository()}`]);
    return (JSON.parse(listed) as { Tags: string[] }).Tags.sort();
  };

  it('follows one image from push to record to plan to deletion to explain', async () => {
    const nowMs = Date.now();
    for (const [tag, daysAgo] of [
      ['1.0.0', 60],
      ['pr-7', 30],
      ['pr-8', 2],
    ] as const) {
      registryNowMs = nowMs - daysAgo * DAY_MS;
      await push(tag);
    }
    registryNowMs = Date.now();
    await until('the pushes are in the ledger', async () => {
      const told = (await ledger.historyFacts(repository())).filter((fact) => fact.source === 'told');
      return new Set(told.map((fact) => fact.tag)).size === 3;
    });

    const dispatched = await fetch(urlOf('dispatch'), { method: 'POST' });
    expect(await dispatched.json()).toMatchObject({ due: ['services'], repositories: [repository()] });
    await until('the pull request is gone', async () => !(await tags()).includes('pr-7'));
    await until('the run is finished', async () => {
      const [run] = await ledger.runs({ repository: repository(), limit: 1 });
      return run?.mode === 'apply' && run.finishedAtMs !== null;
    });
    expect(await tags()).toEqual(['1.0.0', 'pr-8']);

    const explained = await warden(['explain', `${repository()}:pr-7`], env);
    expect(explained.stderr).toBe('');
    expect(explained.stdout).toMatch(/told by the registry/);
    expect(explained.stdout).toMatch(
      /rule pull-requests of policy services \(services.yaml:9\): pr-7 matches glob pr-\*, uploaded 30 d/,
    );
    expect(explained.stdout).toMatch(/delete the manifest: deleted/);
    expect(explained.stdout).toMatch(/git revision 4f2a91c/);
    const page = await fetch(
      `${urlOf('report')}?image=${encodeURIComponent(`${repository()}@${imageWith('old pull request').digest}`)}`,
    );
    expect(page.status).toBe(200);
    expect((await page.text()).replaceAll(/<[^>]+>/g, '')).toContain('Delete the manifest: deleted');
    // The broken policy stopped itself and nothing else, and said where it is broken.
    expect(functions.get('dispatch')?.output()).toMatch(/broken\.yaml:5:\d+/);
  }, 120_000);

  it('sends what is no notification to the dead-letter topic, with its reason', async () => {
    await publish('gcr', '{"action":"INSERT"}');
    const message = await deadLetter(pubsub, 'EVENT_INVALID');
    expect(message.data).toBe('{"action":"INSERT"}');
    expect(message.attributes['code']).toBe('EVENT_INVALID');
    expect(message.attributes['reason']).toMatch(/names neither "digest" nor "tag"/);
  }, 120_000);

  it('refuses work for a repository outside the configured targets', async () => {
    const work = {
      version: 1,
      repository: `${registry.host}/elsewhere/app`,
      trigger: 'schedule',
      policies: ['services'],
      scheduledAtMs: 1,
    };
    await publish('work', JSON.stringify(work));
    const message = await deadLetter(pubsub, 'WORK_OUTSIDE_TARGETS');
    expect(message.attributes['code']).toBe('WORK_OUTSIDE_TARGETS');
  }, 120_000);
});

const WAIT_MS_MAX = 30_000;

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + WAIT_MS_MAX;
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`It did not come to this: ${what}.`);
    await pause(100);
  }
}

/** Makes a topic or a subscription in the emulator. */
async function makeResource({ host }: Emulator, path: string, body: object): Promise<void> {
  const reply = await fetch(`http://${host}/v1/${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
}

/** Takes messages from the dead-letter subscription until one has a code. */
async function deadLetter(pubsub: PubSubRest, code: string): Promise<PushMessage> {
  const subscriber = createPubSubSubscriber(pubsub, 0);
  let found: PushMessage | undefined;
  await until(`there is a dead letter with ${code}`, async () => {
    const waiting = await subscriber.pull(DEAD_LETTERS, 10);
    await subscriber.acknowledge(
      DEAD_LETTERS,
      waiting.map(({ ackId }) => ackId),
    );
    found = waiting.find(({ message }) => message.attributes['code'] === code)?.message;
    return found !== undefined;
  });
  if (found === undefined) throw new Error('It is there.');
  return found;
}
