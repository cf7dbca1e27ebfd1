import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRegistryDeleter } from '../../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import type { DeleteReply } from '../../../shared/ports.ts';
import {
  complaint,
  digestOf,
  type Handler,
  json,
  patientTransport,
  startServer,
  type TestServer,
} from './test-server.ts';

const DIGEST = digestOf('one');
const GOOGLE = { name: 'a/b', tags: [], manifest: {} };
const PLAIN = { name: 'a/b', tags: ['v1'] };

const cleanup: (() => Promise<void>)[] = [];
let onDelete: Handler;
let list: unknown;
let server: TestServer;

beforeEach(async () => {
  list = GOOGLE;
  server = await startServer((request, reply, raw) => {
    if (request.method === 'DELETE') onDelete(request, reply, raw);
    else json(reply, 200, request.url === '/v2/' ? {} : list);
  });
  cleanup.push(() => server.close());
});
afterEach(async () => {
  for (const done of cleanup.splice(0)) await done();
});

function deleter(clock: () => number = () => 0) {
  const transport = patientTransport({ clock, attemptsMax: 3 });
  cleanup.push(() => transport.close());
  return createRegistryDeleter({ transport, clock, credentials: fixedCredentials({}) });
}

const repository = () => ({ host: server.host, name: 'a/b' });
const deletes = () => server.seen.filter(({ method }) => method === 'DELETE');

describe('a delete by digest', () => {
  it.each<[name: string, status: number, body: unknown, expected: Partial<DeleteReply>]>([
    ['202', 202, '', { kind: 'deleted' }],
    ['200', 200, '', { kind: 'deleted' }],
    [
      '404 MANIFEST_UNKNOWN',
      404,
      complaint('MANIFEST_UNKNOWN', 'Failed to fetch "x"'),
      { kind: 'already gone' },
    ],
    ['404 NAME_UNKNOWN', 404, complaint('NAME_UNKNOWN'), { kind: 'already gone' }],
    [
      'a tag that points at it',
      400,
      complaint('GOOGLE_MANIFEST_DANGLING_TAG', 'Manifest is still referenced by tag: cdd65fd'),
      {
        kind: 'claimed',
        detail: 'GOOGLE_MANIFEST_DANGLING_TAG: Manifest is still referenced by tag: cdd65fd',
      },
    ],
    [
      'an index that points at it',
      400,
      complaint('GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE', 'Manifest sha256:A is referenced by image sha256:B'),
      { kind: 'claimed' },
    ],
    ['a referrer that holds it', 400, complaint('GOOGLE_MANIFEST_REFERRING_MANIFEST'), { kind: 'claimed' }],
    [
      'a claim of a kind not seen yet',
      400,
      complaint('GOOGLE_MANIFEST_NEW', 'Manifest is still referenced by something'),
      { kind: 'claimed' },
    ],
    [
      'a missing permission',
      403,
      complaint('DENIED', 'Permission "artifactregistry.repositories.deleteArtifacts" denied'),
      { kind: 'blocked', of: 'repository' },
    ],
    ['a missing credential', 401, complaint('UNAUTHORIZED'), { kind: 'blocked', of: 'repository' }],
    ['deletes switched off', 405, complaint('UNSUPPORTED'), { kind: 'blocked', of: 'repository' }],
    ['a failed precondition', 400, complaint('FAILED_PRECONDITION'), { kind: 'blocked' }],
    ['an immutable tag', 400, complaint('TAG_LOCKED', 'the tag is immutable'), { kind: 'blocked' }],
    ['too many requests', 429, complaint('TOOMANYREQUESTS'), { kind: 'failed', retryable: true }],
    ['a failing registry', 503, '', { kind: 'failed', retryable: true }],
    ['a malformed digest', 400, complaint('DIGEST_INVALID'), { kind: 'failed', retryable: false }],
    ['400 in a page of HTML', 400, '<html>', { kind: 'failed', retryable: false }],
    ['a redirect', 307, '', { kind: 'failed', retryable: false }],
  ])('is answered by a value: %s', async (_name, status, body, expected) => {
    onDelete = (_request, reply) => json(reply, status, body);
    expect(await deleter().deleteDigest(repository(), DIGEST)).toMatchObject(expected);
  });

  it.each([
    ['an immutable tag', 403, complaint('DENIED', 'Permission denied: the tag is immutable')],
    ['a digest that is kept for a reason not seen yet', 403, complaint('DENIED', 'it is locked')],
    ['a failed precondition', 400, complaint('FAILED_PRECONDITION')],
  ])('says of one digest alone that it is refused: %s', async (_name, status, body) => {
    onDelete = (_request, reply) => json(reply, status, body);
    const answer = await deleter().deleteDigest(repository(), DIGEST);
    expect(answer).toMatchObject({ kind: 'blocked' });
    expect(answer).not.toHaveProperty('of');
  });

  it('is sent again after a failure where the registry guards claimed digests', async () => {
    onDelete = (_request, reply) => {
      if (deletes().length < 2) reply.destroy();
      else json(reply, 202, '');
    };
    expect(await deleter().deleteDigest(repository(), DIGEST)).toEqual({ kind: 'deleted' });
    expect(deletes()).toHaveLength(2);
  });

  it('is not sent again on a plain registry once the look at its tags is stale', async () => {
    list = PLAIN;
    onDelete = (_request, reply) => json(reply, 503, '', { 'retry-after': '6' });
    const reply = await deleter().deleteDigest(repository(), DIGEST);
    expect(reply).toMatchObject({ kind: 'failed', retryable: true });
    expect(deletes()).toHaveLength(1);
  });

  it('is not sent at all on a plain registry where getting there took too long', async () => {
    list = PLAIN;
    onDelete = (_request, reply) => json(reply, 202, '');
    let nowMs = 0;
    const slow = deleter(() => {
      nowMs += 3_000;
      return nowMs;
    });
    expect(await slow.deleteDigest(repository(), DIGEST)).toMatchObject({ kind: 'failed', retryable: true });
    expect(deletes()).toEqual([]);
  });

  it('is never sent to the shared cache of Docker Hub, not even when it is named', async () => {
    const transport = patientTransport();
    cleanup.push(() => transport.close());
    const options = {
      transport,
      clock: () => 0,
      credentials: fixedCredentials({}),
      hosts: ['mirror.gcr.io'],
    };
    expect(
      await createRegistryDeleter(options).deleteDigest({ host: 'mirror.gcr.io', name: 'library/x' }, DIGEST),
    ).toMatchObject({ kind: 'blocked' });
  });
});

