import { afterAll, describe, expect, it } from 'vitest';
import type { EstateFunction } from '../../../local/google-apis/estate.ts';
import type { CloudRunRegion, Workloads } from '../../../local/google-apis/workload.ts';
import { readAssetInventory } from '../../../shared/adapters/usage/asset-inventory.ts';
import { readCloudRun } from '../../../shared/adapters/usage/cloud-run.ts';
import { readCompute } from '../../../shared/adapters/usage/compute.ts';
import { readFunctions } from '../../../shared/adapters/usage/functions.ts';
import { HOUR_MS } from '../../../shared/core/units.ts';
import { standingFor } from '../../../shared/core/usage/standing.ts';
import type { Usage } from '../../../shared/core/usage.ts';
import { API, closeAll, digest, NOW_MS, PROJECT, pod, standIns } from './stage.ts';

afterAll(closeAll);

/** What is used, by digest or else by tag, sorted. */
function used({ answers }: Usage): string[] {
  return answers
    .flatMap((answer) =>
      answer.kind === 'unknown' ? [] : answer.uses.map(({ digest, tag }) => digest ?? tag ?? ''),
    )
    .sort();
}

const AT = `projects/${PROJECT}/locations/europe-west1`;
const revision = (service: string, number: number, digit: string, kind = 'services'): object => ({
  name: `${AT}/${kind}/${service}/revisions/${service}-0000${number}`,
  ...(kind === 'services' ? { service } : {}),
  createTime: `2026-02-0${number}T00:00:00Z`,
  containers: [{ image: `${API}:${number}` }],
  containerStatuses: [{ name: 'api-1', imageDigest: `${API}@${digest(digit)}` }],
});
const service = (name: string, revisions: readonly number[], kind = 'services'): object => ({
  name: `${AT}/${kind}/${name}`,
  updateTime: '2026-02-20T00:00:00Z',
  template: { containers: [{ image: `${API}:next` }] },
  latestReadyRevision: `${AT}/${kind}/${name}/revisions/${name}-0000${revisions[0]}`,
  [kind === 'services' ? 'trafficStatuses' : 'instanceSplitStatuses']: revisions.map((number) => ({
    type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
    revision: `${name}-0000${number}`,
    percent: 50,
  })),
});

const REGION: CloudRunRegion = {
  project: PROJECT,
  location: 'europe-west1',
  services: [service('shop', [4, 1])],
  revisions: [
    revision('shop', 1, 'a'),
    revision('shop', 2, 'b'),
    revision('shop', 3, 'c'),
    revision('shop', 4, 'd'),
  ],
  workerPools: [service('pool', [2], 'workerPools')],
  poolRevisions: [revision('pool', 1, 'e', 'workerPools'), revision('pool', 2, 'f', 'workerPools')],
  jobs: [
    {
      name: `${AT}/jobs/nightly`,
      createTime: '2026-01-01T00:00:00Z',
      template: { template: { containers: [{ image: `${API}:job` }] } },
    },
  ],
  executions: [
    {
      name: `${AT}/jobs/nightly/executions/nightly-x`,
      template: { containers: [{ image: `${API}@${digest('1')}` }] },
    },
    {
      name: `${AT}/jobs/nightly/executions/nightly-a`,
      completionTime: '2026-02-01T00:00:00Z',
      template: { containers: [{ image: `${API}@${digest('2')}` }] },
    },
  ],
};

