import { describe, expect, it } from 'vitest';
import { parseImageEvent } from '../../shared/core/image-event.ts';
import type { PushMessage } from '../../shared/core/push-message.ts';
import { digestOf, NOW_MS, REPOSITORY } from './estate.ts';

const DIGEST = digestOf('api');

function message(body: unknown): PushMessage {
  const data = typeof body === 'string' ? body : JSON.stringify(body);
  return { messageId: 'm-1', publishedAtMs: NOW_MS, data, attributes: {} };
}

describe('registry notifications', () => {
  const good = [
    ['a push by digest', { action: 'INSERT', digest: `${REPOSITORY}@${DIGEST}` }, 'INSERT', DIGEST, null],
    [
      'a push by tag',
      { action: 'INSERT', digest: `${REPOSITORY}@${DIGEST}`, tag: `${REPOSITORY}:1.1` },
      'INSERT',
      DIGEST,
      '1.1',
    ],
    ['a tag removed', { action: 'DELETE', tag: `${REPOSITORY}:1.1` }, 'DELETE', null, '1.1'],
    ['a digest deleted', { action: 'DELETE', digest: `${REPOSITORY}@${DIGEST}` }, 'DELETE', DIGEST, null],
    [
      'a tag removed, with the digest it was on',
      { action: 'DELETE', digest: `${REPOSITORY}@${DIGEST}`, tag: `${REPOSITORY}:1.1` },
      'DELETE',
      DIGEST,
      '1.1',
    ],
    [
      'fields that nobody knows yet',
      { action: 'DELETE', tag: `${REPOSITORY}:1.1`, actor: 'x' },
      'DELETE',
      null,
      '1.1',
    ],
  ] as const;

  it.each(good)('reads %s', (_row, body, action, digest, tag) => {
    expect(parseImageEvent(message(body))).toEqual({
      version: 1,
      messageId: 'm-1',
      publishedAtMs: NOW_MS,
      action,
      repository: REPOSITORY,
      digest,
      tag,
    });
  });

  it('reads the repository of a domain-scoped project', () => {
    const event = parseImageEvent(message({ action: 'DELETE', tag: 'gcr.io/example.com/playground/api:x' }));
    expect(event.repository).toBe('gcr.io/example.com/playground/api');
  });

  const bad = [
    ['nothing', '', 'its data is not JSON'],
    ['what is not JSON', 'INSERT', 'its data is not JSON'],
    ['a list', '[]', 'its data is not an object'],
    ['null', 'null', 'its data is not an object'],
    ['no action', { digest: `${REPOSITORY}@${DIGEST}` }, '"action" is neither'],
    ['another action', { action: 'insert', digest: `${REPOSITORY}@${DIGEST}` }, '"action" is neither'],
    ['neither digest nor tag', { action: 'INSERT' }, 'it names neither'],
    ['a digest that is no text', { action: 'INSERT', digest: 7 }, '"digest" is not a text'],
    ['a digest that is null', { action: 'INSERT', digest: null }, '"digest" is not a text'],
    ['a digest alone', { action: 'INSERT', digest: DIGEST }, '"digest" is not an image reference'],
    ['a digest field with a tag', { action: 'INSERT', digest: `${REPOSITORY}:1.1` }, '"digest" holds no'],
    ['a tag field with a digest', { action: 'INSERT', tag: `${REPOSITORY}@${DIGEST}` }, '"tag" holds no tag'],
    ['a tag alone', { action: 'DELETE', tag: '1.1' }, '"tag" is not an image reference'],
    [
      'two repositories',
      { action: 'INSERT', digest: `${REPOSITORY}@${DIGEST}`, tag: 'gcr.io/acme/other:1.1' },
      'name different repositories',
    ],
    ['a path that climbs', { action: 'DELETE', tag: 'gcr.io/../secrets:1' }, '"tag" is not an image'],
  ] as const;

  it.each(bad)('refuses %s with the message id', (_row, body, why) => {
    expect(() => parseImageEvent(message(body))).toThrow(
      expect.objectContaining({
        code: 'EVENT_INVALID',
        message: expect.stringMatching(
          new RegExp(`^Message m-1 is no registry notification: .*${why.replace('.', '\\.')}`),
        ),
      }),
    );
  });
});
