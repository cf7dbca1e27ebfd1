import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubernetesOptions, startKubernetes } from '../../../local/google-apis/kubernetes.ts';
import { readPullSecrets } from '../../../shared/adapters/usage/pull-secrets.ts';
import { known } from '../../../shared/core/fact.ts';
import { auth, dockercfg, dockerconfigjson, keyFile, PRIVATE } from '../../support/pull-secret.ts';
import { closeAll, closing, PROJECT, standIns } from './stage.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'warden-pull-secrets-'));
});
afterAll(async () => {
  await closeAll();
  await rm(directory, { recursive: true, force: true });
});

const KEY = { keyId: 'a1b2', account: 'ci@acme.iam.gserviceaccount.com' };
const ENTRY = { 'eu.gcr.io': auth('_json_key', keyFile(KEY)) };
const SECRETS = [
  dockerconfigjson('shop', 'gcr-1', ENTRY),
  dockerconfigjson('shop', 'gcr-2', ENTRY),
  dockerconfigjson('pay', 'gcr', ENTRY),
  dockercfg('pay', 'old', ENTRY),
  { metadata: { namespace: 'pay', name: 'tls' }, type: 'kubernetes.io/tls', data: { key: PRIVATE } },
];
const named = (namespace: string, name: string, names: readonly string[]) => ({
  metadata: { namespace, name },
  imagePullSecrets: names.map((each) => ({ name: each })),
});
const pod = (namespace: string, name: string, names: readonly string[], serviceAccountName?: string) => ({
  metadata: { namespace, name },
  spec: { serviceAccountName, imagePullSecrets: names.map((each) => ({ name: each })) },
});
const LISTS: KubernetesOptions['lists'] = {
  '/api/v1/secrets': SECRETS,
  '/api/v1/namespaces': ['shop', 'pay'].map((name) => ({ metadata: { name } })),
  '/api/v1/pods': [
    pod('shop', 'a', ['gcr-1']),
    pod('shop', 'b', ['gcr-1']),
    pod('pay', 'c', [], 'runner'),
    pod('pay', 'd', ['gcr-1']),
  ],
  '/api/v1/serviceaccounts': [named('pay', 'runner', ['gcr'])],
  '/apis/apps/v1/deployments': [
    { metadata: { namespace: 'pay', name: 'idle' }, spec: { template: pod('', '', ['old']) } },
  ],
};

async function read(options: Partial<KubernetesOptions> = {}, limits: object = {}) {
  const cluster = closing(await startKubernetes({ lists: LISTS, token: 't', ...options }));
  const path = join(directory, `config-${cluster.endpoint.replace(':', '-')}`);
  await writeFile(
    path,
    JSON.stringify({
      contexts: [{ name: 'prod', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: `http://${cluster.endpoint}` } }],
      users: [{ name: 'u', user: { token: 't' } }],
    }),
  );
  const { rest } = await standIns({});
  const reading = await readPullSecrets([{ kind: 'kubeconfig', path, context: 'prod' }], {
    rest,
    token: async () => 'none',
    limits: { pauseMs: 1, attempts: 2, ...limits },
  });
  return { reading, cluster };
}

const namesOf = ({ secrets }: Awaited<ReturnType<typeof read>>['reading']) =>
  secrets.map(({ cluster, namespace, name }) => `${cluster}/${namespace}/${name}`);
const ALL = ['prod/pay/gcr', 'prod/pay/old', 'prod/shop/gcr-1', 'prod/shop/gcr-2'];

describe('the pull secrets of a cluster', () => {
  it('are read page by page, both types and no other, with who names them', async () => {
    const { reading, cluster } = await read({}, { pageSize: 1 });
    expect(namesOf(reading)).toEqual(ALL);
    expect(reading.unseen).toEqual([]);
    expect(reading.secrets.map(({ usedByPods, namedElsewhere }) => [usedByPods, namedElsewhere])).toEqual([
      [known(1), known(1)],
      [known(0), known(1)],
      [known(2), known(0)],
      [known(0), known(0)],
    ]);
    expect(reading.secrets[0]?.entries).toEqual(
      known([{ host: 'eu.gcr.io', credential: { kind: 'key', key: known(KEY) } }]),
    );
    const asked = cluster.requests.filter((url) => url.startsWith('/api/v1/secrets'));
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.every((url) => url.includes('fieldSelector=type%3Dkubernetes.io%2Fdockerc'))).toBe(true);
  });

  it('leave nothing of a private key in what was read', async () => {
    const { reading } = await read();
    expect(inspect(reading, { depth: 20, showHidden: true, maxStringLength: null })).not.toContain(
      PRIVATE.slice(0, 20),
    );
    expect(JSON.stringify(reading)).not.toContain('PRIVATE');
  });

  it('are read namespace by namespace where the cluster is denied, and a denied one is told', async () => {
    const { reading } = await read({
      forbidden: ['/api/v1/secrets', '/api/v1/namespaces/pay/secrets'],
    });
    expect(namesOf(reading)).toEqual(['prod/shop/gcr-1', 'prod/shop/gcr-2']);
    expect(reading.unseen).toEqual([
      { what: 'cluster prod, namespace pay', reason: expect.stringContaining('it answered 403') },
    ]);
  });

  it('are told as unseen where namespaces are denied too, and where the cluster knows nobody', async () => {
    const denied = await read({ forbidden: ['/api/v1/secrets', '/api/v1/namespaces'] });
    expect(denied.reading).toMatchObject({ secrets: [], unseen: [{ what: 'cluster prod' }] });
    const stranger = await read({ token: 'other' });
    expect(stranger.reading).toMatchObject({ secrets: [], unseen: [{ what: 'cluster prod' }] });
  });

  it('have users that are unknown where pods are denied', async () => {
    const { reading } = await read({ forbidden: ['/api/v1/pods'] });
    expect(reading.secrets.map(({ usedByPods }) => usedByPods.kind)).toEqual(Array(4).fill('unknown'));
    expect(reading.secrets.map(({ namedElsewhere }) => namedElsewhere.kind)).toEqual(Array(4).fill('known'));
  });

  it('are found in all GKE clusters of a project, and one that can not be reached is told', async () => {
    const cluster = closing(await startKubernetes({ lists: LISTS }));
    const { rest } = await standIns({}, [
      { name: 'prod', location: 'europe-west1', endpoint: cluster.endpoint },
      { name: 'lost', location: 'us-central1' },
    ]);
    const reading = await readPullSecrets([{ kind: 'gke', project: PROJECT }], {
      rest,
      token: async () => 'none',
      allowsLoopback: true,
    });
    expect(new Set(reading.secrets.map(({ cluster: context }) => context))).toEqual(
      new Set(['gke_acme_europe-west1_prod']),
    );
    expect(reading.unseen).toMatchObject([{ what: 'GKE cluster acme/us-central1/lost' }]);
  });
});