describe('Cloud Run', () => {
  const read = async (
    workloads: Workloads,
    revisions: number,
    more: { denied?: string[]; pageSizeMax?: number } = {},
  ) => {
    const { rest, clock } = await standIns({ workloads, ...more });
    return readCloudRun({ rest, project: PROJECT, clock, revisions }).read();
  };

  it('names revisions that serve and the newest of each service, worker pools, jobs and executions under way', async () => {
    const usage = await read({ regions: [REGION] }, 1);
    expect(usage.answers).toMatchObject([{ kind: 'complete', source: 'Cloud Run of acme', asOfMs: NOW_MS }]);
    // a and d serve; f is the pool's; the template of each would start :next.
    expect(used(usage)).toEqual(
      ['job', 'next', 'next', digest('1'), digest('a'), digest('d'), digest('f')].sort(),
    );
  });

  it('names as many of the newest revisions as asked', async () => {
    const three = used(await read({ regions: [REGION] }, 3));
    expect(three).toEqual(expect.arrayContaining([digest('b'), digest('c'), digest('e')]));
    expect(used(await read({ regions: [REGION] }, 2))).not.toContain(digest('b'));
  });

  it('names the digest of a revision, and no tag, which is never pulled again', async () => {
    const { answers } = await read(
      {
        regions: [{ ...REGION, services: [], workerPools: [], jobs: [], executions: [], poolRevisions: [] }],
      },
      0,
    );
    const uses = answers[0]?.kind === 'complete' ? answers[0].uses : [];
    // Without its service nobody knows what a revision serves, so all count.
    expect(uses.map(({ digest: found, tag }) => [found, tag])).toEqual(
      ['a', 'b', 'c', 'd'].map((digit) => [digest(digit), null]),
    );
  });

  it('reads every page', async () => {
    const whole = used(await read({ regions: [REGION] }, 9));
    expect(used(await read({ regions: [REGION] }, 9, { pageSizeMax: 1 }))).toEqual(whole);
    expect(whole).toHaveLength(4 + 2 + 2 + 1 + 1);
  });

  it.each([
    ['the project', [PROJECT]],
    ['a region', ['us-central1']],
    ['the service', ['run']],
    ['jobs alone', ['run jobs']],
  ])('answers unknown where %s is denied', async (_title, denied) => {
    const { answers } = await read({ regions: [REGION] }, 1, { denied });
    expect(answers).toMatchObject([{ kind: 'unknown', reason: expect.stringMatching(/PERMISSION_DENIED/) }]);
  });

  it('answers unknown where a region could not be reached', async () => {
    const { answers } = await read({ regions: [{ ...REGION, unreachable: [AT] }] }, 1);
    expect(answers).toMatchObject([
      { kind: 'unknown', reason: expect.stringMatching(/in europe-west1 could not all be reached/) },
    ]);
  });
});

describe('Compute Engine', () => {
  const declared = (image: string, more = ''): object => ({
    items: [
      {
        key: 'gce-container-declaration',
        value: `spec:\n  containers:\n  - name: c\n    image: ${image}\n${more}`,
      },
    ],
  });
  const instance = (name: string, image: string): object => ({
    name,
    creationTimestamp: '2026-01-01T00:00:00Z',
    selfLink: `https://www.googleapis.com/compute/v1/projects/${PROJECT}/zones/europe-west1-b/instances/${name}`,
    metadata: declared(image),
  });
  const MACHINES: NonNullable<Workloads['machines']> = [
    {
      project: PROJECT,
      scope: 'zones/europe-west1-b',
      instances: [instance('a', `${API}:1`), instance('b', `${API}@${digest('b')}`), { name: 'plain' }],
    },
    { project: PROJECT, scope: 'zones/us-central1-a' },
    {
      project: PROJECT,
      scope: 'global',
      instanceTemplates: [
        { name: 't', properties: { metadata: declared(`${API}:3`, '    stdin: false\n') } },
      ],
    },
  ];
  const read = async (machines: typeof MACHINES, more: { denied?: string[]; pageSizeMax?: number } = {}) => {
    const { rest, clock } = await standIns({ workloads: { machines }, ...more });
    return readCompute({ rest, project: PROJECT, clock }).read();
  };

  it.each([500, 1])('names what instances and templates declare, with %i on a page', async (pageSizeMax) => {
    const usage = await read(MACHINES, { pageSizeMax });
    expect(used(usage)).toEqual(['1', '3', digest('b')]);
    expect(usage.answers).toMatchObject([
      {
        kind: 'complete',
        uses: expect.arrayContaining([
          expect.objectContaining({
            by: 'Compute Engine instance acme/europe-west1-b/a',
            sinceMs: Date.parse('2026-01-01'),
          }),
        ]),
      },
    ]);
  });

  it.each<[string, typeof MACHINES, { denied?: string[] }, RegExp]>([
    [
      'a zone does not answer',
      [{ project: PROJECT, scope: 'zones/x', warning: 'UNREACHABLE' }],
      {},
      /zones\/x is not complete: UNREACHABLE/,
    ],
    ['the project is denied', MACHINES, { denied: [PROJECT] }, /PERMISSION_DENIED/],
    [
      'a declaration can not be read',
      [{ project: PROJECT, scope: 'zones/x', instances: [instance('a', '"secret: [')] }],
      {},
      /instance acme\/europe-west1-b\/a is no YAML/,
    ],
  ])('answers unknown where %s', async (_title, machines, more, reason) => {
    const { answers } = await read(machines, more);
    expect(answers).toMatchObject([{ kind: 'unknown', reason: expect.stringMatching(reason) }]);
    expect(JSON.stringify(answers)).not.toContain('secret');
  });
});

