import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apiPace } from '../../../shared/adapters/google/api-pace.ts';
import { GoogleRest, path } from '../../../shared/adapters/google/rest.ts';
import { json, restAt, serve } from './server.ts';

const ACCOUNTS = { api: 'iam', path: path`/v1/projects/${'acme'}/serviceAccounts` } as const;
const BUCKET = { api: 'storage', path: path`/storage/v1/b/${'b'}` } as const;

describe('the pace of a service', () => {
  /** How many of so many turns come without waiting. */
  async function turnsAtOnce(isPaced: boolean, api: 'iam' | 'orgPolicy', wanted: number): Promise<number> {
    const pace = apiPace(api, isPaced);
    const end = new AbortController();
    let taken = 0;
    const turns = Array.from({ length: wanted }, () =>
      pace.turn(end.signal).then(
        () => {
          taken += 1;
        },
        () => {},
      ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    const atOnce = taken;
    end.abort();
    await Promise.all(turns);
    return atOnce;
  }

  it('is half of what IAM documents, with a second of burst', async () => {
    expect(await turnsAtOnce(true, 'iam', 500)).toBeLessThan(100);
    expect(await turnsAtOnce(true, 'iam', 50)).toBe(50);
  });

  it('is careful where nothing is documented', async () => {
    expect(await turnsAtOnce(true, 'orgPolicy', 500)).toBeLessThan(30);
  });

  it('is none for a stand-in', async () => {
    expect(await turnsAtOnce(false, 'iam', 500)).toBe(500);
  });
});

describe('a service that asks to be left alone', () => {
  it('gets no read of anybody until then, and others do not wait for it', async () => {
    const times: { readonly url: string; readonly atMs: number }[] = [];
    const api = await serve((incoming, out, index) => {
      times.push({ url: incoming.url ?? '', atMs: performance.now() });
      if (index === 0) json(out, 429, {}, { 'retry-after': '1' });
      else json(out, 200, {});
    });
    const rest = restAt(api.url, { pauseMaxMs: 300 });
    const first = rest.read(ACCOUNTS);
    while (times.length === 0) await new Promise((resolve) => setImmediate(resolve));
    // The refusal is read before any of these is sent: it was answered before they were asked for.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const others = Array.from({ length: 5 }, () => rest.read(ACCOUNTS));
    expect((await rest.read(BUCKET)).kind).toBe('read');
    expect((await Promise.all([first, ...others])).map(({ kind }) => kind)).toEqual(Array(6).fill('read'));
    const [refused, ...later] = times.filter(({ url }) => url.startsWith('/v1'));
    expect(later).toHaveLength(6);
    expect(Math.min(...later.map(({ atMs }) => atMs)) - (refused?.atMs ?? 0)).toBeGreaterThanOrEqual(295);
    const bucket = times.find(({ url }) => url.startsWith('/storage'))?.atMs ?? 0;
    expect(bucket).toBeLessThan(Math.min(...later.map(({ atMs }) => atMs)));
  });

  it('is told by a date as well', async () => {
    const api = await serve((_in, out, index) =>
      json(out, index === 0 ? 503 : 200, {}, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }),
    );
    const begunMs = performance.now();
    expect((await restAt(api.url, { pauseMaxMs: 80 }).read(ACCOUNTS)).kind).toBe('read');
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(75);
  });
});

describe("a proxy before Google's services", () => {
  it('is asked for a tunnel, and learns the host and nothing else', async () => {
    const asked: { readonly target: string; readonly headers: string }[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket: Socket) => {
      asked.push({ target: request.url ?? '', headers: JSON.stringify(request.rawHeaders) });
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const rest = new GoogleRest({
      token: async () => 'secret-token',
      limits: { attempts: 1 },
      proxy: { httpsProxy: `http://127.0.0.1:${port}`, noProxy: '' },
    });
    onTestFinished(async () => {
      await rest.close();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    });
    expect((await rest.read(ACCOUNTS)).kind).toBe('failed');
    expect(asked[0]?.target).toBe('iam.googleapis.com:443');
    expect(asked[0]?.headers).not.toContain('secret-token');
  });

  it('is not asked for a stand-in on this machine', async () => {
    const api = await serve((_in, out) => json(out, 200, {}));
    const rest = new GoogleRest({
      token: async () => 'none',
      endpoints: { iam: api.url },
      proxy: { httpsProxy: 'http://127.0.0.1:9', noProxy: '' },
    });
    onTestFinished(() => rest.close());
    expect((await rest.read(ACCOUNTS)).kind).toBe('read');
  });
});
