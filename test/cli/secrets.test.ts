import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { buildLayer, pushImage } from '../../local/registry/index.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { type Ended, warden } from '../support/command.ts';
import { FULL_TOKEN, type GoogleWorld, READ_TOKEN, startGoogleWorld } from '../support/google-world.ts';
import { answerHostile, HOSTILITIES, type Hostility } from '../support/hostile-registry.ts';
import { contentsOf, leaksIn } from '../support/leak-finder.ts';

const TARGET = 'gcr.io/acme/api';
const IMPERSONATE =
  'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/w@acme.iam.gserviceaccount.com:generateAccessToken';

const USER_SECRETS = {
  client_secret: 'user-client-secret/x+1=',
  refresh_token: '1//user-refresh-token/x+2=',
} as const;
const SUBJECT_TOKEN = 'federated-subject-token/x+3=';

let world: GoogleWorld;
let outputs: string;

beforeAll(async () => {
  world = await startGoogleWorld();
  for (const secret of [...Object.values(USER_SECRETS), SUBJECT_TOKEN]) world.secrets.add(secret);
  for (const tag of ['v1', 'pr-1']) {
    await pushImage({
      registry: world.registry.host,
      name: 'acme/api',
      tags: [tag],
      layers: [{ bytes: buildLayer([{ path: 'app', content: tag }]) }],
      credential: { username: 'oauth2accesstoken', password: FULL_TOKEN },
    });
  }
  outputs = await world.folder('outputs', {});
});
afterAll(() => world.close());

type Identity = readonly [name: string, adc: () => unknown];

const user = (): Record<string, string> => ({
  type: 'authorized_user',
  client_id: 'client.apps.googleusercontent.com',
  ...USER_SECRETS,
});

const IDENTITIES: readonly Identity[] = [
  ['a key file', () => world.serviceAccountKey()],
  ['a person’s login', user],
  [
    'an impersonated service account',
    () => ({
      type: 'impersonated_service_account',
      service_account_impersonation_url: IMPERSONATE,
      source_credentials: user(),
    }),
  ],
  [
    'workload identity federation',
    async () => ({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: 'https://sts.googleapis.com/v1/token',
      credential_source: { file: await world.file('subject-token', SUBJECT_TOKEN) },
    }),
  ],
];

let runs = 0;

/** Runs a command that tells all it can, with a ledger among the outputs. */
async function told(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  runs += 1;
  return warden(args, {
    ...world.env,
    GCR_WARDEN_LEDGER: join(outputs, `ledger-${runs}.sqlite`),
    GCR_WARDEN_LOG: 'debug',
    ...env,
  });
}

async function loginOf([name, adc]: Identity): Promise<Record<string, string>> {
  const path = await world.file(`${name.replaceAll(' ', '-')}.json`, await adc());
  return { GOOGLE_APPLICATION_CREDENTIALS: path };
}

async function storedLogin(host: string): Promise<Record<string, string>> {
  const auths = { [host]: { auth: base64(`oauth2accesstoken:${READ_TOKEN}`) } };
  return { DOCKER_CONFIG: await world.folder('stored', { 'config.json': JSON.stringify({ auths }) }) };
}

/** Everything that was printed or written, without the secrets in it. */
async function expectNoLeak(ended: readonly Ended[]): Promise<void> {
  const texts = [...ended.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...(await contentsOf(outputs))];
  expect(leaksIn(world.secrets, texts)).toEqual([]);
}

