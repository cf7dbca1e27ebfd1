import { describe, expect, it } from 'vitest';
import { GoogleRest, path } from '../../../shared/adapters/google/rest.ts';
import { WardenError } from '../../../shared/core/error.ts';
import { json, restAt, serve } from './server.ts';

const READ = { api: 'iam', path: path`/v1/projects/${'acme'}/serviceAccounts` } as const;

describe('a read', () => {
  it('sends the token and gives the body', async () => {
    const api = await serve((_in, out) => json(out, 200, { accounts: [] }));
    expect(await restAt(api.url).read(READ)).toEqual({ kind: 'read', body: { accounts: [] } });
    expect(api.seen[0]?.headers.authorization).toBe('Bearer test-token');
  });

  it.each([
    ['too many requests', 429],
    ['an internal error', 500],
    ['a bad gateway', 502],
    ['unavailability', 503],
  ])('is tried again after %s', async (_name, status) => {
    const api = await serve((_in, out, index) => json(out, index < 2 ? status : 200, {}));
    expect((await restAt(api.url).read(READ)).kind).toBe('read');
    expect(api.seen).toHaveLength(3);
  });

  it('is tried again after a connection that breaks', async () => {
    const api = await serve((incoming, out, index) =>
      index === 0 ? incoming.socket.destroy() : json(out, 200, {}),
    );
    expect((await restAt(api.url).read(READ)).kind).toBe('read');
  });

  it('fails when all attempts did', async () => {
    const api = await serve((_in, out) =>
      json(out, 503, { error: { code: 503, message: 'try later', status: 'UNAVAILABLE' } }),
    );
    expect(await restAt(api.url, { attempts: 3 }).read(READ)).toEqual({
      kind: 'failed',
      reason:
        'GET iam.googleapis.com/v1/projects/acme/serviceAccounts: it answered 503: UNAVAILABLE try later',
    });
    expect(api.seen).toHaveLength(3);
  });

  it.each([
    ['a refusal', 403],
    ['a bad request', 400],
    ['a rejected token', 401],
  ])('is not tried again after %s', async (_name, status) => {
    const api = await serve((_in, out) => json(out, status, { error: { code: status, message: 'no' } }));
    expect((await restAt(api.url).read(READ)).kind).toBe('failed');
    expect(api.seen).toHaveLength(1);
  });

  it('waits as long as Retry-After says, up to its limit', async () => {
    const api = await serve((_in, out, index) =>
      json(out, index === 0 ? 429 : 200, {}, { 'retry-after': '3600' }),
    );
    const startedMs = performance.now();
    expect((await restAt(api.url, { pauseMaxMs: 80 }).read(READ)).kind).toBe('read');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(75);
  });

  it("takes only Google's own 404 for absence", async () => {
    const google = await serve((_in, out) => json(out, 404, { error: { code: 404, message: 'not found' } }));
    const proxy = await serve((_in, out) => json(out, 404, { message: 'no route' }));
    expect((await restAt(google.url).read(READ)).kind).toBe('absent');
    expect((await restAt(proxy.url).read(READ)).kind).toBe('failed');
  });

  it.each([
    ['is no JSON', '<html>'],
    ['is a list', '[]'],
    ['is cut off', '{"accounts": ['],
    ['is empty', ''],
    ['is an error in disguise', '{"error": {"code": 403, "message": "denied"}}'],
  ])('fails where the body %s', async (_name, body) => {
    const api = await serve((_in, out) => out.end(body));
    expect((await restAt(api.url).read(READ)).kind).toBe('failed');
  });

  it('follows no redirect', async () => {
    const elsewhere = await serve((_in, out) => json(out, 200, {}));
    const api = await serve((_in, out) => {
      out.writeHead(302, { location: elsewhere.url });
      out.end();
    });
    expect((await restAt(api.url).read(READ)).kind).toBe('failed');
    expect(elsewhere.seen).toHaveLength(0);
  });

  it('ends a body that is larger than allowed', async () => {
    const api = await serve((_in, out) => {
      const endless = setInterval(() => out.write('x'.repeat(10_000)), 1);
      out.on('close', () => clearInterval(endless));
    });
    const reply = await restAt(api.url, { bodyBytes: 100_000 }).read(READ);
    expect(reply).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('more than 100000 bytes'),
    });
  });

  it('ends when an answer takes too long', async () => {
    const api = await serve(() => {});
    const reply = await restAt(api.url, { attemptMs: 20, attempts: 2 }).read(READ);
    expect(reply).toMatchObject({ kind: 'failed', reason: expect.stringContaining('no answer') });
  });

  it('ends when a token takes too long', async () => {
    const api = await serve((_in, out) => json(out, 200, {}));
    const rest = restAt(api.url, { readMs: 20 }, () => new Promise(() => {}));
    expect((await rest.read(READ)).kind).toBe('failed');
  });

  it('shows no token and no control character in its reason', async () => {
    const message = 'bad \u001b[2J token ya29.a0AfB_secret and Bearer abc.def-secret';
    const api = await serve((_in, out) => json(out, 400, { error: { code: 400, message } }));
    const reply = await restAt(api.url).read(READ);
    const reason = reply.kind === 'read' ? '' : reply.reason;
    expect(reason).toContain('[redacted]');
    expect(reason).not.toContain('secret');
    expect(reason).not.toContain('\u001b');
  });

  it('says nothing of what a library threw about credentials', async () => {
    const api = await serve((_in, out) => json(out, 200, {}));
    const foreign = restAt(api.url, {}, () => Promise.reject(new Error('private_key: secret')));
    expect(await foreign.read(READ)).toMatchObject({
      reason: expect.stringContaining('there is no access token'),
    });
    const own = restAt(api.url, {}, () => Promise.reject(new WardenError('CREDENTIALS_INVALID', 'log in')));
    expect(await own.read(READ)).toMatchObject({ reason: expect.stringContaining('log in') });
    expect(api.seen).toHaveLength(0);
  });

  it('keeps to the number of requests at the same time', async () => {
    let underWay = 0;
    let most = 0;
    const api = await serve((_in, out) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay -= 1;
        json(out, 200, {});
      }, 5);
    });
    const rest = restAt(api.url, { concurrency: 3 });
    await Promise.all(Array.from({ length: 12 }, () => rest.read(READ)));
    expect(most).toBe(3);
  });
});

