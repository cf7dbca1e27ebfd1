import { afterEach, describe, expect, it } from 'vitest';
import { createRegistryDeleter, createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { type Credential, fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
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
const BASIC: Credential = { kind: 'basic', username: 'me', password: 'pw' };

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const done of cleanup.splice(0)) await done();
});

async function served(handler: Handler): Promise<TestServer> {
  const server = await startServer(handler);
  cleanup.push(() => server.close());
  return server;
}

/** A registry that gives out `token-1`, `token-2`, … and takes what `takes` says. */
async function tokenRegistry(
  options: {
    challenge?: (host: string) => string;
    reply?: (count: number) => unknown;
    takes?: (authorization: string | null, url: string) => boolean;
  } = {},
) {
  const challenge =
    options.challenge ?? ((host) => `Bearer realm="http://${host}/v2/token",service="the service"`);
  let count = 0;
  const server: TestServer = await served((request, reply) => {
    if (request.url.startsWith('/v2/token')) {
      count += 1;
      json(reply, 200, options.reply?.(count) ?? { token: `token-${count}`, expires_in: 43_200 });
      return;
    }
    const takes = options.takes ?? ((authorization) => authorization?.startsWith('Bearer token-') === true);
    if (request.url === '/v2/' || !takes(request.authorization, request.url)) {
      json(reply, 401, complaint('UNAUTHORIZED'), { 'www-authenticate': challenge(server.host) });
    } else if (request.method === 'DELETE') json(reply, 202, '');
    else if (request.method === 'HEAD') {
      reply.writeHead(200, { 'docker-content-digest': DIGEST }).end();
    } else json(reply, 200, { name: 'x', tags: [], manifest: {} });
  });
  const exchanges = () =>
    server.seen
      .filter(({ url }) => url.startsWith('/v2/token'))
      .map(({ url, ...rest }) => ({
        ...rest,
        query: Object.fromEntries(new URL(url, 'http://x').searchParams),
      }));
  return { server, exchanges };
}

function client(server: TestServer, credential: Credential = BASIC, clock: () => number = Date.now) {
  const transport = patientTransport();
  cleanup.push(() => transport.close());
  const options = { transport, clock, credentials: fixedCredentials({ [server.host]: credential }) };
  return { reader: createRegistryReader(options), deleter: createRegistryDeleter(options) };
}

