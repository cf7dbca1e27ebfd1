import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProxySettings } from '../../../shared/adapters/http/proxy.ts';
import { openPubSub } from '../../../shared/adapters/messaging/pubsub-rest.ts';
import { policyBucketFiles } from '../../../shared/adapters/policies/bucket.ts';

const CALL = { path: 'projects/acme/subscriptions/s', body: null, deadlineMs: 60_000, attempts: 1 };

async function serve(answer: RequestListener, onConnect?: (target: string, head: string) => void) {
  const server = createServer(answer);
  server.on('connect', (incoming, socket: Socket) => {
    onConnect?.(incoming.url ?? '', JSON.stringify(incoming.rawHeaders));
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function policiesOf(proxy: ProxySettings, baseUrl?: string) {
  return policyBucketFiles({
    bucket: 'acme-policies',
    prefix: '',
    token: async () => 'secret-token',
    proxy,
    ...(baseUrl === undefined ? {} : { baseUrl }),
  }).read();
}

describe('a proxy', () => {
  it.each<[string, string, (proxy: ProxySettings) => Promise<unknown>]>([
    ['the bucket of policies', 'storage.googleapis.com:443', (proxy) => policiesOf(proxy).catch(() => null)],
    [
      'Pub/Sub',
      'pubsub.googleapis.com:443',
      (proxy) => openPubSub({ token: async () => 'secret-token', origin: null, proxy })(CALL),
    ],
  ])('before Google is asked for a tunnel by %s, and learns the host and nothing else', async (...row) => {
    const [, target, ask] = row;
    const asked: { readonly target: string; readonly head: string }[] = [];
    const url = await serve(
      (_incoming, outgoing) => outgoing.writeHead(500).end(),
      (to, head) => asked.push({ target: to, head }),
    );
    await ask({ httpsProxy: url, noProxy: '' });
    expect(new Set(asked.map((each) => each.target))).toEqual(new Set([target]));
    for (const { head } of asked) expect(head).not.toContain('secret-token');
  });

  it('is not asked for what is on this machine', async () => {
    const nobody = { httpsProxy: 'http://127.0.0.1:9', noProxy: '' };
    const url = await serve((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ items: [] }));
    });
    expect(await policiesOf(nobody, url)).toEqual({ files: [], unread: [] });
    const pubsub = openPubSub({ token: async () => 'none', origin: url, proxy: nobody });
    expect(await pubsub(CALL)).toEqual({ kind: 'read', body: { items: [] } });
  });
});
