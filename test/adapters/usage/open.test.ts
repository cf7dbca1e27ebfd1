import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startKubernetes } from '../../../local/google-apis/kubernetes.ts';
import { openUsageSources } from '../../../shared/adapters/usage/open.ts';
import { lazyUsage, oneAtATime } from '../../../shared/adapters/usage/source.ts';
import { parseUsageSources } from '../../../shared/core/usage/place.ts';
import { standingFor } from '../../../shared/core/usage/standing.ts';
import type { Usage } from '../../../shared/core/usage.ts';
import { closeAll, closing, digest, NOW_MS, PROJECT, pod, standIns } from './stage.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'warden-in-use-'));
});
afterAll(async () => {
  await closeAll();
  await rm(directory, { recursive: true, force: true });
});

const list = (digit: string): string => JSON.stringify({ kind: 'PodList', items: [pod('api', digit)] });

describe('sources of what is in use, opened', () => {
  it('are asked together, each of its kind', async () => {
    const cluster = closing(await startKubernetes({ lists: { '/api/v1/pods': [pod('api', 'a')] } }));
    const { server } = await standIns(
      {
        objects: { bucket: { 'pods.json': { content: list('b') } } },
        workloads: {
          assets: { 'organizations/1': { readTime: new Date(NOW_MS).toISOString(), assets: [] } },
        },
      },
      [{ name: 'prod', location: 'europe-west1', endpoint: cluster.endpoint }],
    );
    const file = join(directory, 'pods.json');
    await writeFile(file, list('c'));
    const kubeconfig = join(directory, 'kubeconfig');
    await writeFile(
      kubeconfig,
      `current-context: k\ncontexts: [{ name: k, context: { cluster: k } }]\nclusters: [{ name: k, cluster: { server: "http://${cluster.endpoint}" } }]\n`,
    );
    const sources = parseUsageSources(
      [
        `${file},max-age=36525d,repositories=gcr.io/other/*`,
        'gs://bucket/pods.json',
        `kubeconfig:${kubeconfig}#k`,
        `gke:${PROJECT}`,
        `asset:organizations/1`,
        `run:${PROJECT}`,
        `compute:${PROJECT}`,
        `functions:${PROJECT}`,
      ].join('\n'),
    );
    const { usage } = closing(
      await openUsageSources(sources, { clock: () => NOW_MS, googleEndpoint: server.url }),
    );
    const answered = await usage.read();
    expect(
      answered.answers.map(({ kind, source }) => `${kind}: ${source.replaceAll(directory, '')}`),
    ).toEqual([
      'complete: pods file /pods.json',
      'complete: pods object gs://bucket/pods.json',
      `complete: cluster k of /kubeconfig`,
      'complete: GKE clusters of acme',
      'complete: GKE cluster acme/europe-west1/prod',
      'best effort: Cloud Asset Inventory of organizations/1',
      'complete: Cloud Run of acme',
      'complete: Compute Engine of acme',
      'best effort: Cloud Run functions of acme',
    ]);
    const uses = answered.answers.flatMap((answer) => (answer.kind === 'unknown' ? [] : answer.uses));
    expect(uses.map((use) => use.digest)).toEqual(['c', 'b', 'a', 'a'].map(digest));
    expect(answered.answers[0]).toMatchObject({ repositories: ['gcr.io/other/*'] });
  });

  it('are nobody where none is named', async () => {
    const { usage } = await openUsageSources([], { clock: () => NOW_MS, googleEndpoint: null });
    expect(standingFor(await usage.read(), 'gcr.io/acme/api').kind).toBe('unknown');
  });

  it('never speak to a stand-in on another machine', async () => {
    const options = { clock: () => NOW_MS, googleEndpoint: 'http://198.51.100.1' };
    await expect(openUsageSources(parseUsageSources('run:acme-prod'), options)).rejects.toMatchObject({
      code: 'GOOGLE_ENDPOINT_REFUSED',
    });
    const usage = await lazyUsage(
      async () => (await openUsageSources(parseUsageSources('run:acme-prod'), options)).usage,
    ).read();
    expect(usage.answers).toMatchObject([
      { kind: 'unknown', reason: expect.stringMatching(/not on this machine/) },
    ]);
  });
});

describe('a reader that many ask', () => {
  it('reads one time after the other, and answers nobody with what was read before they asked', async () => {
    const started: PromiseWithResolvers<void>[] = [];
    let count = 0;
    const reader = oneAtATime({
      async read(): Promise<Usage> {
        const gate = Promise.withResolvers<void>();
        started.push(gate);
        count += 1;
        const source = `reading ${count}`;
        await gate.promise;
        return { version: 1, answers: [{ kind: 'unknown', source, reason: '' }] };
      },
    });
    const first = reader.read();
    const second = [reader.read(), reader.read(), reader.read()];
    await turn();
    expect(started).toHaveLength(1);
    started[0]?.resolve();
    await first;
    await turn();
    expect(started).toHaveLength(2);
    const third = reader.read();
    started[1]?.resolve();
    await Promise.all(second);
    await turn();
    started[2]?.resolve();
    const sources = (await Promise.all([first, ...second, third])).map(({ answers }) => answers[0]?.source);
    expect(sources).toEqual(['reading 1', 'reading 2', 'reading 2', 'reading 2', 'reading 3']);
    expect(started).toHaveLength(3);
  });

  it('reads again after a reading that failed', async () => {
    let count = 0;
    const reader = oneAtATime({
      async read() {
        count += 1;
        if (count === 1) throw new Error('no');
        return { version: 1, answers: [] };
      },
    });
    const [first, second] = await Promise.allSettled([reader.read(), reader.read()]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
  });
});
