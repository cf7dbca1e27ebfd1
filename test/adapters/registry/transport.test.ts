import { afterEach, describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../shared/adapters/registry/transport.ts';
import { type Handler, json, patientTransport, startServer, type TestServer } from './test-server.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const done of cleanup.splice(0)) await done();
});

async function served(handler: Handler): Promise<TestServer> {
  const server = await startServer(handler);
  cleanup.push(() => server.close());
  return server;
}

function transport(options: Parameters<typeof patientTransport>[0] = {}) {
  const opened = patientTransport(options);
  cleanup.push(() => opened.close());
  return opened;
}

function get(server: TestServer, overrides: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    url: new URL(`http://${server.host}/v2/a/b`),
    headers: {},
    bodyLimitBytes: 1_000,
    redirects: 'refuse',
    ...overrides,
  };
}

describe('a request', () => {
  it.each([429, 500, 502, 503, 504])('is sent again after %i', async (status) => {
    const server = await served((_request, reply) => json(reply, server.seen.length < 3 ? status : 200, {}));
    expect((await transport().send(get(server))).status).toBe(200);
    expect(server.seen).toHaveLength(3);
  });

  it('is sent again after a connection that broke', async () => {
    const server = await served((_request, reply) => {
      if (server.seen.length < 3) reply.destroy();
      else json(reply, 200, {});
    });
    expect((await transport().send(get(server))).status).toBe(200);
  });

  it('is not sent again after 400', async () => {
    const server = await served((_request, reply) => json(reply, 400, {}));
    expect((await transport().send(get(server))).status).toBe(400);
    expect(server.seen).toHaveLength(1);
  });

  it('is given up after its attempts, with the last reply', async () => {
    const server = await served((_request, reply) => json(reply, 503, {}));
    expect((await transport({ attemptsMax: 4 }).send(get(server))).status).toBe(503);
    expect(server.seen).toHaveLength(4);
  });

  it('that may be sent once is sent once', async () => {
    const server = await served((_request, reply) => reply.destroy());
    await expect(transport().send(get(server, { method: 'DELETE', attemptsMax: 1 }))).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      retryable: true,
    });
    expect(server.seen).toHaveLength(1);
  });

  it('waits longer and longer, with jitter, and past a minute in all for a quota', async () => {
    const server = await served((_request, reply) => json(reply, 503, {}));
    const slow = transport({ random: () => 1 });
    await slow.send(get(server));
    expect(slow.delaysMs).toEqual([500, 1_000, 2_000, 4_000, 8_000]);

    const limited = await served((_request, reply) => json(reply, 429, {}));
    const slower = transport({ random: () => 1 });
    await slower.send(get(limited));
    expect(slower.delaysMs).toEqual([4_000, 8_000, 16_000, 32_000, 60_000]);
  });

  it.each<[name: string, retryAfter: string, expectedMs: number[]]>([
    ['in seconds', '7', [7_250]],
    ['as a date', new Date(1_000_000_000_000 + 9_000).toUTCString(), [9_250]],
    ['as a date that is past', new Date(999_999_000_000).toUTCString(), [250]],
    ['unreadable', 'soon', [2_000]],
    ['longer than we wait', '3600', []],
  ])('waits as Retry-After says: %s', async (_name, retryAfter, expectedMs) => {
    const server = await served((_request, reply) =>
      json(reply, server.seen.length < 2 ? 429 : 200, {}, { 'retry-after': retryAfter }),
    );
    const polite = transport({ clock: () => 1_000_000_000_000 });
    await polite.send(get(server));
    expect(polite.delaysMs).toEqual(expectedMs);
  });

  it('is not begun after the time at which it would be stale', async () => {
    const server = await served((_request, reply) => json(reply, 200, {}));
    const late = transport({ clock: () => 5_000 });
    await expect(late.send(get(server, { startBeforeMs: 5_000 }))).rejects.toMatchObject({
      code: 'REGISTRY_TOO_LATE',
      retryable: true,
    });
    expect(server.seen).toHaveLength(0);
  });

  it('is not waited for past the time at which it would be stale', async () => {
    const server = await served((_request, reply) => json(reply, 503, {}));
    const reply = await transport({ clock: () => 0 }).send(get(server, { startBeforeMs: 700 }));
    expect(reply.status).toBe(503);
    // The second wait would have been 500 ms, the third 1,000 ms.
    expect(server.seen.length).toBeLessThan(4);
  });

  it('is refused where the body is longer than allowed', async () => {
    const server = await served((_request, reply) => json(reply, 200, 'x'.repeat(1_001)));
    await expect(transport().send(get(server))).rejects.toMatchObject({ code: 'REGISTRY_BODY_TOO_LARGE' });
    expect(server.seen).toHaveLength(1);
  });

  it('is refused where the body is compressed unasked', async () => {
    const server = await served((_request, reply) => json(reply, 200, 'x', { 'content-encoding': 'gzip' }));
    await expect(transport().send(get(server))).rejects.toMatchObject({ code: 'REGISTRY_BODY_INVALID' });
  });

  it.each<[name: string, handler: Handler]>([
    ['that never begins', () => {}],
    [
      'that drips',
      (_request, reply) => {
        reply.writeHead(200);
        const drip = setInterval(() => reply.write('.'), 20);
        reply.on('close', () => clearInterval(drip));
      },
    ],
  ])('ends at its deadline with a reply %s', async (_name, handler) => {
    const server = await served(handler);
    const impatient = transport({ attemptDeadlineMs: 150, attemptsMax: 2 });
    await expect(impatient.send(get(server))).rejects.toMatchObject({
      code: 'REGISTRY_DEADLINE',
      retryable: true,
    });
    expect(server.seen).toHaveLength(2);
  });

  it('is an error where the reply ends before its announced length', async () => {
    const server = await served((_request, reply) => {
      reply.writeHead(200, { 'content-length': '100' });
      reply.write('{"tags":[', () => reply.destroy());
    });
    await expect(transport({ attemptsMax: 2 }).send(get(server))).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    });
  });

  it('is an error where the reply is not HTTP', async () => {
    const server = await served((_request, reply) => reply.socket?.end('secret rubbish\r\n\r\n'));
    const failure = await transport({ attemptsMax: 1 })
      .send(get(server))
      .catch((thrown: unknown) => thrown as Error);
    expect(failure).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    expect(JSON.stringify(failure) + String(failure)).not.toContain('secret');
  });

  it('is one of so many at once to a host', async () => {
    let underWay = 0;
    let most = 0;
    const server = await served((_request, reply) => {
      underWay += 1;
      most = Math.max(most, underWay);
      setTimeout(() => {
        underWay -= 1;
        json(reply, 200, {});
      }, 10);
    });
    const narrow = transport({ concurrency: { global: 10, perHost: 3 } });
    await Promise.all(Array.from({ length: 12 }, () => narrow.send(get(server))));
    expect(most).toBe(3);
  });
});

