import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubernetesOptions, startKubernetes } from '../../../local/google-apis/kubernetes.ts';
import { readGke } from '../../../shared/adapters/usage/gke.ts';
import { readKubeconfigCluster } from '../../../shared/adapters/usage/kubeconfig.ts';
import type { Usage } from '../../../shared/core/usage.ts';
import { closeAll, closing, digest, NOW_MS, PROJECT, pod, standIns } from './stage.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'warden-kubeconfig-'));
});
afterAll(async () => {
  await closeAll();
  await rm(directory, { recursive: true, force: true });
});

const PODS = ['1', '2', '3', '4', '5'].map((digit) => pod(`api-${digit}`, digit));
const LISTS = {
  '/api/v1/pods': PODS,
  '/apis/apps/v1/deployments': [
    { metadata: { namespace: 'prod', name: 'api' }, spec: { template: pod('x', 'f') } },
  ],
};

const limits = { pageSize: 2, pauseMs: 1, pauseMaxMs: 10 };
let files = 0;

async function write(content: string): Promise<string> {
  files += 1;
  const path = join(directory, `file-${files}`);
  await writeFile(path, content);
  return path;
}

/** A kubeconfig with one context, `prod`. */
function kubeconfig(server: string, user: object = {}, cluster: object = {}): Promise<string> {
  return write(
    JSON.stringify({
      'current-context': 'prod',
      contexts: [{ name: 'prod', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server, ...cluster } }],
      users: [{ name: 'u', user }],
    }),
  );
}

async function scan(options: Partial<KubernetesOptions>, user: object = {}, bounds: object = {}) {
  const cluster = closing(await startKubernetes({ lists: LISTS, ...options }));
  const path = await kubeconfig(`http://${cluster.endpoint}`, user);
  const usage = await readPath(path, bounds);
  return { usage, cluster };
}

const readPath = (path: string, bounds: object = {}, context: string | null = null): Promise<Usage> =>
  readKubeconfigCluster({
    path,
    context,
    clock: () => NOW_MS,
    rollbackDepth: 2,
    limits: { ...limits, ...bounds },
  }).read();

const digests = ({ answers }: Usage): unknown[] =>
  answers.flatMap((answer) =>
    answer.kind === 'unknown' ? [] : answer.uses.flatMap((use) => use.digest ?? []),
  );
const reason = ({ answers }: Usage): string =>
  answers.map((answer) => (answer.kind === 'unknown' ? answer.reason : '')).join('');
const ALL = ['1', '2', '3', '4', '5'].map(digest);