describe('Cloud Run functions', () => {
  const own = (repository: string): string =>
    `projects/${PROJECT}/locations/europe-west1/repositories/${repository}`;
  const one = (name: string, more: Partial<EstateFunction> = {}): EstateFunction => ({
    name,
    location: 'europe-west1',
    state: 'ACTIVE',
    account: 'run@acme.iam.gserviceaccount.com',
    environment: {},
    ...more,
  });
  const read = async (
    functions: readonly EstateFunction[],
    more: { denied?: string[]; pageSizeMax?: number } = {},
  ) => {
    const { rest, clock } = await standIns(more, [], functions);
    return readFunctions({ rest, project: PROJECT, clock }).read();
  };
  const standing = (usage: Usage, name: string): string =>
    standingFor({ version: 1, answers: [...COMPLETE, ...usage.answers] }, name).kind;
  const COMPLETE: Usage['answers'] = [{ kind: 'complete', source: 'a cluster', asOfMs: NOW_MS, uses: [] }];

  it.each([1000, 1])(
    'of the first generation make their repositories unknown, with %i on a page',
    async (pageSizeMax) => {
      const functions = [
        one('old', { generation: 1, dockerRepository: own('shop') }),
        one('usual', { generation: 1 }),
        one('new', { dockerRepository: own('web') }),
      ];
      const usage = await read(functions, { pageSizeMax });
      const at = (repository: string): string => `europe-west1-docker.pkg.dev/${PROJECT}/${repository}/api`;
      expect(standing(usage, at('shop'))).toBe('unknown');
      expect(standing(usage, at('gcf-artifacts'))).toBe('unknown');
      expect(standing(usage, at('web'))).toBe('complete');
      expect(standing(usage, at('shop').replace('europe-west1', 'us-central1'))).toBe('complete');
      expect(JSON.stringify(usage)).toContain('the first-generation function old runs');
    },
  );

  it('say nothing of anything where there are none', async () => {
    const usage = await read([one('new', { dockerRepository: own('web') })]);
    expect(usage.answers).toMatchObject([{ kind: 'best effort', uses: [] }]);
    expect(standingFor(usage, API).kind).toBe('best effort');
    expect(standing(usage, API)).toBe('complete');
  });

  it('are unknown where the project is denied, and where a repository has a name that can not be read', async () => {
    expect((await read([], { denied: ['cloudfunctions'] })).answers).toMatchObject([
      { kind: 'unknown', reason: expect.stringContaining('403') },
    ]);
    const usage = await read([one('odd', { generation: 1, dockerRepository: 'somewhere else' })]);
    expect(standing(usage, API)).toBe('unknown');
  });
});