describe('a token', () => {
  it('is asked for once for many requests at once to one repository', async () => {
    const { server, exchanges } = await tokenRegistry();
    const { reader } = client(server);
    const repository = { host: server.host, name: 'a/b' };
    await Promise.all(Array.from({ length: 100 }, (_, tag) => reader.resolveTag(repository, `t${tag}`)));
    expect(exchanges()).toEqual([
      {
        method: 'GET',
        body: '',
        authorization: `Basic ${Buffer.from('me:pw').toString('base64')}`,
        query: { service: 'the service', scope: 'repository:a/b:pull' },
      },
    ]);
    // One ping, one exchange, and the requests themselves: no refused attempt before each.
    expect(server.seen).toHaveLength(102);
  });

  it('is asked for with one scope only, one for each repository', async () => {
    const { server, exchanges } = await tokenRegistry();
    const { reader } = client(server);
    await reader.resolveTag({ host: server.host, name: 'a/b' }, 't');
    await reader.resolveTag({ host: server.host, name: 'a/c' }, 't');
    await reader.catalog({ host: server.host, prefix: 'a' });
    expect(exchanges().map(({ query }) => query['scope'])).toEqual([
      'repository:a/b:pull',
      'repository:a/c:pull',
      'registry:catalog:*',
      // The catalog named nothing, so the target itself was asked.
      'repository:a:pull',
    ]);
  });

  it('is asked for the service of the host where the challenge names none', async () => {
    const { server, exchanges } = await tokenRegistry({
      challenge: (host) => `Bearer realm="http://${host}/v2/token"`,
    });
    await client(server).reader.resolveTag({ host: server.host, name: 'a/b' }, 't');
    expect(exchanges()[0]?.query['service']).toBe(server.host);
  });

  it('is renewed before its end', async () => {
    const { server, exchanges } = await tokenRegistry({
      reply: (count) => ({ access_token: `token-${count}`, expires_in: 3_600 }),
    });
    let nowMs = 1_000_000;
    const { reader } = client(server, BASIC, () => nowMs);
    const repository = { host: server.host, name: 'a/b' };
    await reader.resolveTag(repository, 't');
    nowMs += 3_600_000 - 61_000;
    await reader.resolveTag(repository, 't');
    expect(exchanges()).toHaveLength(1);
    nowMs += 2_000;
    await reader.resolveTag(repository, 't');
    expect(exchanges()).toHaveLength(2);
  });

  it('that is refused is renewed once, by one exchange for all who were refused', async () => {
    const { server, exchanges } = await tokenRegistry({
      takes: (authorization) => authorization === 'Bearer token-2',
    });
    const { reader } = client(server);
    const repository = { host: server.host, name: 'a/b' };
    const found = await Promise.all(
      Array.from({ length: 5 }, (_, tag) => reader.resolveTag(repository, `t${tag}`)),
    );
    expect(found).toEqual(Array(5).fill(DIGEST));
    expect(exchanges()).toHaveLength(2);
  });

  it('is another one for another identity, and is never given to it', async () => {
    const { server, exchanges } = await tokenRegistry();
    let nowMs = 1_000_000;
    let password = 'first';
    const transport = patientTransport();
    cleanup.push(() => transport.close());
    const credentials = {
      forHost: async (): Promise<Credential> => ({ kind: 'basic', username: 'me', password }),
    };
    const reader = createRegistryReader({ transport, clock: () => nowMs, credentials });
    const repository = { host: server.host, name: 'a/b' };
    await reader.resolveTag(repository, 't');
    password = 'second';
    // A new login is seen after five minutes; the token of the old one would have lived for twelve hours.
    nowMs += 301_000;
    await reader.resolveTag(repository, 't');
    await reader.resolveTag(repository, 't');
    expect(exchanges().map(({ authorization }) => authorization)).toEqual(
      ['me:first', 'me:second'].map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
    );
  });

  it('that is refused twice is an error', async () => {
    const { server, exchanges } = await tokenRegistry({ takes: () => false });
    await expect(
      client(server).reader.resolveTag({ host: server.host, name: 'a/b' }, 't'),
    ).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
      retryable: false,
    });
    expect(exchanges()).toHaveLength(2);
  });

  it.each<[name: string, reply: unknown]>([
    ['no JSON', '<html>'],
    ['a list', []],
    ['no token', { expires_in: 3_600 }],
    ['a token that is a number', { token: 7 }],
    ['a token with a line break', { token: 'a\r\nb: c' }],
    ['an endless token', { token: 'x'.repeat(20_000) }],
  ])('reply with %s is an error', async (_name, reply) => {
    const { server } = await tokenRegistry({ reply: () => reply });
    await expect(
      client(server).reader.resolveTag({ host: server.host, name: 'a/b' }, 't'),
    ).rejects.toMatchObject({
      code: 'REGISTRY_BODY_INVALID',
    });
  });
});

