import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acmeEstate, type GoogleApis, startGoogleApis } from '../../local/google-apis/index.ts';
import { type Kubernetes, startKubernetes } from '../../local/google-apis/kubernetes.ts';
import { auth, dockerconfigjson, keyFile, PRIVATE } from '../support/pull-secret.ts';
import { openStage, type Stage } from './stage.ts';

const KEY = 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334';
const ACCOUNT = 'ci@acme.iam.gserviceaccount.com';

describe('gcr-warden audit --pull-secrets', () => {
  let stage: Stage;
  let google: GoogleApis;
  let clusters: readonly Kubernetes[];
  let directory: string;
  let kubeconfig: string;
  const audit = (...more: readonly string[]) =>
    stage.warden([
      'audit',
      ...['--project', 'acme', '--google-endpoint', google.url, '--ledger', join(directory, 'ledger.sqlite')],
      ...['--pull-secrets', `kubeconfig:${kubeconfig}#prod`],
      ...['--pull-secrets', `kubeconfig:${kubeconfig}#staging`],
      ...more,
    ]);

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'warden-cli-secrets-'));
    stage = await openStage([]);
    google = await startGoogleApis({ estate: acmeEstate(Date.now()), now: Date.now() });
    const entry = { 'https://eu.gcr.io': auth('_json_key', keyFile({ keyId: KEY, account: ACCOUNT })) };
    clusters = await Promise.all(
      [['shop', 'pay'], ['shop']].map((namespaces) =>
        startKubernetes({
          lists: {
            '/api/v1/secrets': namespaces.map((namespace) => dockerconfigjson(namespace, 'gcr', entry)),
          },
        }),
      ),
    );
    kubeconfig = join(directory, 'kubeconfig');
    const names = ['prod', 'staging'];
    await writeFile(
      kubeconfig,
      JSON.stringify({
        contexts: names.map((name) => ({ name, context: { cluster: name } })),
        clusters: names.map((name, at) => ({
          name,
          cluster: { server: `http://${clusters[at]?.endpoint}` },
        })),
      }),
    );
  });
  afterAll(async () => {
    for (const cluster of clusters) await cluster.close();
    await google.close();
    await stage.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('joins keys with the secrets of all clusters that are named', async () => {
    const run = await audit('--json');
    expect(run.stderr).toBe('');
    const { findings, keys } = JSON.parse(run.stdout) as {
      findings: { check: string; status: string; evidence: { sentence: string } }[];
      keys: { keyId: string; pullSecrets: unknown }[];
    };
    expect(
      findings
        .filter(({ check, status }) => check === 'pull-secret-key' && status === 'FAIL')
        .map(({ evidence }) => evidence.sentence),
    ).toEqual([
      `Key ${KEY} of ${ACCOUNT}, 412 days old, is used by 3 secrets in 3 namespaces of 2 clusters, last authenticated yesterday`,
    ]);
    expect(keys.find(({ keyId }) => keyId === KEY)?.pullSecrets).toEqual({
      secrets: 3,
      namespaces: 3,
      clusters: 2,
    });
  });

  it('prints and keeps nothing of a private key, whatever is printed', async () => {
    const formats = ['text', 'json', 'sarif', 'markdown', 'csv', 'html'];
    const runs = await Promise.all([
      audit('--format', 'text'),
      audit('--view', 'keys'),
      ...formats.slice(1).map((format) => audit('--format', format)),
    ]);
    for (const { stdout, stderr } of runs) {
      expect(stdout).not.toBe('');
      expect(`${stdout}${stderr}`).not.toContain(PRIVATE.slice(0, 20));
      expect(`${stdout}${stderr}`).not.toContain('BEGIN PRIVATE KEY');
    }
    for (const file of await readdir(directory)) {
      const content = await readFile(join(directory, file), 'latin1');
      expect(content).not.toContain(PRIVATE.slice(0, 20));
    }
  });

  it('refuses what is no place before it reads anything', async () => {
    const before = JSON.stringify(google.requests);
    const run = await audit('--pull-secrets', 'asset:organizations/1');
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain('kubeconfig:PATH#CONTEXT or gke:PROJECT');
    expect(JSON.stringify(google.requests)).toBe(before);
  });
});