describe('a cluster', () => {
  it('is read page by page, every kind of workload', async () => {
    const { usage, cluster } = await scan({});
    expect(usage.answers).toMatchObject([{ kind: 'complete', asOfMs: NOW_MS }]);
    expect(digests(usage)).toEqual(ALL);
    expect(JSON.stringify(usage)).toContain('deployment prod/api (container api) in cluster prod');
    const lists = new Set(cluster.requests.map((url) => url.split('?')[0]));
    expect([...lists].sort()).toEqual([
      '/api/v1/pods',
      '/api/v1/replicationcontrollers',
      '/apis/apps/v1/controllerrevisions',
      '/apis/apps/v1/daemonsets',
      '/apis/apps/v1/deployments',
      '/apis/apps/v1/replicasets',
      '/apis/apps/v1/statefulsets',
      '/apis/batch/v1/cronjobs',
      '/apis/batch/v1/jobs',
    ]);
    expect(cluster.requests.filter((url) => url.startsWith('/api/v1/pods'))).toHaveLength(3);
  });

  it('is scanned again from its first page where a continue expired, and names nothing twice', async () => {
    const { usage, cluster } = await scan({ expires: { '/api/v1/pods': 1 } });
    expect(digests(usage)).toEqual(ALL);
    expect(cluster.requests.filter((url) => url === '/api/v1/pods?limit=2')).toHaveLength(2);
  });

  it('is unknown where it expires again', async () => {
    const { usage } = await scan({ expires: { '/api/v1/pods': 2 } });
    expect(reason(usage)).toBe(
      'GET /api/v1/pods of cluster prod: its pages expired twice while they were read.',
    );
  });

  it('is asked again where it is not able to answer for a while', async () => {
    expect(digests((await scan({ failures: 3 })).usage)).toEqual(ALL);
    expect(reason((await scan({ failures: 1000 })).usage)).toMatch(
      /it answered 503: the server is currently unable/,
    );
  });

  it('is unknown where one list is forbidden', async () => {
    const { usage } = await scan({ forbidden: ['/apis/batch/v1/cronjobs'] });
    expect(reason(usage)).toMatch(
      /^GET \/apis\/batch\/v1\/cronjobs of cluster prod: it answered 403: cronjobs is forbidden/,
    );
  });

  it('is unknown where it has more than may be read', async () => {
    expect(reason((await scan({}, {}, { pages: 2 })).usage)).toMatch(/more than 2 pages/);
    expect(reason((await scan({}, {}, { bodyBytes: 500 })).usage)).toMatch(/more than 500 bytes/);
  });

  it('is unknown where an object of it can not be read', async () => {
    const { usage } = await scan({ lists: { '/apis/batch/v1/jobs': [{ metadata: { name: 'odd' } }] } });
    expect(reason(usage)).toMatch(/job default\/odd has no list of containers/);
  });

  it('is unknown where nobody answers', async () => {
    const cluster = await startKubernetes({ lists: {} });
    const path = await kubeconfig(`http://${cluster.endpoint}`);
    await cluster.close();
    expect(reason(await readPath(path, { attempts: 2 }))).toMatch(/no answer \(/);
  });
});

describe('a kubeconfig', () => {
  const token = 'right-token';

  it('gives its token, from the text or from a file that is read at every scan', async () => {
    expect(digests((await scan({ token }, { token })).usage)).toEqual(ALL);
    const cluster = closing(await startKubernetes({ lists: LISTS, token }));
    const tokenFile = await write('old-token\n');
    const path = await kubeconfig(`http://${cluster.endpoint}`, { tokenFile });
    const reader = readKubeconfigCluster({
      path,
      context: 'prod',
      clock: () => NOW_MS,
      rollbackDepth: 2,
      limits,
    });
    expect(reason(await reader.read())).toMatch(/it answered 401: Unauthorized/);
    await writeFile(tokenFile, `${token}\n`);
    expect(digests(await reader.read())).toEqual(ALL);
  });

  const plugin = async (script: string, more: object = {}) => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [await write(script)],
      interactiveMode: 'IfAvailable',
      ...more,
    },
  });

  it('gives what its credential plugin prints, which learns of the cluster where it wants to', async () => {
    const script = `
      const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      if (info.kind !== 'ExecCredential' || info.spec.interactive !== false || !info.spec.cluster.server) process.exit(1);
      console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: 'ExecCredential', status: { token: process.env.GIVEN } }));`;
    const user = await plugin(script, { provideClusterInfo: true, env: [{ name: 'GIVEN', value: token }] });
    expect(digests((await scan({ token }, user)).usage)).toEqual(ALL);
  });

  it.each([
    ['fails', 'console.log("secret-1"); process.exit(3)', /failed/],
    ['prints something else', 'console.log("secret-1")', /printed no ExecCredential/],
    [
      'answers in another version',
      `console.log('{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"secret-1"}}')`,
      /printed no ExecCredential/,
    ],
    [
      'gives nothing',
      `console.log('{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}')`,
      /printed no credential/,
    ],
  ])(
    'is unknown where its credential plugin %s, and shows nothing of what it printed',
    async (_title, script, why) => {
      const { usage } = await scan({ token }, await plugin(script));
      expect(reason(usage)).toMatch(why);
      expect(JSON.stringify(usage)).not.toContain('secret-1');
    },
  );

  const SERVER = 'https://127.0.0.1:1';
  it.each<[string, () => Promise<string>, RegExp]>([
    ['speaks plain HTTP to another host', () => kubeconfig('http://198.51.100.1'), /not spoken to by https/],
    ['has no such context', () => write('{"contexts":[]}'), /no current-context/],
    ['is no YAML', () => write('{ token: secret-2'), /it is no YAML/],
    [
      'trusts everybody',
      () => kubeconfig(SERVER, {}, { 'insecure-skip-tls-verify': true }),
      /insecure-skip-tls-verify is not supported/,
    ],
    [
      'has a password',
      () => kubeconfig(SERVER, { username: 'a', password: 'secret-2' }),
      /username is not supported/,
    ],
    ['acts as somebody else', () => kubeconfig(SERVER, { as: 'admin' }), /as is not supported/],
    [
      'has a plugin of an old protocol',
      () =>
        kubeconfig(SERVER, { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x' } }),
      /no apiVersion/,
    ],
    [
      'has a plugin that is not there',
      () =>
        kubeconfig(SERVER, { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './none' } }),
      /is not installed/,
    ],
  ])('is refused where it %s', async (_title, make, why) => {
    const usage = await readPath(await make());
    expect(reason(usage)).toMatch(why);
    expect(JSON.stringify(usage)).not.toContain('secret-2');
  });

  it('is unknown where it is not there', async () => {
    expect(reason(await readPath(join(directory, 'none')))).toMatch(/ENOENT/);
  });
});