describe('Cloud Asset Inventory', () => {
  const asset = (assetType: string, name: string, data: unknown) => ({ assetType, name, data });
  const ASSETS = [
    asset('k8s.io/Pod', '//container.googleapis.com/p', pod('api', 'a')),
    asset('apps.k8s.io/Deployment', '//d', { metadata: { name: 'api' }, spec: { template: pod('x', 'f') } }),
    asset('batch.k8s.io/CronJob', '//c', {
      metadata: { name: 'n' },
      spec: {
        jobTemplate: { spec: { template: { spec: { containers: [{ name: 'j', image: `${API}:cron` }] } } } },
      },
    }),
    asset('run.googleapis.com/Service', '//s', {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name: 'shop', namespace: '1', labels: { 'cloud.googleapis.com/location': 'europe-west1' } },
      spec: {
        template: { spec: { containers: [{ image: `${API}:knative` }] } },
        traffic: [{ revisionName: 'shop-1', percent: 100 }],
      },
      status: { traffic: [{ revisionName: 'shop-1', percent: 100 }] },
    }),
    ...[1, 2].map((number) =>
      asset('run.googleapis.com/Revision', `//r${number}`, {
        apiVersion: 'serving.knative.dev/v1',
        kind: 'Revision',
        metadata: {
          name: `shop-${number}`,
          namespace: '1',
          creationTimestamp: `2026-02-0${number}T00:00:00Z`,
          labels: { 'cloud.googleapis.com/location': 'europe-west1', 'serving.knative.dev/service': 'shop' },
        },
        spec: { containers: [{ image: `${API}:${number}` }] },
        status: { imageDigest: `${API}@${digest(String(number))}` },
      }),
    ),
    asset('storage.googleapis.com/Bucket', '//b', {}),
  ];
  const ORGANISATION = 'organizations/1';
  const read = async (
    readTime: string,
    more: { denied?: string[]; pageSizeMax?: number; scope?: string; assets?: typeof ASSETS } = {},
  ) => {
    const { scope = ORGANISATION, assets = ASSETS, ...options } = more;
    const { rest, clock } = await standIns({
      workloads: { assets: { [ORGANISATION]: { readTime, assets } } },
      ...options,
    });
    return readAssetInventory({
      rest,
      scope,
      clock,
      ageMaxMs: HOUR_MS,
      rollbackDepth: 10,
      revisions: 0,
    }).read();
  };

  it.each([1000, 1])(
    'names what runs anywhere below, by best effort, with %i on a page',
    async (pageSizeMax) => {
      const usage = await read('2026-03-01T09:30:00Z', { pageSizeMax });
      expect(usage.answers).toMatchObject([
        {
          kind: 'best effort',
          source: 'Cloud Asset Inventory of organizations/1',
          asOfMs: Date.parse('2026-03-01T09:30:00Z'),
        },
      ]);
      expect(used(usage)).toEqual(['1', 'cron', 'knative', digest('1'), digest('a')]);
    },
  );

  it.each<[string, Parameters<typeof read>, RegExp]>([
    ['its answer is older than allowed', ['2026-03-01T08:59:00Z'], /it is .* old, and may be 1 h at most/],
    ['it does not tell its time', [''], /does not tell when/],
    ['the scope is denied', ['2026-03-01T09:30:00Z', { denied: [ORGANISATION] }], /PERMISSION_DENIED/],
    ['the scope is not its', ['2026-03-01T09:30:00Z', { scope: 'folders/7' }], /PERMISSION_DENIED/],
    [
      'an asset comes without its content',
      ['2026-03-01T09:30:00Z', { assets: [asset('k8s.io/Pod', '//p', null)] }],
      /content of \/\/p/,
    ],
    [
      'a pod can not be read',
      ['2026-03-01T09:30:00Z', { assets: [asset('k8s.io/Pod', '//p', {})] }],
      /no list of containers/,
    ],
  ])('answers unknown where %s', async (_title, args, reason) => {
    expect((await read(...args)).answers).toMatchObject([
      { kind: 'unknown', reason: expect.stringMatching(reason) },
    ]);
  });
});
