import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import {
  complaint,
  type Handler,
  json,
  patientTransport,
  startServer,
  type TestServer,
} from './test-server.ts';

const cleanup: (() => Promise<void>)[] = [];
let onCatalog: Handler;
let onList: Handler;
let server: TestServer;

beforeEach(async () => {
  onList = (_request, reply) => json(reply, 404, complaint('NAME_UNKNOWN'));
  server = await startServer((request, reply, raw) => {
    if (request.url === '/v2/') json(reply, 200, {});
    else if (request.url.startsWith('/v2/_catalog')) onCatalog(request, reply, raw);
    else onList(request, reply, raw);
  });
  cleanup.push(() => server.close());
});
afterEach(async () => {
  for (const done of cleanup.splice(0)) await done();
});

async function catalog(prefix = 'acme') {
  const transport = patientTransport({ attemptsMax: 2 });
  cleanup.push(() => transport.close());
  const reader = createRegistryReader({ transport, credentials: fixedCredentials({}), clock: () => 0 });
  const { completeness, repositories } = await reader.catalog({ host: server.host, prefix });
  return { completeness, names: repositories.map((name) => name.slice(server.host.length + 1)) };
}

const names = (...repositories: string[]) => ({ repositories });

describe('a catalog', () => {
  it('holds what lies at or below the target, and nothing that only begins like it', async () => {
    onCatalog = (_request, reply) =>
      json(reply, 200, names('acme', 'acme/b', 'acme/a/c', 'acme2/d', 'other/acme'));
    expect(await catalog()).toEqual({
      completeness: { kind: 'complete' },
      names: ['acme', 'acme/a/c', 'acme/b'],
    });
  });

  it('is read to its end', async () => {
    onCatalog = (request, reply) =>
      request.url.includes('last=')
        ? json(reply, 200, { ...names('acme/b'), next: '' })
        : json(reply, 200, names('acme/a'), { link: '</v2/_catalog?last=acme%2Fa&n=1>; rel="next"' });
    expect(await catalog()).toEqual({ completeness: { kind: 'complete' }, names: ['acme/a', 'acme/b'] });
  });

  it('of a target that is a repository holds it, whether or not the registry has a catalog', async () => {
    onCatalog = (_request, reply) => json(reply, 404, complaint('UNSUPPORTED'));
    onList = (_request, reply) => json(reply, 200, { name: 'acme/app', tags: ['v1'] });
    expect(await catalog('acme/app')).toMatchObject({
      completeness: { kind: 'incomplete' },
      names: ['acme/app'],
    });
  });

  it('of a target below which there is nothing is complete and empty', async () => {
    onCatalog = (_request, reply) => json(reply, 200, names('other/a'));
    expect(await catalog()).toEqual({ completeness: { kind: 'complete' }, names: [] });
  });

  it.each<[name: string, handler: Handler, reason: RegExp]>([
    ['is denied', (_request, reply) => json(reply, 403, complaint('DENIED', 'no')), /403 DENIED "no"/],
    ['is cut', (_request, reply) => json(reply, 200, '{"repositories":["acme/a"'), /cut short/],
    [
      'holds a list of another type',
      (_request, reply) => json(reply, 200, { repositories: 'acme/a' }),
      /not a list/,
    ],
    [
      'names what is no repository',
      (_request, reply) => json(reply, 200, { repositories: ['acme/a', '../x'] }),
      /no repository/,
    ],
    [
      'has exactly as many as were asked for',
      (_request, reply) =>
        json(reply, 200, names(...Array.from({ length: 1_000 }, (_, at) => `acme/r${at}`))),
      /exactly 1000 entries/,
    ],
    [
      'goes on at another place',
      (_request, reply) =>
        json(reply, 200, { ...names('acme/a'), next: 'https://evil.example/v2/_catalog?n=1' }),
      /at another place/,
    ],
  ])('that %s is incomplete', async (_name, handler, reason) => {
    onCatalog = handler;
    const { completeness } = await catalog();
    expect(completeness).toEqual({ kind: 'incomplete', reason: expect.stringMatching(reason) });
  });
});

describe('where the catalog is kept from us', () => {
  const entry = { tag: ['v1'], mediaType: '', imageSizeBytes: '1', timeUploadedMs: '1' };
  const image = { manifest: { [`sha256:${'a'.repeat(64)}`]: entry }, tags: ['v1'] };
  const tree: Record<string, unknown> = {
    acme: { child: ['a', 'b'], manifest: {}, tags: [] },
    'acme/a': { child: ['deep'], ...image },
    'acme/a/deep': { child: [], ...image },
    'acme/b': { child: [], manifest: {}, tags: [] },
  };
  function below(repositories: Record<string, unknown>): Handler {
    return (request, reply) => {
      const name = /^\/v2\/(.+)\/tags\/list/.exec(request.url)?.[1] ?? '';
      const body = repositories[name];
      if (body === undefined) json(reply, 404, complaint('NAME_UNKNOWN'));
      else if (typeof body === 'number') json(reply, body, complaint('DENIED'));
      else json(reply, 200, body);
    };
  }
  beforeEach(() => {
    onCatalog = (_request, reply) => json(reply, 403, complaint('DENIED', 'no'));
  });

  it('the children that repositories name are followed to the last', async () => {
    onList = below(tree);
    expect(await catalog()).toEqual({ completeness: { kind: 'complete' }, names: ['acme/a', 'acme/a/deep'] });
  });

  it.each<[name: string, change: Record<string, unknown>]>([
    ['names no children at all', { acme: { ...image } }],
    ['names none below the target', { acme: { ...image, child: [] } }],
    ['refuses one of the children', { 'acme/b': 403 }],
    ['names a child that can be none', { 'acme/b': { child: ['../x'], tags: [] } }],
    ['names children that are no texts', { 'acme/b': { child: [7], tags: [] } }],
    ['cuts the listing of a child', { 'acme/b': '{"child":[],"tags":["v1"' }],
  ])('a registry that %s has told no whole catalog', async (_name, change) => {
    onList = below({ ...tree, ...change });
    const { completeness } = await catalog();
    expect(completeness).toEqual({ kind: 'incomplete', reason: expect.stringContaining('403 DENIED "no"') });
  });

  it('a target that is no repository by itself, as a project is not, has nothing', async () => {
    onList = (_request, reply) => json(reply, 400, complaint('NAME_INVALID'));
    expect(await catalog()).toMatchObject({ completeness: { kind: 'incomplete' }, names: [] });
  });
});

describe('a catalog of several pages', () => {
  const last = (name: string) => ({
    link: `</v2/_catalog?last=${encodeURIComponent(name)}&n=1>; rel="next"`,
  });

  it('that stays different from its beginning is incomplete, and one that changed once is read once more', async () => {
    for (const [changes, kind] of [
      [1, 'complete'],
      [9, 'incomplete'],
    ] as const) {
      let reads = 0;
      onCatalog = (request, reply) => {
        if (request.url.includes('last=')) return json(reply, 200, names('acme/z'));
        reads += 1;
        json(reply, 200, names('acme/a', `acme/b${Math.min(reads, changes + 1)}`), last('acme/b'));
      };
      expect((await catalog()).completeness.kind).toBe(kind);
      expect(reads).toBe(4);
    }
  });
});