describe('a credential', () => {
  const STRAIGHT = `Basic ${Buffer.from('oauth2accesstoken:ya29.x').toString('base64')}`;

  it('of Google is sent as it is, under the user oauth2accesstoken, and exchanged for nothing', async () => {
    const { server, exchanges } = await tokenRegistry({ takes: (sent) => sent === STRAIGHT });
    const { reader } = client(server, { kind: 'oauth', accessToken: 'ya29.x' });
    for (const name of ['a/b', 'c/d']) {
      expect(await reader.resolveTag({ host: server.host, name }, 't')).toBe(DIGEST);
    }
    expect(exchanges()).toEqual([]);
  });

  it('of Google is exchanged where a host refuses it as it is, which is tried once', async () => {
    const { server, exchanges } = await tokenRegistry();
    const { reader } = client(server, { kind: 'oauth', accessToken: 'ya29.x' });
    for (const name of ['a/b', 'c/d']) {
      expect(await reader.resolveTag({ host: server.host, name }, 't')).toBe(DIGEST);
    }
    expect(exchanges().map(({ authorization }) => authorization)).toEqual([STRAIGHT, STRAIGHT]);
    expect(server.seen.filter(({ url }) => url.includes('/manifests/'))).toHaveLength(3);
  });

  it('that is a registry token is used as it is', async () => {
    const { server, exchanges } = await tokenRegistry();
    const { reader } = client(server, { kind: 'registry token', token: 'token-own' });
    expect(await reader.resolveTag({ host: server.host, name: 'a/b' }, 't')).toBe(DIGEST);
    expect(exchanges()).toEqual([]);
  });

  it('that is an identity token is exchanged in the body of a POST', async () => {
    const { server, exchanges } = await tokenRegistry();
    const { reader } = client(server, { kind: 'identity token', token: 'refresh' });
    expect(await reader.resolveTag({ host: server.host, name: 'a/b' }, 't')).toBe(DIGEST);
    expect(exchanges()).toMatchObject([{ method: 'POST', authorization: null, query: {} }]);
    expect(Object.fromEntries(new URLSearchParams(exchanges()[0]?.body))).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'refresh',
      scope: 'repository:a/b:pull',
    });
  });

  it('is sent straight where the registry wants Basic authentication', async () => {
    const { server, exchanges } = await tokenRegistry({
      challenge: () => 'Basic realm="here"',
      takes: (authorization) => authorization?.startsWith('Basic ') === true,
    });
    expect(await client(server).reader.resolveTag({ host: server.host, name: 'a/b' }, 't')).toBe(DIGEST);
    expect(exchanges()).toEqual([]);
  });

  it.each<[name: string, realm: (elsewhere: string) => string]>([
    ['on another port', (elsewhere) => `http://${elsewhere}/v2/token`],
    ['on a host that only begins like it', (elsewhere) => `http://${elsewhere}.evil.example/v2/token`],
    ['with a user in it', (elsewhere) => `http://me@${elsewhere}/v2/token`],
    ['that is no URL', () => 'nonsense'],
    ['that is a file', () => 'file:///etc/passwd'],
  ])('is not sent to a token endpoint %s, and neither is anything else', async (_name, realm) => {
    const elsewhere = await served((_request, reply) => json(reply, 200, { token: 'token-stolen' }));
    const { server } = await tokenRegistry({ challenge: () => `Bearer realm="${realm(elsewhere.host)}"` });
    for (const credential of [BASIC, { kind: 'anonymous' } as const]) {
      const { reader } = client(server, credential);
      await expect(reader.resolveTag({ host: server.host, name: 'a/b' }, 't')).rejects.toMatchObject({
        code: 'REGISTRY_REALM_REFUSED',
      });
    }
    expect(elsewhere.seen).toEqual([]);
  });

  it('is not asked for, and nothing is sent, for a host that nobody named', async () => {
    const transport = patientTransport();
    cleanup.push(() => transport.close());
    const asked: string[] = [];
    const credentials = {
      async forHost(host: string): Promise<Credential> {
        asked.push(host);
        return BASIC;
      },
    };
    const options = { transport, credentials, clock: Date.now, hosts: ['registry.example.com'] };
    for (const host of ['us-docker-pkg.dev', 'mirror.gcr.io', 'registry.example.com.evil.example']) {
      const repository = { host, name: 'a/b' };
      await expect(createRegistryReader(options).resolveTag(repository, 't')).rejects.toMatchObject({
        code: 'REGISTRY_HOST_REFUSED',
      });
      expect(await createRegistryDeleter(options).deleteDigest(repository, DIGEST)).not.toMatchObject({
        kind: 'deleted',
      });
    }
    expect(asked).toEqual([]);
  });
});

describe('rights', () => {
  it('of a reader stay at pull, whatever a challenge demands', async () => {
    const { server, exchanges } = await tokenRegistry({
      challenge: (host) =>
        `Bearer realm="http://${host}/v2/token",service=s,scope="repository:a/b:pull,push,delete"`,
      takes: (authorization) => authorization === 'Bearer token-2',
    });
    await client(server).reader.resolveTag({ host: server.host, name: 'a/b' }, 't');
    expect(exchanges().map(({ query }) => query['scope'])).toEqual([
      'repository:a/b:pull',
      'repository:a/b:pull',
    ]);
  });

  it('of a deleter are pull and push where Google refuses claimed digests', async () => {
    const { server, exchanges } = await tokenRegistry();
    const { deleter } = client(server);
    expect(await deleter.deleteDigest({ host: server.host, name: 'a/b' }, DIGEST)).toEqual({
      kind: 'deleted',
    });
    expect(exchanges().map(({ query }) => query['scope'])).toEqual([
      'repository:a/b:pull',
      'repository:a/b:pull,push',
    ]);
  });

  it('of a deleter on a plain registry are those that its challenge names', async () => {
    const server: TestServer = await served((request, reply) => {
      const scope = new URL(request.url, 'http://x').searchParams.get('scope') ?? '';
      if (request.url.startsWith('/v2/token')) json(reply, 200, { token: scope.split(':')[2] });
      else if (request.method === 'GET' && request.url !== '/v2/')
        json(reply, 200, { name: 'a/b', tags: [] });
      else if (request.authorization === 'Bearer delete') json(reply, 202, '');
      else {
        const challenge = `Bearer realm="http://${server.host}/v2/token",service=s,scope="repository:a/b:delete"`;
        json(reply, 401, complaint('UNAUTHORIZED'), { 'www-authenticate': challenge });
      }
    });
    const { deleter } = client(server);
    const repository = { host: server.host, name: 'a/b' };
    expect(await deleter.deleteDigest(repository, DIGEST)).toEqual({ kind: 'deleted' });
    const before = server.seen.length;
    expect(await deleter.deleteDigest(repository, DIGEST)).toEqual({ kind: 'deleted' });
    // What was learnt is kept: the second one is one request.
    expect(server.seen.length - before).toBe(1);
  });
});
