import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, pullRequests, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(['pr-1', 'pr-2']);
});
afterAll(() => stage.close());

it('marks with apply, lists what waits, releases one onto a hold, and begins anew after a hold', async () => {
  const policy = pullRequests('enforce', 'limits: { share: 100%, mayEmpty: true }\nquarantine: 7d\n');
  const folder = await stage.policies('quarantine', { 'pull-requests.yaml': policy });
  const file = stage.path('plan.json');
  const planned = await stage.warden(['plan', '--policies', folder, '--out', file, stage.target]);
  expect(planned.stdout).toContain('goes into quarantine for 7 d');
  expect(planned.stdout).toContain('In quarantine: 0 artifacts wait, 2 would go into it.');
  const applied = await stage.warden(['apply', file, '--yes']);
  expect(applied).toMatchObject({ exitCode: 0 });
  expect(applied.stdout).toContain('2 artifacts went into quarantine, to go from ');
  expect(stage.registry.requests['DELETE manifests']).toBeUndefined();

  const listed = await stage.warden(['quarantine', 'list', '--json']);
  const lists = JSON.parse(listed.stdout) as {
    repository: string;
    marks: { root: string; tags: string[] }[];
  }[];
  expect(lists.flatMap(({ marks }) => marks.flatMap(({ tags }) => tags)).sort()).toEqual(['pr-1', 'pr-2']);
  const repository = lists[0]?.repository ?? '';
  const released = await stage.warden([
    'quarantine',
    'release',
    `${repository}:pr-1`,
    '--reason',
    'still shipped',
    '--by',
    'ann@example.com',
  ]);
  expect(released).toMatchObject({ exitCode: 0 });
  expect(released.stdout).toMatch(/^It is in quarantine no more\.\n[\s\S]*held by ann@example\.com until /);
  const left = await stage.warden(['quarantine', 'list', repository]);
  expect(left.stdout).toContain('pr-2');
  expect(left.stdout).not.toContain('pr-1');
  const explained = await stage.warden(['explain', `${repository}:pr-1`]);
  expect(explained.stdout.replaceAll(/\s+/g, ' ')).toContain('released: by ann@example.com: still shipped');

  const hold = [`${repository}:pr-2`];
  expect((await stage.warden(['hold', 'add', ...hold, '--reason', 'audit'])).exitCode).toBe(0);
  expect((await stage.warden(['hold', 'remove', ...hold])).exitCode).toBe(0);
  expect((await stage.warden(['quarantine', 'list'])).stdout).toBe('Nothing is in quarantine.\n');
}, 120_000);

it('holds by one name of a repository what is asked for by another, and lets go of it by either', async () => {
  const [legacy, current] = ['gcr.io/acme/api', 'us-docker.pkg.dev/acme/gcr.io/api'];
  expect((await stage.warden(['hold', 'add', `${legacy}:v1`, '--reason', 'audit'])).exitCode).toBe(0);
  expect((await stage.warden(['hold', 'list', current])).stdout).toContain('v1');
  expect((await stage.warden(['hold', 'remove', `${current}:v1`])).exitCode).toBe(0);
  expect(JSON.parse((await stage.warden(['hold', 'list', legacy, '--json'])).stdout)).toEqual([]);
}, 120_000);
