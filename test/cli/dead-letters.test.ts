import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { recordImageEventHandler } from '../../functions/handlers/record-image-event.ts';
import { serveFunction } from '../../local/function-server.ts';
import { acmeEstate, startGoogleApis } from '../../local/google-apis/index.ts';
import { createPullSubscription } from '../../local/pull-subscription.ts';
import { createPubSubPublisher } from '../../shared/adapters/messaging/pubsub-publisher.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import { openStage } from '../functions/stage.ts';
import { warden } from '../support/command.ts';
import { type Emulator, startPubSubEmulator } from '../support/emulators.ts';
import { describeWithPeers } from '../support/peer.ts';

const SUBSCRIPTION = 'projects/warden/subscriptions/dead-letters';
const TOPIC = 'projects/warden/topics/gcr';
const DEAD_TOPIC = 'projects/warden/topics/dead';

describeWithPeers(['gcloud', 'java'], 'gcr-warden events dead-letters, on the Pub/Sub emulator', () => {
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startPubSubEmulator();
  }, 120_000);
  afterAll(() => emulator.stop());

  async function put(path: string, body: object = {}): Promise<void> {
    const reply = await fetch(`http://${emulator.host}/v1/${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(reply.status).toBe(200);
  }

  it('shows what the handler sent away, puts it back, and has it there again without going round', async () => {
    const stage = await openStage();
    const publisher = createPubSubPublisher(emulator.host);
    const deliveries: string[] = [];
    const handler = recordImageEventHandler(
      stage.logger,
      async () => ({
        ledger: stage.ledger,
        markPush: createPushMarker(stage.ledger, Date.now),
        publisher,
        deadLetterTopic: DEAD_TOPIC,
      }),
      ({ kind }) => void deliveries.push(kind),
    );
    const served = await serveFunction('record-for-dead-letters', handler, 0);
    onTestFinished(() => served.close());
    await put(TOPIC);
    await put(DEAD_TOPIC);
    await put(SUBSCRIPTION, { topic: DEAD_TOPIC });
    await put('projects/warden/subscriptions/gcr-push', {
      topic: TOPIC,
      pushConfig: { pushEndpoint: served.url },
    });
    const env = { PUBSUB_EMULATOR_HOST: emulator.host };
    const ask = (...more: string[]) =>
      warden(['events', 'dead-letters', '--subscription', SUBSCRIPTION, '--json', ...more], env);

    await publisher.publish(TOPIC, '{"action":"INSERT","token":"ya29.a-token-of-somebody"}');
    await vi.waitFor(() => expect(deliveries).toEqual(['dead letter']), { timeout: 30_000 });
    const shown = JSON.parse((await ask()).stdout);
    expect(shown.letters).toMatchObject([
      {
        code: 'EVENT_INVALID',
        reason: expect.stringContaining('neither'),
        subscription: 'projects/warden/subscriptions/gcr-push',
        replays: 0,
        excerpt: '{"action":"INSERT","token":"[secret]"}',
        done: { kind: 'left' },
      },
    ]);
    const replayed = await ask('--replay');
    expect(JSON.parse(replayed.stdout).letters).toMatchObject([{ done: { kind: 'put back', topic: TOPIC } }]);
    expect(replayed.exitCode).toBe(0);
    await vi.waitFor(() => expect(deliveries).toEqual(['dead letter', 'dead letter']), { timeout: 30_000 });
    const again = JSON.parse((await ask()).stdout);
    expect(again.letters).toMatchObject([{ code: 'EVENT_INVALID', replays: 1, done: { kind: 'left' } }]);
    expect(deliveries).toHaveLength(2);
  }, 120_000);
});

describe('gcr-warden events dead-letters', () => {
  it('reads the stand-in of npm start, as a text, and says what can’t be put back', async () => {
    const pulled = createPullSubscription();
    pulled.add({
      data: Buffer.from('no event\u001b[31m').toString('base64'),
      attributes: { reason: 'The data is no JSON.', code: 'EVENT_INVALID' },
      messageId: '4711',
      publishTime: new Date().toISOString(),
    });
    const google = await startGoogleApis({
      estate: acmeEstate(Date.now()),
      now: Date.now(),
      topics: {
        publish: () => {},
        topicOf: { [SUBSCRIPTION]: DEAD_TOPIC },
        pulled: { [SUBSCRIPTION]: pulled },
      },
    });
    onTestFinished(() => google.close());
    const ask = (...more: string[]) =>
      warden(
        ['events', 'dead-letters', '--subscription', SUBSCRIPTION, '--google-endpoint', google.url, ...more],
        {},
      );
    const shown = await ask();
    expect([shown.exitCode, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout).toMatch(
      /4711 .*EVENT_INVALID .*left .*The data is no JSON\. — no event\\u001b\[31m/,
    );
    expect(shown.stdout).toContain('1 dead letters: 1 left.');
    const replayed = await ask('--replay');
    expect(replayed.exitCode).toBe(1);
    expect(replayed.stdout).toContain('not put back: it does not say which subscription it came from');
  }, 120_000);

  it.each([
    [['--subscription', 'dead-letters'], 'SUBSCRIPTION_UNREADABLE', 1],
    [['--subscription', SUBSCRIPTION, '--max', '0'], 'OPTION_INVALID', 2],
    [
      ['--subscription', SUBSCRIPTION, '--google-endpoint', 'http://example.com'],
      'GOOGLE_ENDPOINT_REFUSED',
      2,
    ],
  ])(
    'refuses %j',
    async (args, code, exit) => {
      const refused = await warden(['events', 'dead-letters', ...args], {});
      expect([refused.exitCode, refused.stderr]).toEqual([exit, expect.stringContaining(code)]);
    },
    30_000,
  );
});