// Each starts several processes.
describe('no secret is printed or written', { timeout: 120_000 }, () => {
  it('by any command that succeeds', async () => {
    const login = {
      ...(await loginOf(IDENTITIES[0] as Identity)),
      GCR_WARDEN_LEDGER: join(outputs, 'ledger.sqlite'),
    };
    const policies = await world.folder('policies', {
      'services.yaml': [
        'apiVersion: gcr-warden/v1',
        'policy: services',
        'repositories: ["gcr.io/acme/**"]',
        'mode: enforce',
        'delete:',
        '  - pull-requests: { tags: { glob: "pr-*" } }',
      ].join('\n'),
    });
    const plan = join(outputs, 'plan.json');
    const ended: Ended[] = [];
    for (const args of [
      ['list', TARGET],
      ['list', '--json', 'gcr.io/acme'],
      ['snapshot', '--out', join(outputs, 'snapshot.json'), TARGET],
      ['plan', '--json', '--policies', policies, '--out', plan, TARGET],
      ['apply', '--json', '--yes', plan],
      ['explain', '--json', `${TARGET}:pr-1`],
      ['history', '--json'],
      ['history', TARGET],
    ]) {
      const one = await told(args, login);
      expect({ args, exitCode: one.exitCode, stderr: one.stderr }).toEqual({ args, exitCode: 0, stderr: '' });
      ended.push(one);
    }
    expect(ended[4]?.stdout).toContain('deleted');
    // The secrets were all at work: key, assertion, access tokens of both rights, exchanged tokens.
    expect(world.asked.length).toBeGreaterThan(4);
    expect(world.registryRequests.some(({ token }) => token === FULL_TOKEN)).toBe(true);
    await expectNoLeak(ended);
  });

  it.each<[hostility: Hostility, at: string]>([
    ...HOSTILITIES.map((hostility): [Hostility, string] => [hostility, '/v2/acme']),
    ['echoes with 401', '/v2/token'],
    ['echoes in rubbish', '/v2/token'],
  ])('by a command whose registry %s at %s', async (hostility, at) => {
    // Application Default Credentials are exchanged for nothing; what somebody stored is.
    const login = at === '/v2/token' ? await storedLogin('gcr.io') : await loginOf(IDENTITIES[0] as Identity);
    const ended = await withHostility(at, hostility, () => told(['list', '--json', TARGET], login));
    expect(ended.exitCode).toBe(1);
    const isTriedAgain = /500|breaks off/.test(hostility);
    expect(ended.stderr.includes('is sent again')).toBe(isTriedAgain);
    await expectNoLeak([ended]);
  });

  it.each(IDENTITIES)('by a command whose token endpoint refuses %s, and echoes it', async (...identity) => {
    const login = await loginOf(identity);
    const ended = await withHostility('googleapis', 'echoes with 400', () =>
      told(['list', '--json', TARGET], login),
    );
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toContain('Application Default Credentials gave no access token');
    await expectNoLeak([ended]);
  });

  it('by a command that can’t read the key file', async () => {
    const path = await world.file('broken.json', JSON.stringify(world.serviceAccountKey()).slice(0, -20));
    const ended = await told(['list', '--json', TARGET], { GOOGLE_APPLICATION_CREDENTIALS: path });
    expect(ended.exitCode).toBe(1);
    await expectNoLeak([ended]);
  });

  it('by an audit, and none is sent to a stand-in for Google', async () => {
    const seen: string[] = [];
    const standIn = await listening((incoming, body, reply) => {
      seen.push(JSON.stringify(incoming.rawHeaders) + body);
      answerHostile('echoes with 403', incoming, body, reply);
    });
    const ended = await told(
      ['audit', '--json', '--project', 'acme', '--google-endpoint', `http://${standIn}`],
      await loginOf(IDENTITIES[1] as Identity),
    );
    expect(seen.length).toBeGreaterThan(3);
    await expectNoLeak([ended, { exitCode: null, stdout: seen.join('\n'), stderr: '' }]);
  });
});

const DOCKER_SECRETS = {
  password: 'docker-password/x+4=',
  helper: 'docker-helper-secret/x+5=',
  identity: 'docker-identity-token/x+6=',
  registry: 'docker-registry-token.x+7=',
  issued: 'docker-issued-token.x+8=',
} as const;

