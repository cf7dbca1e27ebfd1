import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
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

  it('waits longer and longer, with jitter', async () => {
    const server = await served((_request, reply) => json(reply, 503, {}));
    const slow = transport({ random: () => 1 });
    await slow.send(get(server));
    expect(slow.delaysMs).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
  });

  it.each<[name: string, retryAfter: string, expectedMs: number[]]>([
    ['in seconds', '7', [7_250]],
    ['as a date', new Date(1_000_000_000_000 + 9_000).toUTCString(), [9_250]],
    ['as a date that is past', new Date(999_999_000_000).toUTCString(), [250]],
    ['as now', '0', [250]],
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

  it.each<[name: string, encoding: string, body: Buffer]>([
    ['unpacked where it is gzip', 'gzip', gzipSync('hello')],
    ['unpacked where it is gzip under its old name', 'X-GZIP', gzipSync('hello')],
    ['taken as it is where it is not packed', 'identity', Buffer.from('hello')],
  ])('has its reply %s', async (_name, encoding, body) => {
    const server = await served((_request, reply, raw) => {
      expect(raw.headers['accept-encoding']).toBe('gzip');
      reply.writeHead(200, { 'content-encoding': encoding }).end(body);
    });
    expect((await transport().send(get(server))).body.toString()).toBe('hello');
  });

  it('may be answered with an encoding and no body', async () => {
    const server = await served((_request, reply) =>
      reply.writeHead(202, { 'content-encoding': 'gzip' }).end(),
    );
    expect(await transport().send(get(server))).toMatchObject({ status: 202, body: Buffer.alloc(0) });
  });

  it.each<[name: string, encoding: string, body: Buffer, code: string]>([
    ['that was not asked for', 'br', brotliCompressSync('hello'), 'REGISTRY_BODY_INVALID'],
    ['that is packed twice', 'gzip, gzip', gzipSync(gzipSync('hello')), 'REGISTRY_BODY_INVALID'],
    ['that is not what it says', 'gzip', Buffer.from('hello'), 'REGISTRY_BODY_INVALID'],
    ['that is cut', 'gzip', gzipSync('hello'.repeat(100)).subarray(0, 20), 'REGISTRY_BODY_INVALID'],
    [
      'that unpacks to a thousand times its size',
      'gzip',
      gzipSync(Buffer.alloc(50_000_000)),
      'REGISTRY_BODY_TOO_LARGE',
    ],
  ])('is refused where the reply has an encoding %s', async (_name, encoding, body, code) => {
    const server = await served((_request, reply) =>
      reply.writeHead(200, { 'content-encoding': encoding }).end(body),
    );
    await expect(transport().send(get(server))).rejects.toMatchObject({ code });
    expect(server.seen).toHaveLength(1);
  });

  it('is an error of the connection where a packed reply breaks off', async () => {
    const packed = gzipSync('hello'.repeat(100));
    const server = await served((_request, reply) => {
      reply.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length });
      reply.write(packed.subarray(0, 20), () => reply.destroy());
    });
    await expect(transport({ attemptsMax: 2 }).send(get(server))).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      retryable: true,
    });
  });

  it('is refused where the headers are longer than allowed', async () => {
    const server = await served((_request, reply) => json(reply, 200, {}, { padding: 'x'.repeat(40_000) }));
    await expect(transport().send(get(server))).rejects.toMatchObject({
      code: 'REGISTRY_HEADERS_TOO_LARGE',
      retryable: false,
    });
    expect(server.seen).toHaveLength(1);
  });

  it('names its sender', async () => {
    const agents: (string | undefined)[] = [];
    const server = await served((_request, reply, raw) => {
      agents.push(raw.headers['user-agent']);
      json(reply, 200, {});
    });
    await transport({ userAgent: 'gcr-warden/1.2.3' }).send(get(server));
    expect(agents).toEqual(['gcr-warden/1.2.3']);
  });

  it('goes over a connection of those before', async () => {
    const sockets = new Set<unknown>();
    const server = await served((_request, reply, raw) => {
      sockets.add(raw.socket);
      json(reply, 200, {});
    });
    const kept = transport();
    for (let count = 0; count < 10; count += 1) await kept.send(get(server));
    // The next one may begin before the connection of the last is seen to be free.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('is not begun after the end of its run', async () => {
    const server = await served((_request, reply) => json(reply, 200, {}));
    const late = transport({ clock: () => 5_000 });
    await expect(late.send(get(server, { endByMs: 5_000 }))).rejects.toMatchObject({
      code: 'REGISTRY_DEADLINE',
      retryable: true,
    });
    expect(server.seen).toHaveLength(0);
  });

  it('is cut off at the end of its run, and not sent again', async () => {
    const server = await served(() => {});
    await expect(transport().send(get(server, { endByMs: Date.now() + 100 }))).rejects.toMatchObject({
      code: 'REGISTRY_DEADLINE',
      message: expect.stringContaining('the time of this run'),
    });
    expect(server.seen).toHaveLength(1);
  });

  it('is not waited for past the end of its run', async () => {
    const server = await served((_request, reply) => json(reply, 503, {}));
    const reply = await transport({ clock: () => 0 }).send(get(server, { endByMs: 700 }));
    expect(reply.status).toBe(503);
    // The third wait would have been 1,000 ms.
    expect(server.seen).toHaveLength(3);
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

  /** Answers with so many pieces of 64 KiB, one every 20 ms: some 3 MiB a second. */
  const steady =
    (pieces: number): Handler =>
    (_request, reply) => {
      reply.writeHead(200);
      let sent = 0;
      const piece = Buffer.alloc(65_536);
      const flow = setInterval(() => {
        sent += 1;
        reply.write(piece);
        if (sent === pieces) reply.end();
        if (sent >= pieces) clearInterval(flow);
      }, 20);
      reply.on('close', () => clearInterval(flow));
    };

  it('may take longer than an attempt where its reply comes fast enough', async () => {
    const server = await served(steady(40));
    const patient = transport({ attemptDeadlineMs: 500 });
    const reply = await patient.send(get(server, { bodyLimitBytes: 4_000_000 }));
    expect(reply.body).toHaveLength(40 * 65_536);
    expect(server.seen).toHaveLength(1);
  });

  it('may not take longer than all of its attempts, however fast its reply comes', async () => {
    const server = await served(steady(1_000));
    const patient = transport({ attemptDeadlineMs: 100, totalDeadlineMs: 300 });
    await expect(patient.send(get(server, { bodyLimitBytes: 100_000_000 }))).rejects.toMatchObject({
      code: 'REGISTRY_DEADLINE',
    });
    expect(server.seen).toHaveLength(1);
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

  it('is sent before the small reply to the one before it is worked on', async () => {
    const server = await served((_request, reply) => json(reply, 200, {}));
    const narrow = transport({ concurrency: { global: 1, perHost: 1 } });
    const order: string[] = [];
    const asked = (name: string): Promise<unknown> =>
      narrow.send(
        get(server, {
          maySend: () => order.push(`${name} sent`) > 0,
          receive: () => ({ write: () => void order.push(`${name} worked on`) }),
        }),
      );
    await Promise.all([asked('first'), asked('second'), asked('third')]);
    expect(order).toEqual([
      'first sent',
      'second sent',
      'first worked on',
      'third sent',
      'second worked on',
      'third worked on',
    ]);
  });

  it('waits where the small reply to the one before it asks for a pause, whoever receives that', async () => {
    const server = await served((_request, reply) => {
      if (server.seen.length === 1) reply.setHeader('retry-after', '1');
      json(reply, server.seen.length === 1 ? 503 : 200, {});
    });
    const waits: number[] = [];
    const narrow = transport({
      concurrency: { global: 1, perHost: 1 },
      attemptsMax: 1,
      clock: () => 1_000 + waits.reduce((sum, delayMs) => sum + delayMs, 0),
      sleep: async (delayMs) => void waits.push(delayMs),
    });
    const sink = { receive: () => ({ write: () => {} }) };
    const replies = await Promise.all([narrow.send(get(server, sink)), narrow.send(get(server, sink))]);
    expect(replies.map(({ status }) => status)).toEqual([503, 200]);
    expect(waits).toHaveLength(1);
  });

  it('is one of so many at once to all hosts together', async () => {
    let underWay = 0;
    let most = 0;
    const slow: Handler = (_request, reply) => {
      underWay += 1;
      most = Math.max(most, underWay);
      setTimeout(() => {
        underWay -= 1;
        json(reply, 200, {});
      }, 10);
    };
    const servers = await Promise.all([served(slow), served(slow), served(slow)]);
    const narrow = transport({ concurrency: { global: 4, perHost: 3 } });
    await Promise.all(servers.flatMap((server) => Array.from({ length: 6 }, () => narrow.send(get(server)))));
    expect(most).toBe(4);
  });
});

describe('a host that answers 429', () => {
  it.each<[name: string, headers: Record<string, string>, least: number, most: number]>([
    ['without a time', {}, 60_000, 75_500],
    ['with a time that can’t be read', { 'retry-after': 'soon' }, 60_000, 75_500],
    ['with a time', { 'retry-after': '9' }, 9_000, 9_500],
  ])('%s is left alone by everybody until the pause is over', async (_name, headers, least, most) => {
    let nowMs = 1_000_000;
    const slept: number[] = [];
    const wake: (() => void)[] = [];
    const server = await served((_request, reply) => {
      if (nowMs < 1_000_000 + least) json(reply, 429, {}, headers);
      else json(reply, 200, {});
    });
    const polite = transport({
      clock: () => nowMs,
      random: Math.random,
      sleep: (delayMs) => {
        slept.push(delayMs);
        return new Promise((resolve) => wake.push(resolve));
      },
    });
    const first = polite.send(get(server));
    await vi.waitFor(() => expect(slept).toHaveLength(1));
    // These were never refused themselves.
    const others = Array.from({ length: 8 }, () => polite.send(get(server)));
    await vi.waitFor(() => expect(slept).toHaveLength(9));
    expect(server.seen).toHaveLength(1);
    for (const delayMs of slept) {
      expect(delayMs).toBeGreaterThanOrEqual(least);
      expect(delayMs).toBeLessThanOrEqual(most);
    }
    // Jitter: they don't all come back in one moment.
    expect(new Set(slept).size).toBeGreaterThan(1);
    nowMs += most;
    for (const resolve of wake) resolve();
    const replies = await Promise.all([first, ...others]);
    expect(replies.map(({ status }) => status)).toEqual(Array(9).fill(200));
    expect(server.seen).toHaveLength(10);
  });

  it('and again after the pause is left alone again', async () => {
    let nowMs = 0;
    const server = await served((_request, reply) => json(reply, server.seen.length < 3 ? 429 : 200, {}));
    const slept: number[] = [];
    const polite = transport({
      clock: () => nowMs,
      sleep: async (delayMs) => {
        slept.push(delayMs);
        nowMs += delayMs;
      },
    });
    expect((await polite.send(get(server))).status).toBe(200);
    expect(slept).toEqual([67_750, 67_750]);
  });

  it('does not slow another host down', async () => {
    const limited = await served((_request, reply) => json(reply, 429, {}));
    const other = await served((_request, reply) => json(reply, 200, {}));
    const slept: number[] = [];
    // Nobody who waits ever wakes up.
    const narrow = transport({
      concurrency: { global: 1, perHost: 1 },
      sleep: (delayMs) => {
        slept.push(delayMs);
        return new Promise(() => {});
      },
    });
    void narrow.send(get(limited));
    await vi.waitFor(() => expect(slept).toHaveLength(1));
    expect((await narrow.send(get(other))).status).toBe(200);
  });

  it('and wants to be left alone for long is not asked by anybody, and nobody waits', async () => {
    const server = await served((_request, reply) => json(reply, 429, {}, { 'retry-after': '3600' }));
    const polite = transport({ clock: () => 0 });
    expect((await polite.send(get(server))).status).toBe(429);
    await expect(polite.send(get(server))).rejects.toMatchObject({
      code: 'REGISTRY_RATE_LIMITED',
      retryable: true,
      message: expect.stringContaining('3600 s'),
    });
    expect(server.seen).toHaveLength(1);
    expect(polite.delaysMs).toEqual([]);
  });

  it('makes a request that would be stale after the pause fail at once', async () => {
    const server = await served((_request, reply) => json(reply, 429, {}));
    const polite = transport({ clock: () => 0 });
    await polite.send(get(server, { attemptsMax: 1 }));
    await expect(polite.send(get(server, { startBeforeMs: 5_000 }))).rejects.toMatchObject({
      code: 'REGISTRY_TOO_LATE',
    });
    await expect(polite.send(get(server, { endByMs: 5_000 }))).rejects.toMatchObject({
      code: 'REGISTRY_DEADLINE',
    });
    expect(server.seen).toHaveLength(1);
    expect(polite.delaysMs).toEqual([]);
  });
});

describe('a paced host', () => {
  it('is asked no faster than its pace says, whatever the concurrency', async () => {
    let nowMs = 0;
    const sentAtMs: number[] = [];
    const server = await served((_request, reply) => {
      sentAtMs.push(nowMs);
      json(reply, 200, {});
    });
    const paced = transport({
      paceOf: () => ({ requestsPerMinute: 60, deletesPerMinute: 30 }),
      concurrency: { global: 1, perHost: 1 },
      clock: () => nowMs,
      sleep: async (delayMs) => {
        nowMs += delayMs;
      },
    });
    await Promise.all(Array.from({ length: 6 }, () => paced.send(get(server))));
    expect(sentAtMs).toEqual([0, 0, 1_000, 2_000, 3_000, 4_000]);
    sentAtMs.length = 0;
    nowMs = 100_000;
    await Promise.all(Array.from({ length: 4 }, () => paced.send(get(server, { method: 'DELETE' }))));
    expect(sentAtMs).toEqual([100_000, 101_000, 103_000, 105_000]);
  });

  it('is not waited for past the time at which a request would be stale', async () => {
    const server = await served((_request, reply) => json(reply, 200, {}));
    const paced = transport({
      paceOf: () => ({ requestsPerMinute: 1, deletesPerMinute: 1 }),
      clock: () => 0,
    });
    await paced.send(get(server));
    await paced.send(get(server)).catch(() => null);
    await expect(paced.send(get(server, { startBeforeMs: 5_000 }))).rejects.toMatchObject({
      code: 'REGISTRY_TOO_LATE',
    });
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