describe('a cluster behind TLS', () => {
  const hasOpenssl = (() => {
    try {
      execFileSync('openssl', ['version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  };
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');

  it.skipIf(!hasOpenssl)(
    'is known by the authority of the kubeconfig only, and knows us by a certificate',
    async () => {
      const make = (name: string, ...more: string[]): void =>
        openssl(
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
          '-keyout',
          `${name}.key`,
          '-out',
          `${name}.crt`,
          '-subj',
          `/CN=${name}`,
          ...more,
        );
      make('server', '-addext', 'subjectAltName=IP:127.0.0.1');
      make('client');
      make('stranger', '-addext', 'subjectAltName=IP:127.0.0.1');
      const tls = {
        key: await read('server.key'),
        cert: await read('server.crt'),
        ca: await read('client.crt'),
        requestCert: true,
      };
      const cluster = closing(
        await startKubernetes({ lists: LISTS, tls: { ...tls, rejectUnauthorized: true } }),
      );
      const user = {
        'client-certificate': 'client.crt',
        'client-key-data': Buffer.from(await read('client.key')).toString('base64'),
      };
      const server = `https://${cluster.endpoint}`;
      expect(
        digests(await readPath(await kubeconfig(server, user, { 'certificate-authority': 'server.crt' }))),
      ).toEqual(ALL);
      for (const authority of [{}, { 'certificate-authority': 'stranger.crt' }]) {
        const usage = await readPath(await kubeconfig(server, user, authority), { attempts: 1 });
        expect(reason(usage)).toMatch(/no answer \(.*(?:self-signed|certificate)/);
      }
      const before = cluster.requests.length;
      const nobody = await readPath(await kubeconfig(server, {}, { 'certificate-authority': 'server.crt' }), {
        attempts: 1,
      });
      expect(reason(nobody)).toMatch(/no answer/);
      expect(cluster.requests).toHaveLength(before);
    },
  );
});

describe('the GKE clusters of a project', () => {
  const gke = async (
    clusters: readonly Readonly<Record<string, unknown>>[],
    more: { denied?: string[]; missingZones?: string[] } = {},
  ): Promise<Usage> => {
    const { missingZones, ...options } = more;
    const workloads = missingZones === undefined ? {} : { missingZones };
    const { rest, clock } = await standIns({ ...options, workloads }, clusters);
    const token = async (): Promise<string> => 'adc';
    return readGke({
      rest,
      token,
      project: PROJECT,
      clock,
      rollbackDepth: 2,
      limits: { ...limits, attempts: 1 },
      allowsLoopback: true,
    }).read();
  };
  const listed = (name: string, endpoint: string | null): Readonly<Record<string, unknown>> => ({
    name,
    location: 'europe-west1',
    status: endpoint === null ? 'PROVISIONING' : 'RUNNING',
    ...(endpoint === null ? {} : { endpoint }),
  });

  it('are found and read, one answer each, with the token of the caller', async () => {
    const [one, two] = [
      closing(await startKubernetes({ lists: LISTS, token: 'adc' })),
      closing(await startKubernetes({ lists: { '/api/v1/pods': [pod('x', 'e')] }, token: 'adc' })),
    ];
    const usage = await gke([listed('one', one.endpoint), listed('two', two.endpoint)]);
    expect(usage.answers.map(({ kind, source }) => [kind, source])).toEqual([
      ['complete', 'GKE clusters of acme'],
      ['complete', 'GKE cluster acme/europe-west1/one'],
      ['complete', 'GKE cluster acme/europe-west1/two'],
    ]);
    expect(digests(usage)).toEqual([...ALL, digest('e')]);
  });

  it('are an answer where there are none', async () => {
    expect((await gke([])).answers).toMatchObject([{ kind: 'complete', uses: [] }]);
  });

  it('are unknown one by one: what the others run still counts', async () => {
    const good = closing(await startKubernetes({ lists: LISTS, token: 'adc' }));
    const bad = closing(await startKubernetes({ lists: LISTS, token: 'another' }));
    const usage = await gke([
      listed('good', good.endpoint),
      listed('bad', bad.endpoint),
      listed('new', null),
    ]);
    expect(digests(usage)).toEqual(ALL);
    expect(usage.answers).toMatchObject([
      { kind: 'complete' },
      { kind: 'complete' },
      { kind: 'unknown', source: 'GKE cluster acme/europe-west1/bad', reason: expect.stringMatching(/401/) },
      {
        kind: 'unknown',
        source: 'GKE cluster acme/europe-west1/new',
        reason: 'it has no endpoint (PROVISIONING)',
      },
    ]);
  });

  it.each<[string, Parameters<typeof gke>, RegExp]>([
    ['the project is denied', [[], { denied: [PROJECT] }], /PERMISSION_DENIED/],
    [
      'a zone does not tell its clusters',
      [[], { missingZones: ['europe-west1-b'] }],
      /europe-west1-b could not be listed/,
    ],
  ])('are unknown where %s', async (_title, args, why) => {
    expect(reason(await gke(...args))).toMatch(why);
  });

  it.each(['example.com', '198.51.100.1', 'gke-1.europe-west1.gke.goog.example.com'])(
    'never get a token at an address that is none of a control plane: %s',
    async (endpoint) => {
      const dns = { dnsEndpointConfig: { endpoint, allowExternalTraffic: true } };
      const usage = await gke([{ ...listed('odd', endpoint), controlPlaneEndpointsConfig: dns }]);
      expect(reason(usage)).toBe('its endpoint is no address with a certificate');
    },
  );
});
