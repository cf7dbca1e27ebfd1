import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRegistryDeleter, createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { type Credentials, fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import { dockerConfigCredentials } from '../../../shared/adapters/registry/docker-config.ts';
import { type Handler, json, patientTransport, startServer, type TestServer } from './test-server.ts';

// In none of the forms that scrubbing knows by their looks: what protects them is that we know them.
const SECRETS = {
  password: 'pass/word+ONE=',
  oauth: 'oauth-access-TWO',
  registry: 'registry-token-THREE',
  identity: 'identity-token-FOUR',
  helper: 'helper-secret-FIVE',
  issued: 'issued-token-SIX',
  file: 'file-secret-SEVEN',
} as const;
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const FORBIDDEN = [
  ...Object.values(SECRETS),
  base64(`me:${SECRETS.password}`),
  base64(`oauth2accesstoken:${SECRETS.oauth}`),
  base64(`me:${SECRETS.helper}`),
  base64(`me:${SECRETS.file}`),
];

let folder: string;
let server: TestServer;
let behave: Handler;
const cleanup: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secret-'));
  server = await startServer((request, reply, raw) => behave(request, reply, raw));
  cleanup.push(
    () => server.close(),
    () => rm(folder, { recursive: true }),
  );
});
afterEach(async () => {
  for (const done of cleanup.splice(0)) await done();
});

async function dockerConfig(config: unknown): Promise<Credentials> {
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const helper = join(folder, 'docker-credential-known');
  await writeFile(
    helper,
    `#!/bin/sh\ncat >/dev/null\necho '{"Username":"me","Secret":"${SECRETS.helper}"}'\n`,
  );
  await chmod(helper, 0o755);
  return dockerConfigCredentials({
    env: { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env['PATH']}` },
  });
}

const sources: readonly [name: string, () => Promise<Credentials>][] = [
  [
    'a password',
    async () =>
      fixedCredentials({ [server.host]: { kind: 'basic', username: 'me', password: SECRETS.password } }),
  ],
  [
    'an access token',
    async () => fixedCredentials({ [server.host]: { kind: 'oauth', accessToken: SECRETS.oauth } }),
  ],
  ['a registry token', () => dockerConfig({ auths: { [server.host]: { registrytoken: SECRETS.registry } } })],
  [
    'an identity token',
    () => dockerConfig({ auths: { [server.host]: { identitytoken: SECRETS.identity } } }),
  ],
  ['a helper’s secret', () => dockerConfig({ credHelpers: { [server.host]: 'known' } })],
  [
    'a file’s secret',
    () => dockerConfig({ auths: { [server.host]: { auth: base64(`me:${SECRETS.file}`) } } }),
  ],
];

/** What a foolish or hostile registry says: everything that it was sent, in every field it has. */
function echoed(request: { authorization: string | null; body: string; url: string }) {
  const basic = /^Basic (.*)$/.exec(request.authorization ?? '')?.[1] ?? '';
  const all = [request.authorization, request.body, Buffer.from(basic, 'base64')].join(' | ');
  return {
    errors: [
      { code: 'DENIED', message: `x${all}x`, detail: all },
      { code: 'X', message: all.slice(1) },
    ],
  };
}

const registries: readonly [name: string, handler: (host: string) => Handler][] = [
  [
    'echoes at its token endpoint',
    (host) => bearer(host, (request, reply) => json(reply, 403, echoed(request))),
  ],
  [
    'answers the exchange with rubbish',
    (host) =>
      bearer(host, (request, reply) => json(reply, 200, `rubbish ${JSON.stringify(echoed(request))}`)),
  ],
  ...[400, 401, 403, 404, 429, 500].map((status): [string, (host: string) => Handler] => [
    `echoes with ${status}`,
    (host) =>
      bearer(host, (request, reply) =>
        request.url.startsWith('/v2/token')
          ? json(reply, 200, { token: SECRETS.issued, expires_in: 600 })
          : json(reply, status, echoed(request)),
      ),
  ]),
  [
    'wants Basic authentication and echoes',
    () => (request, reply) =>
      request.authorization === null
        ? json(reply, 401, {}, { 'www-authenticate': 'Basic realm=here' })
        : json(reply, 403, echoed(request)),
  ],
  [
    'redirects with what it was sent',
    (host) =>
      bearer(host, (request, reply) =>
        request.url.startsWith('/v2/token')
          ? json(reply, 200, { token: SECRETS.issued })
          : json(reply, 307, '', { location: `https://u:${SECRETS.issued}@h/?t=${SECRETS.issued}` }),
      ),
  ],
  [
    'breaks the connection',
    (host) =>
      bearer(host, (request, reply) =>
        request.url.startsWith('/v2/token')
          ? json(reply, 200, { token: SECRETS.issued })
          : reply.socket?.end(`${request.authorization}\r\n\r\n`),
      ),
  ],
];

function bearer(host: string, then: Handler): Handler {
  return (request, reply, raw) => {
    if (request.url !== '/v2/') return then(request, reply, raw);
    json(reply, 401, {}, { 'www-authenticate': `Bearer realm="http://${host}/v2/token",service=s` });
  };
}

describe.each(sources)('%s', (_source, open) => {
  it.each(registries)('is shown nowhere by a registry that %s', async (_registry, handler) => {
    behave = handler(server.host);
    const shown: unknown[] = [];
    const logger = { log: (...line: unknown[]) => void shown.push(line) };
    const transport = patientTransport({ attemptsMax: 2, logger });
    cleanup.push(() => transport.close());
    const options = { transport, credentials: await open(), clock: Date.now, logger };
    const reader = createRegistryReader(options);
    const deleter = createRegistryDeleter(options);
    const repository = { host: server.host, name: 'acme/app' };
    const digest = `sha256:${'a'.repeat(64)}` as const;
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => reader.list(repository),
      () => reader.catalog({ host: server.host, prefix: 'acme' }),
      () => reader.resolveTag(repository, 'v1'),
      () => reader.readManifest(repository, digest),
      () => reader.tagsOf(repository, digest),
      () => deleter.guard(repository),
      () => deleter.deleteTag(repository, 'v1'),
      () => deleter.deleteDigest(repository, digest),
    ];
    for (const attempt of attempts) shown.push(await attempt().catch((thrown: unknown) => thrown));
    expect(server.seen.length).toBeGreaterThan(attempts.length);
    const texts = shown.flatMap((one) => [
      JSON.stringify(one),
      inspect(one, { depth: null, showHidden: true }),
      String(one),
      one instanceof Error ? `${one.message} ${one.stack}` : '',
    ]);
    const found = FORBIDDEN.filter((forbidden) => texts.some((text) => text.includes(forbidden)));
    expect(found).toEqual([]);
  });
});
