import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildLayer, type Dialect, pushImage, startLocalRegistry } from '../../../local/registry/index.ts';
import { createRegistryDeleter, createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { type Credentials, fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import { dockerConfigCredentials } from '../../../shared/adapters/registry/docker-config.ts';
import { complaint, digestOf, type Handler, json, patientTransport, startServer } from './test-server.ts';

const SECRET = 'the secret';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Every user name under which Google's registries take a password. */
const USERS = [
  ['an access token', 'oauth2accesstoken'],
  ['a key file', '_json_key'],
  ['a key file in base64', '_json_key_base64'],
  ['an access token for the exchange', '_token'],
  ['what docker-credential-gcr answers', '_dcgcr_2_0_0_token'],
  ['what docker-credential-gcloud answers', '_dcgcloud_token'],
] as const;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'login-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function loggedIn(host: string, username: string): Promise<Credentials> {
  const path = await folder();
  const config = { auths: { [host]: { auth: base64(`${username}:${SECRET}`) } } };
  await writeFile(join(path, 'config.json'), JSON.stringify(config));
  return dockerConfigCredentials({ env: { DOCKER_CONFIG: path } });
}

function client(
  credentials: Credentials,
  hosts: readonly string[] = [],
  plainHttpHosts: readonly string[] = [],
) {
  const transport = patientTransport();
  onTestFinished(() => transport.close());
  const options = { transport, credentials, clock: Date.now, hosts, plainHttpHosts };
  return { reader: createRegistryReader(options), deleter: createRegistryDeleter(options) };
}

async function server(handler: Handler) {
  const started = await startServer(handler);
  onTestFinished(() => started.close());
  return started;
}

describe.each<[challenge: Dialect['challenge']]>([['gcr'], ['gcr-unquoted'], ['artifact-registry']])(
  'a registry that challenges as %s',
  (challenge) => {
    it.each(USERS)('takes %s, changed into a token for one scope each', async (_name, username) => {
      const registry = await startLocalRegistry({
        directory: await folder(),
        dialect: { challenge },
        credentials: [{ username, password: SECRET }],
      });
      onTestFinished(() => registry.close());
      await pushImage({
        registry: registry.host,
        name: 'acme/api',
        tags: ['v1'],
        layers: [{ bytes: buildLayer([{ path: 'app', content: 'v1' }]) }],
        credential: { username, password: SECRET },
      });
      const { reader, deleter } = client(await loggedIn(registry.host, username));
      const repository = { host: registry.host, name: 'acme/api' };
      expect(await reader.catalog({ host: registry.host, prefix: 'acme' })).toMatchObject({
        completeness: { kind: 'complete' },
        repositories: [`${registry.host}/acme/api`],
      });
      const listing = await reader.list(repository);
      expect(listing).toMatchObject({ completeness: { kind: 'complete' }, manifests: [{ tags: ['v1'] }] });
      expect(await deleter.deleteTag(repository, 'v1')).toEqual({ kind: 'deleted' });
    });
  },
);

describe.each<[name: string, headers: Record<string, string>]>([
  ['asks for Basic authentication', { 'www-authenticate': 'Basic realm="here"' }],
  ['asks without saying how', {}],
  ['asks in a way that we don’t know', { 'www-authenticate': 'Negotiate' }],
])('a registry that %s', (_name, headers) => {
  it.each(USERS.filter(([, username]) => username !== '_token'))(
    'gets %s straight',
    async (_who, username) => {
      const expected = `Basic ${base64(`${username}:${SECRET}`)}`;
      const registry = await server((request, reply) => {
        if (request.authorization !== expected) json(reply, 401, complaint('UNAUTHORIZED'), headers);
        else json(reply, 200, { name: 'acme/api', tags: [], manifest: {} });
      });
      const { reader } = client(await loggedIn(registry.host, username));
      const listing = await reader.list({ host: registry.host, name: 'acme/api' });
      expect(listing.completeness).toEqual({ kind: 'complete' });
      expect(registry.seen.filter(({ url }) => url.startsWith('/v2/token'))).toEqual([]);
    },
  );

  it('gets nothing from somebody who has nothing', async () => {
    const registry = await server((_request, reply) => json(reply, 401, complaint('UNAUTHORIZED'), headers));
    const { reader } = client(fixedCredentials({}));
    await expect(reader.resolveTag({ host: registry.host, name: 'acme/api' }, 'v1')).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    });
    expect(registry.seen.every(({ authorization }) => authorization === null)).toBe(true);
  });
});

