import { describe, expect, it, onTestFinished } from 'vitest';
import { recordImageEventHandler } from '../../functions/handlers/record-image-event.ts';
import { serveFunction } from '../../local/function-server.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import type { Publisher } from '../../shared/ports.ts';
import { DEAD_LETTERS, openStage, post, pushBody, type Stage } from './stage.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
const NOTIFICATION = JSON.stringify({
  action: 'INSERT',
  digest: `${REPOSITORY}@${DIGEST}`,
  tag: `${REPOSITORY}:1.2.3`,
});

async function serve(stage: Stage, publisher: Publisher = stage.topics): Promise<string> {
  const served = await serveFunction(
    'record-image-event',
    recordImageEventHandler(stage.logger, async () => ({
      ledger: stage.ledger,
      markPush: createPushMarker(stage.ledger, Date.now),
      publisher,
      deadLetterTopic: DEAD_LETTERS,
    })),
    0,
  );
  onTestFinished(() => served.close());
  return served.url;
}

const cloudEvent = {
  specversion: '1.0',
  id: '1001',
  source: '//pubsub.googleapis.com/projects/acme/topics/gcr',
  type: 'google.cloud.pubsub.topic.v1.messagePublished',
  time: '2026-03-01T10:00:00.123Z',
};

describe('record-image-event', () => {
  const deliveries: readonly {
    readonly form: string;
    readonly body: unknown;
    readonly headers: Record<string, string>;
  }[] = [
    { form: "a push subscription's body", body: pushBody(NOTIFICATION), headers: {} },
    {
      form: 'a CloudEvent in binary mode',
      body: pushBody(NOTIFICATION),
      headers: Object.fromEntries(Object.entries(cloudEvent).map(([name, value]) => [`ce-${name}`, value])),
    },
    {
      form: 'a structured CloudEvent',
      body: { ...cloudEvent, datacontenttype: 'application/json', data: pushBody(NOTIFICATION) },
      headers: { 'content-type': 'application/cloudevents+json' },
    },
  ];
  it.each(deliveries)('records the same event from $form', async ({ body, headers }) => {
    const stage = await openStage();
    expect(await post(await serve(stage), body, headers)).toBe(204);
    expect(await stage.ledger.recentEvents(10)).toEqual([
      {
        version: 1,
        messageId: '1001',
        publishedAtMs: Date.parse('2026-03-01T10:00:00.123Z'),
        action: 'INSERT',
        repository: REPOSITORY,
        digest: DIGEST,
        tag: '1.2.3',
      },
    ]);
  });

  it('records a message once that is delivered 32 times at once', async () => {
    const stage = await openStage();
    const url = await serve(stage);
    const statuses = await Promise.all(Array.from({ length: 32 }, () => post(url, pushBody(NOTIFICATION))));
    expect(new Set(statuses)).toEqual(new Set([204]));
    expect(await stage.ledger.recentEvents(100)).toHaveLength(1);
  });

  it('sends what is no notification to the dead-letter topic and acknowledges it', async () => {
    const stage = await openStage();
    const url = await serve(stage);
    const data = '{"action":"INSERT","digest":"not an image"}';
    expect(await post(url, pushBody(data, '77'))).toBe(204);
    await stage.topics.idle();
    expect(stage.deadLetters).toEqual([
      {
        data,
        attributes: expect.objectContaining({
          code: 'EVENT_INVALID',
          messageId: '77',
          reason: expect.stringContaining('"digest"'),
        }),
      },
    ]);
    expect(await stage.ledger.recentEvents(10)).toEqual([]);
  });

  it('asks for the message again while the dead-letter topic takes nothing', async () => {
    const stage = await openStage();
    const refusing: Publisher = {
      publish: async () => {
        throw new Error('no such topic');
      },
    };
    expect(await post(await serve(stage, refusing), pushBody('{}'))).toBe(500);
  });

  it('asks for the message again while the ledger takes nothing, and shows nothing of why', async () => {
    const stage = await openStage();
    const url = await serve(stage);
    await stage.ledger.close();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(pushBody(NOTIFICATION)),
    });
    expect(response.status).toBe(500);
    expect(Object.keys((await response.json()) as object)).toEqual(['code', 'messageId']);
  });

  const strangers: readonly { readonly what: string; readonly body: string }[] = [
    { what: 'no JSON', body: '{"message":' },
    { what: 'JSON without a message', body: '{"hello":"world"}' },
    { what: 'a list', body: '[]' },
    {
      what: 'a message without an id',
      body: '{"message":{"data":"e30=","publishTime":"2026-03-01T10:00:00Z"}}',
    },
    { what: 'a message without a time', body: '{"message":{"data":"e30=","messageId":"1"}}' },
  ];
  it.each(strangers)('answers 400 to $what and goes on serving', async ({ body }) => {
    const stage = await openStage();
    const url = await serve(stage);
    expect(await post(url, body)).toBe(400);
    expect(await post(url, pushBody(NOTIFICATION))).toBe(204);
  });
});
