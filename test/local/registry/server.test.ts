import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pushImage, startLocalRegistry } from '../../../local/registry/index.ts';
import { ask, fetchToken, imageOf, startRegistry, temporaryDirectory } from './stage.ts';

/** Sends a path exactly as it is written, which `fetch` would tidy up first. */
function askRaw(address: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    request({ host, port, path, headers }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('a hostile path', () => {
  const paths = [
    '/v2/../../etc/tags/list',
    '/v2/acme/../../../etc/manifests/passwd',
    '/v2/acme/..%2f..%2fetc/tags/list',
    '/v2/acme/api/blobs/..%2f..%2fsecret',
    '/v2/acme/api/blobs/sha256:..%2f..%2f..%2fsecret',
    '/v2/acme/api/manifests/..%2fsecret',
    '/v2/acme/api/blobs/uploads/..%2f..%2fsecret',
    '/v2/acme//api/tags/list',
    '/v2/acme/%00/tags/list',
    '/v2/acme/%E0%A4%A/tags/list',
    '/v2/ACME/api/tags/list',
    `/v2/acme/${'a'.repeat(300)}/tags/list`,
    '/v2/__proto__/constructor/tags/list',
    '/v2/acme/api/tags/list/more',
    '/etc/passwd',
    '/',
  ];
  it.each(paths)('%s finds nothing', async (path) => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'secret'), 'secret');
    const blobs = join(directory, 'blobs');
    await mkdir(blobs);
    const registry = await startRegistry({ directory: blobs });
    const token = await fetchToken(registry, 'repository:acme/api:pull,push');
    const status = await askRaw(registry.address, path, { Authorization: `Bearer ${token}` });
    expect([400, 404]).toContain(status);
    expect(await readdir(directory)).toEqual(['blobs', 'secret']);
  });

  it('that is too long is refused', async () => {
    const registry = await startRegistry();
    expect(await askRaw(registry.address, `/v2/_catalog?last=${'a'.repeat(5000)}`)).toBe(414);
  });

  it('comes with too many headers and is refused', async () => {
    const registry = await startRegistry();
    expect(await askRaw(registry.address, '/v2/', { 'X-Long': 'a'.repeat(20_000) })).toBe(431);
  });
});

describe('the server', () => {
  it.each(['evil.example', 'evil.example:5050', '127.0.0.1.evil.example'])(
    'refuses to be called %j',
    async (host) => {
      const registry = await startRegistry();
      expect(await askRaw(registry.address, '/v2/token', { Host: host })).toBe(400);
    },
  );

  it('counts requests by method and route', async () => {
    const registry = await startRegistry();
    await pushImage({ registry: registry.address, name: 'acme/api', tags: ['a', 'b'], ...imageOf('1') });
    expect(registry.requests).toEqual({
      'GET base': 1,
      'GET token': 1,
      'HEAD blobs': 2,
      'POST uploads': 2,
      'PUT uploads': 2,
      'PUT manifests': 2,
    });
  });

  it('waits as long as it is told', async () => {
    const registry = await startRegistry();
    registry.latencyMs = 60;
    const beganAtMs = performance.now();
    await fetch(`http://${registry.address}/v2/`);
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(55);
  });

  it('says which port is taken', async () => {
    const registry = await startRegistry();
    const port = Number(registry.address.split(':')[1]);
    const directory = await temporaryDirectory();
    await expect(startLocalRegistry({ port, directory })).rejects.toMatchObject({
      code: 'LOCAL_REGISTRY_UNAVAILABLE',
      message: expect.stringContaining(registry.address),
    });
    expect(await readdir(directory)).toEqual(['sha256']);
  });

  it('takes no write where only lists are', async () => {
    const registry = await startRegistry();
    expect((await ask(registry, 'DELETE', '/v2/_catalog')).status).toBe(405);
    expect((await ask(registry, 'POST', '/v2/acme/api/tags/list')).status).toBe(405);
  });
});

describe('a throttled registry', () => {
  it.each([
    [7, '7'],
    [null, null],
  ] as const)('answers every third request with 429, and Retry-After %s', async (seconds, header) => {
    const registry = await startRegistry({ dialect: { throttle: { every: 3, retryAfterSeconds: seconds } } });
    const replies = [];
    for (let number = 0; number < 6; number++) replies.push(await fetch(`http://${registry.address}/v2/`));
    expect(replies.map(({ status }) => status)).toEqual([401, 401, 429, 401, 401, 429]);
    expect(replies[2]?.headers.get('retry-after') ?? null).toBe(header);
    expect(await replies[2]?.json()).toEqual({
      errors: [{ code: 'TOOMANYREQUESTS', message: expect.stringContaining('Quota exceeded') }],
    });
  });
});

describe('a dialect', () => {
  it.each([
    { pageCap: 0 },
    { pageCap: 1.5 },
    { throttle: { every: 0, retryAfterSeconds: null } },
    { throttle: { every: 2, retryAfterSeconds: -1 } },
  ])('like %j is refused', async (dialect) => {
    const starting = startLocalRegistry({ directory: await temporaryDirectory(), dialect });
    await expect(starting).rejects.toMatchObject({ code: 'LOCAL_REGISTRY_DIALECT_INVALID' });
  });
});