describe('a registry that shows its front page to everybody', () => {
  it.each<[name: string, headers: Record<string, string>]>([
    ['with a challenge', { 'www-authenticate': 'Basic realm="here"' }],
    ['without a challenge', {}],
  ])('and refuses the rest %s gets the credential then', async (_name, headers) => {
    const registry = await server((request, reply) => {
      if (request.url === '/v2/') json(reply, 200, {});
      else if (request.authorization === null) json(reply, 401, complaint('UNAUTHORIZED'), headers);
      else json(reply, 200, { name: 'acme/api', tags: [], manifest: {} });
    });
    const { reader } = client(await loggedIn(registry.host, '_json_key'));
    const listing = await reader.list({ host: registry.host, name: 'acme/api' });
    expect(listing.completeness).toEqual({ kind: 'complete' });
  });
});

describe('an access token that only the exchange takes', () => {
  it('goes to the registry’s own token endpoint where no challenge names one', async () => {
    const registry = await server((request, reply) => {
      if (request.url.startsWith('/v2/token')) json(reply, 200, { token: 'exchanged' });
      else if (request.authorization !== 'Bearer exchanged') json(reply, 401, complaint('UNAUTHORIZED'));
      else json(reply, 200, { name: 'acme/api', tags: [], manifest: {} });
    });
    const { reader } = client(await loggedIn(registry.host, '_token'));
    const listing = await reader.list({ host: registry.host, name: 'acme/api' });
    expect(listing.completeness).toEqual({ kind: 'complete' });
    const [exchange] = registry.seen.filter(({ url }) => url.startsWith('/v2/token'));
    expect(Object.fromEntries(new URL(exchange?.url ?? '', 'http://x').searchParams)).toEqual({
      service: registry.host,
      scope: 'repository:acme/api:pull',
    });
  });
});

describe('somebody without a credential', () => {
  it('reads what is public', async () => {
    const registry = await startLocalRegistry({ directory: await folder() });
    onTestFinished(() => registry.close());
    const { reader } = client(fixedCredentials({}));
    expect((await reader.catalog({ host: registry.host, prefix: 'acme' })).completeness.kind).toBe(
      'complete',
    );
  });

  it('deletes nothing on Google’s hosts, and sends nothing there', async () => {
    const sent: unknown[] = [];
    const transport = {
      async send(request: unknown): Promise<never> {
        sent.push(request);
        throw new Error('nothing is to be sent');
      },
      async close() {},
    };
    const deleter = createRegistryDeleter({ transport, credentials: fixedCredentials({}), clock: Date.now });
    const repository = { host: 'gcr.io', name: 'acme/api' };
    for (const reply of [
      await deleter.deleteDigest(repository, digestOf('one')),
      await deleter.deleteTag(repository, 'v1'),
    ]) {
      expect(reply).toMatchObject({ kind: 'failed', retryable: false });
      expect(reply).toMatchObject({
        reason: expect.stringContaining('gcloud auth application-default login'),
      });
    }
    expect(sent).toEqual([]);
  });
});

describe('plain HTTP', () => {
  // A name of this machine that is none of loopback: a server on all interfaces is reached at it.
  const host = (port: string | undefined): string => `0.0.0.0:${port}`;

  it('is spoken to a registry elsewhere that was named for it', async () => {
    const registry = await server((_request, reply) =>
      json(reply, 200, { name: 'a/b', tags: [], manifest: {} }),
    );
    const named = host(registry.host.split(':')[1]);
    const { reader } = client(fixedCredentials({}), [named], [named]);
    expect((await reader.list({ host: named, name: 'a/b' })).completeness.kind).toBe('complete');
  });

  it('is not spoken to one that was named without saying so', async () => {
    const registry = await server((_request, reply) => json(reply, 200, {}));
    const named = host(registry.host.split(':')[1]);
    const { reader } = client(fixedCredentials({}), [named]);
    await expect(reader.resolveTag({ host: named, name: 'a/b' }, 't')).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      url: `https://${named}/v2/`,
    });
    expect(registry.seen).toEqual([]);
  });

  it('makes nobody a registry that may be spoken to', async () => {
    const registry = await server((_request, reply) => json(reply, 200, {}));
    const named = host(registry.host.split(':')[1]);
    const { reader } = client(fixedCredentials({}), [], [named]);
    await expect(reader.resolveTag({ host: named, name: 'a/b' }, 't')).rejects.toMatchObject({
      code: 'REGISTRY_HOST_REFUSED',
    });
    expect(registry.seen).toEqual([]);
  });
});