describe('a redirect', () => {
  const authorized = { authorization: 'Bearer the-token' };

  it('is not followed where it was not asked for', async () => {
    const server = await served((_request, reply) => json(reply, 307, {}, { location: '/elsewhere' }));
    expect((await transport().send(get(server, { headers: authorized }))).status).toBe(307);
    expect(server.seen).toHaveLength(1);
  });

  it('is never followed for a delete', async () => {
    const server = await served((_request, reply) => json(reply, 307, {}, { location: '/elsewhere' }));
    const reply = await transport().send(get(server, { method: 'DELETE', redirects: 'follow' }));
    expect(reply.status).toBe(307);
  });

  it('to another origin is followed without the authorization', async () => {
    const other = await served((_request, reply) => json(reply, 200, {}));
    const server = await served((_request, reply) =>
      json(reply, 307, {}, { location: `http://${other.host}/blob` }),
    );
    await transport().send(get(server, { redirects: 'follow', headers: authorized }));
    expect(server.seen[0]?.authorization).toBe('Bearer the-token');
    expect(other.seen).toMatchObject([{ url: '/blob', authorization: null }]);
  });

  it('within the origin keeps the authorization', async () => {
    const server = await served((request, reply) =>
      request.url === '/blob' ? json(reply, 200, {}) : json(reply, 307, {}, { location: '/blob' }),
    );
    await transport().send(get(server, { redirects: 'follow', headers: authorized }));
    expect(server.seen[1]).toMatchObject({ url: '/blob', authorization: 'Bearer the-token' });
  });

  it.each<[name: string, location: string]>([
    ['in a circle', '/v2/a/b'],
    ['to plain HTTP on the network', 'http://registry.example.com/blob'],
    ['with a user in it', 'https://me:pw@registry.example.com/blob'],
    ['to a file', 'file:///etc/passwd'],
    ['to no URL', 'http://[nonsense'],
  ])('is refused: %s', async (_name, location) => {
    const server = await served((_request, reply) => json(reply, 307, {}, { location }));
    await expect(transport().send(get(server, { redirects: 'follow' }))).rejects.toMatchObject({
      code: 'REGISTRY_REDIRECT_REFUSED',
      retryable: false,
    });
    expect(server.seen.length).toBeLessThanOrEqual(6);
  });
});