describe('a list', () => {
  it('is read to its last page', async () => {
    const api = await serve((_in, out, index) =>
      json(out, 200, index < 2 ? { nextPageToken: `t${index}` } : {}),
    );
    const pages: unknown[] = [];
    expect(await restAt(api.url).eachPage(READ, (page) => pages.push(page) > 0)).toBe(null);
    expect(pages).toHaveLength(3);
    expect(api.seen.map(({ url }) => new URL(url ?? '', api.url).searchParams.get('pageToken'))).toEqual([
      null,
      't0',
      't1',
    ]);
  });

  it.each([
    ['one page fails', (index: number) => (index === 1 ? 403 : 200), (index: number) => `t${index}`],
    ['its pages lead in a circle', () => 200, () => 'again'],
    ['it does not end', () => 200, (index: number) => `t${index}`],
    ['a token is no text', () => 200, () => 7],
  ])('fails as a whole where %s', async (_name, status, token) => {
    const api = await serve((_in, out, index) => json(out, status(index), { nextPageToken: token(index) }));
    expect((await restAt(api.url, { pages: 5 }).eachPage(READ, () => true))?.kind).toBe('failed');
  });
});

describe('a list that leads in a circle', () => {
  it('is given up at once', async () => {
    const api = await serve((_in, out) => json(out, 200, { nextPageToken: 'again' }));
    await restAt(api.url).eachPage(READ, () => true);
    expect(api.seen).toHaveLength(2);
  });
});

describe('tokens', () => {
  it.each([
    ['another host', 'https://iam.googleapis.com.example.com'],
    ["another host of Google's", 'https://evil.googleapis.com'],
    ['an address that begins like loopback', 'http://127.0.0.1.example.com'],
    ['credentials in the address', 'http://u:p@127.0.0.1:1'],
    ['another protocol', 'file:///etc/passwd'],
    ['no address', 'iam'],
  ])('are not sent to %s', (_name, endpoint) => {
    expect(() => new GoogleRest({ token: async () => 't', endpoints: { iam: endpoint } })).toThrow(
      expect.objectContaining({ code: 'GOOGLE_ENDPOINT_REFUSED' }),
    );
  });
});

describe('a path', () => {
  it('keeps every name in its place', () => {
    expect(path`/v1/projects/${'a/../b'}/keys/${'x?y#z'}:get`).toBe(
      '/v1/projects/a%2F..%2Fb/keys/x%3Fy%23z:get',
    );
  });

  it.each([['.'], ['..'], [''], ['\ud800']])(
    'is none with the name %j, and its read fails unsent',
    async (name) => {
      const api = await serve((_in, out) => json(out, 200, {}));
      expect(path`/v1/projects/${name}`).toBeNull();
      expect((await restAt(api.url).read({ api: 'iam', path: path`/v1/projects/${name}` })).kind).toBe(
        'failed',
      );
      expect(api.seen).toHaveLength(0);
    },
  );
});