describe('no secret of a docker config is printed or written', { timeout: 60_000 }, () => {
  const ways: readonly [name: string, config: (host: string) => unknown, helper: string][] = [
    ['a password', (host) => ({ auths: { [host]: { auth: base64(`me:${DOCKER_SECRETS.password}`) } } }), ''],
    ['an identity token', (host) => ({ auths: { [host]: { identitytoken: DOCKER_SECRETS.identity } } }), ''],
    ['a registry token', (host) => ({ auths: { [host]: { registrytoken: DOCKER_SECRETS.registry } } }), ''],
    [
      'a helper’s answer',
      (host) => ({ credHelpers: { [host]: 'known' } }),
      `echo '{"Username":"me","Secret":"${DOCKER_SECRETS.helper}"}'`,
    ],
    [
      'a helper that fails and tells all',
      (host) => ({ credHelpers: { [host]: 'known' } }),
      `echo "${DOCKER_SECRETS.helper}"; echo "${DOCKER_SECRETS.helper}" >&2; exit 1`,
    ],
    [
      'a helper that answers rubbish',
      (host) => ({ credHelpers: { [host]: 'known' } }),
      `echo '{"Secret": "${DOCKER_SECRETS.helper}'`,
    ],
    ['a file that is cut', (host) => `{"auths":{"${host}":{"registrytoken":"${DOCKER_SECRETS.registry}`, ''],
  ];

  it.each(ways)('with %s and a registry that echoes', async (name, config, helper) => {
    const sent: string[] = [];
    const host = await listening((incoming, body, reply) => {
      sent.push(`${incoming.headers.authorization} ${body}`);
      const isTokens = incoming.url?.startsWith('/v2/token') === true;
      if (incoming.url === '/v2/') {
        reply
          .writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/v2/token",service=x` })
          .end();
      } else if (isTokens && !name.includes('identity')) {
        reply.end(JSON.stringify({ token: DOCKER_SECRETS.issued }));
      } else answerHostile('echoes with 403', incoming, body, reply);
    });
    const docker = await world.folder('docker', {
      'config.json': typeof config(host) === 'string' ? String(config(host)) : JSON.stringify(config(host)),
    });
    await writeFile(join(docker, 'docker-credential-known'), `#!/bin/sh\n${helper}\n`, { mode: 0o755 });
    const ended = await told(['list', '--json', `${host}/acme/api`], {
      DOCKER_CONFIG: docker,
      PATH: `${docker}:${process.env['PATH']}`,
    });
    expect(ended.exitCode).toBe(1);
    const refused = /fails|rubbish|cut/.test(name);
    expect(ended.stdout).toContain(refused ? 'docker' : '403');
    if (!refused) expect(sent.length).toBeGreaterThan(1);
    const texts = [ended.stdout, ended.stderr, ...(await contentsOf(outputs))];
    expect(leaksIn(Object.values(DOCKER_SECRETS), texts)).toEqual([]);
  });
});

describe('what looks for leaks', () => {
  const secret = 'a-secret/with+signs=';

  it.each<[name: string, text: string]>([
    ['as it is', `error: ${secret}!`],
    ['in base64', `Basic ${base64(secret)}`],
    ['within a longer base64', `Basic ${base64(`oauth2accesstoken:${secret} and more`)}`],
    ['in a URL', `https://x/?t=${encodeURIComponent(secret)}`],
    ['in JSON', JSON.stringify({ text: JSON.stringify({ secret }) })],
    ['over two lines', `${secret.slice(0, 9)}\n   ${secret.slice(9)}`],
    ['in hexadecimal digits', Buffer.from(secret).toString('hex')],
  ])('finds one %s', (_name, text) => {
    expect(leaksIn([secret], [text])).not.toEqual([]);
  });

  it('finds one in a packed value of a ledger', async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const { gzipSync } = await import('node:zlib');
    const folder = await world.folder('planted', {});
    const database = new DatabaseSync(join(folder, 'ledger.sqlite'));
    database.exec('CREATE TABLE records (packed BLOB)');
    database.prepare('INSERT INTO records VALUES (?)').run(gzipSync(`{"reason":"${secret}"}`));
    database.close();
    expect(leaksIn([secret], await contentsOf(folder))).not.toEqual([]);
  });

  it('finds nothing where there is nothing', () => {
    expect(leaksIn([secret], ['error: another text', base64('another text')])).toEqual([]);
  });
});

it('requests of a command name it and its version', () => {
  expect(world.agents).toContain(`gcr-warden/${packageJson.version}`);
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Answers in the place of Google wherever host and path hold a text, for as long as the work takes. */
async function withHostility<T>(where: string, hostility: Hostility, work: () => Promise<T>): Promise<T> {
  let met = 0;
  world.intercept = (host, incoming, body, reply) => {
    if (!`${host}${incoming.url}`.includes(where)) return false;
    met += 1;
    // What is tried again is told of once; then it has to end, or the waits would take half a minute.
    const isTriedAgain = met > 1 && /500|breaks off/.test(hostility);
    answerHostile(isTriedAgain ? 'echoes with 403' : hostility, incoming, body, reply);
    return true;
  };
  try {
    return await work();
  } finally {
    world.intercept = null;
    expect(met).toBeGreaterThan(0);
  }
}

/** Serves on loopback for one test; gives `127.0.0.1:PORT`. */
async function listening(
  answer: (incoming: IncomingMessage, body: string, reply: ServerResponse) => void,
): Promise<string> {
  const server = createServer((incoming, reply) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    incoming.on('end', () => answer(incoming, body, reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
