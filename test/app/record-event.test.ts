import { describe, expect, it } from 'vitest';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import { recordImageEvent } from '../../shared/app/record-event.ts';
import { deriveHistory } from '../../shared/core/history.ts';
import type { PushMessage } from '../../shared/core/push-message.ts';
import { digestOf, REPOSITORY } from '../core/estate.ts';
import { NOW_MS, type Stage, setStage } from './stage.ts';

function message(id: string, body: unknown, atMs = NOW_MS): PushMessage {
  const data = typeof body === 'string' ? body : JSON.stringify(body);
  return { messageId: id, publishedAtMs: atMs, data, attributes: {} };
}

const PUSH = { action: 'INSERT', digest: `${REPOSITORY}@${digestOf('api')}`, tag: `${REPOSITORY}:v1` };

function ports(stage: Stage) {
  const { ledger, publisher } = stage;
  return {
    ledger,
    markPush: createPushMarker(ledger, stage.ports.clock),
    publisher,
    deadLetterTopic: 'projects/acme/topics/dead',
    logger: stage.ports.logger,
  };
}

describe('recording events', () => {
  it('writes a push down', async () => {
    const stage = await setStage();
    const recorded = await recordImageEvent(ports(stage), message('1', PUSH));
    expect(recorded).toMatchObject({ kind: 'recorded', event: { messageId: '1', tag: 'v1' } });
    expect(await stage.ledger.historyFacts(REPOSITORY)).toEqual([
      { atMs: NOW_MS, source: 'told', action: 'INSERT', digest: digestOf('api'), tag: 'v1' },
    ]);
  });

  it('writes what is delivered twice once', async () => {
    const stage = await setStage();
    const both = await Promise.all([1, 2].map(() => recordImageEvent(ports(stage), message('1', PUSH))));
    expect(both.map(({ kind }) => kind).sort()).toEqual(['duplicate', 'recorded']);
    expect(await stage.ledger.recentEvents(10)).toHaveLength(1);
  });

  it('remembers the same in whatever order messages come', async () => {
    const events = [
      message('1', PUSH, NOW_MS - 3),
      message('2', { action: 'DELETE', tag: `${REPOSITORY}:v1` }, NOW_MS - 2),
      message(
        '3',
        { action: 'INSERT', digest: `${REPOSITORY}@${digestOf('web')}`, tag: `${REPOSITORY}:v1` },
        NOW_MS - 1,
      ),
    ];
    const histories: unknown[] = [];
    for (const order of [events, [...events].reverse()]) {
      const stage = await setStage();
      for (const one of order) await recordImageEvent(ports(stage), one);
      histories.push(deriveHistory(REPOSITORY, await stage.ledger.historyFacts(REPOSITORY)));
    }
    expect(histories[1]).toEqual(histories[0]);
  });

  const bad: readonly [string, string][] = [
    ['what is not JSON', 'hello'],
    ['another action', JSON.stringify({ ...PUSH, action: 'UPDATE' })],
    ['a digest that is none', JSON.stringify({ ...PUSH, digest: `${REPOSITORY}@sha256:1` })],
    ['two repositories', JSON.stringify({ ...PUSH, tag: 'gcr.io/acme/other:v1' })],
  ];
  it.each(bad)('sends %s to the dead-letter topic as it came, with the reason', async (_row, data) => {
    const stage = await setStage();
    const recorded = await recordImageEvent(ports(stage), message('7', data));
    expect(recorded.kind).toBe('dead letter');
    expect(stage.published).toEqual([
      {
        topic: 'projects/acme/topics/dead',
        data,
        attributes: {
          code: 'EVENT_INVALID',
          messageId: '7',
          publishTime: new Date(NOW_MS).toISOString(),
          reason: expect.stringMatching(/^Message 7 is no registry notification: /),
        },
      },
    ]);
    expect(await stage.ledger.recentEvents(10)).toEqual([]);
  });

  it('throws where it could not be written, so that it is delivered again, and is then written once', async () => {
    const stage = await setStage();
    const down = async (): Promise<never> => {
      throw new Error('the disk is full');
    };
    const failing = { ...ports(stage), ledger: { ...stage.ledger, recordEvent: down } };
    await expect(recordImageEvent(failing, message('1', PUSH))).rejects.toThrow('the disk is full');
    expect(stage.published).toEqual([]);
    expect((await recordImageEvent(ports(stage), message('1', PUSH))).kind).toBe('recorded');
  });

  it('throws where the dead-letter topic could not take it, so that nothing is lost', async () => {
    const stage = await setStage();
    const publish = async (): Promise<never> => {
      throw new Error('503');
    };
    await expect(
      recordImageEvent({ ...ports(stage), publisher: { publish } }, message('1', 'hello')),
    ).rejects.toThrow('503');
  });
});
