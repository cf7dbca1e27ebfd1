import { describe, expect, it } from 'vitest';
import { parsePushMessage } from '../../shared/core/push-message.ts';

const TEXT = '{"action":"INSERT","digest":"…"}';
const MESSAGE = {
  data: Buffer.from(TEXT).toString('base64'),
  messageId: '136969346945',
  publishTime: '2026-01-30T11:22:33.456Z',
  attributes: { origin: 'registry' },
};
const SUBSCRIPTION = 'projects/acme/subscriptions/record-image-event';
const READ = {
  messageId: '136969346945',
  publishedAtMs: Date.UTC(2026, 0, 30, 11, 22, 33, 456),
  data: TEXT,
  attributes: { origin: 'registry' },
};
const { messageId: _id, publishTime: _time, ...REST } = MESSAGE;

describe('deliveries', () => {
  const DELIVERED = { ...READ, subscription: SUBSCRIPTION };
  const good = [
    ['a push subscription', { message: MESSAGE, subscription: SUBSCRIPTION }, DELIVERED],
    [
      'a push subscription with both spellings',
      { message: { ...MESSAGE, message_id: MESSAGE.messageId, publish_time: MESSAGE.publishTime } },
      READ,
    ],
    [
      'snake-case names alone',
      { message: { ...REST, message_id: MESSAGE.messageId, publish_time: MESSAGE.publishTime } },
      READ,
    ],
    [
      "a CloudEvent in binary mode: its data is the push subscription's body",
      { subscription: SUBSCRIPTION, deliveryAttempt: 2, message: MESSAGE },
      DELIVERED,
    ],
    [
      'a structured CloudEvent',
      {
        specversion: '1.0',
        id: '136969346945',
        type: 'google.cloud.pubsub.topic.v1.messagePublished',
        source: '//pubsub.googleapis.com/projects/acme/topics/gcr',
        data: { subscription: SUBSCRIPTION, message: MESSAGE },
      },
      DELIVERED,
    ],
    [
      'a subscription that is none, which it leaves out',
      { subscription: 'https://elsewhere.example/s', message: MESSAGE },
      READ,
    ],
    [
      'a time with nanoseconds',
      { message: { ...MESSAGE, publishTime: '2026-01-30T11:22:33.456789012Z' } },
      READ,
    ],
    [
      'a message without data and attributes',
      { message: { ...MESSAGE, data: undefined, attributes: undefined } },
      { ...READ, data: '', attributes: {} },
    ],
    ['attributes that are null', { message: { ...MESSAGE, attributes: null } }, { ...READ, attributes: {} }],
    [
      'attributes that are texts, and no others',
      { message: { ...MESSAGE, attributes: { origin: 'registry', n: 1, o: {} } } },
      READ,
    ],
    [
      'base64 of the URL alphabet without padding',
      { message: { ...MESSAGE, data: Buffer.from('{"é":">>>???"}').toString('base64url') } },
      { ...READ, data: '{"é":">>>???"}' },
    ],
  ] as const;

  it.each(good)('reads %s', (_row, body, expected) => {
    expect(parsePushMessage(body)).toEqual(expected);
  });

  const bad = [
    ['nothing', undefined],
    ['null', null],
    ['a text', 'message'],
    ['a list', [MESSAGE]],
    ['an object of nothing', {}],
    ['a message that is a list', { message: [MESSAGE] }],
    ['a CloudEvent without a message', { specversion: '1.0', data: { subscription: SUBSCRIPTION } }],
    ['no message id', { message: { ...MESSAGE, messageId: undefined } }],
    ['an empty message id', { message: { ...MESSAGE, messageId: '' } }],
    ['a message id that is a number', { message: { ...MESSAGE, messageId: 136969346945 } }],
    ['an endless message id', { message: { ...MESSAGE, messageId: '1'.repeat(257) } }],
    ['no publish time', { message: { ...MESSAGE, publishTime: undefined } }],
    ['a publish time that is none', { message: { ...MESSAGE, publishTime: 'yesterday' } }],
    ['a publish time that is a number', { message: { ...MESSAGE, publishTime: 1769772153 } }],
    ['data that is no text', { message: { ...MESSAGE, data: { action: 'INSERT' } } }],
    ['data that is no base64', { message: { ...MESSAGE, data: TEXT } }],
    ['base64 that is cut', { message: { ...MESSAGE, data: 'eyJhY' } }],
  ] as const;

  it.each(bad)('refuses %s', (_row, body) => {
    expect(() => parsePushMessage(body)).toThrow(expect.objectContaining({ code: 'PUSH_INVALID' }));
  });

  it('does not show data in what it throws', () => {
    const data = 'c2VjcmV0!!';
    expect(() => parsePushMessage({ message: { ...MESSAGE, data } })).toThrow(/^((?!c2VjcmV0).)*$/);
  });
});