describe('a delete by tag', () => {
  it('removes the tag', async () => {
    onDelete = (_request, reply) => json(reply, 202, '');
    expect(await deleter().deleteTag(repository(), 'v1')).toEqual({ kind: 'deleted' });
    expect(deletes()).toMatchObject([{ url: '/v2/a/b/manifests/v1' }]);
  });

  it.each<[name: string, handler: Handler]>([
    ['a connection that broke', (_request, reply) => reply.destroy()],
    ['503', (_request, reply) => json(reply, 503, '')],
    ['429', (_request, reply) => json(reply, 429, '')],
  ])('is sent once, and may be tried again by who resolves the tag again: %s', async (_name, handler) => {
    onDelete = handler;
    expect(await deleter().deleteTag(repository(), 'v1')).toMatchObject({ kind: 'failed', retryable: true });
    expect(deletes()).toHaveLength(1);
  });

  it('is not sent to a plain registry, where it could delete the manifest', async () => {
    list = PLAIN;
    onDelete = (_request, reply) => json(reply, 202, '');
    expect(await deleter().deleteTag(repository(), 'v1')).toMatchObject({ kind: 'blocked' });
    expect(deletes()).toEqual([]);
  });

  it('is not sent where getting there took so long that the tag may have moved', async () => {
    onDelete = (_request, reply) => json(reply, 202, '');
    let nowMs = 0;
    const slow = deleter(() => nowMs);
    const reply = slow.deleteTag(repository(), 'v1');
    // Before any of its requests is answered.
    nowMs = 5_000;
    expect(await reply).toMatchObject({ kind: 'failed', retryable: true });
    expect(deletes()).toEqual([]);
  });

  it('of something that is no tag is not sent', async () => {
    onDelete = (_request, reply) => json(reply, 202, '');
    expect(await deleter().deleteTag(repository(), '../../c/manifests/v1')).toMatchObject({
      kind: 'failed',
      retryable: false,
    });
    expect(deletes()).toEqual([]);
  });
});

describe('the guard', () => {
  it.each<[name: string, list: unknown, expected: string]>([
    ["a registry with Google's map", GOOGLE, 'refuses claimed digests'],
    ['a plain registry', PLAIN, 'removes tags too'],
    ['a registry whose map is null', { ...PLAIN, manifest: null }, 'removes tags too'],
  ])('of %s is found by one request a host', async (_name, answer, expected) => {
    list = answer;
    const { guard } = deleter();
    expect(await guard(repository())).toBe(expected);
    expect(await guard({ host: server.host, name: 'a/c' })).toBe(expected);
    expect(server.seen.filter(({ url }) => url.includes('tags/list'))).toHaveLength(1);
  });

  it('of a Google host is known without a request', async () => {
    expect(await deleter().guard({ host: 'gcr.io', name: 'a/b' })).toBe('refuses claimed digests');
    expect(server.seen).toEqual([]);
  });

  it('that can not be found out is an error, and nothing is deleted', async () => {
    list = 'rubbish';
    onDelete = (_request, reply) => json(reply, 202, '');
    await expect(deleter().guard(repository())).rejects.toMatchObject({ code: 'REGISTRY_BODY_INVALID' });
    expect(await deleter().deleteDigest(repository(), DIGEST)).toMatchObject({ kind: 'failed' });
    expect(deletes()).toEqual([]);
  });
});
