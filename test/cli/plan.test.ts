import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Listing } from '../../shared/core/listing.ts';
import type { Plan, Step } from '../../shared/core/plan.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

const KEEP_ALL = `apiVersion: gcr-warden/v1
policy: frozen
repositories: ["*/acme/**"]
keep:
  - everything: { all: true }
`;

const BROKEN = `apiVersion: gcr-warden/v1
policy: broken
repositories: ["*/other/**"]
delete:
  - old: { oldrThan: 14d }
`;

function untagged(plan: Plan): string[] {
  const steps: Step[] = plan.repositories.flatMap((repository) => repository.steps);
  return steps.flatMap((step) => (step.kind === 'untag' ? [step.tag] : []));
}

describe('commands that read a registry and policies', () => {
  let stage: Stage;
  let enforced: string;

  beforeAll(async () => {
    stage = await openStage(['1.0.0', '1.1.0', 'pr-1']);
    enforced = await stage.policies('enforced', { 'pull-requests.yaml': pullRequests('enforce') });
  });
  afterAll(() => stage.close());

  it('list what is there, for people and as JSON', async () => {
    const [text, json] = await Promise.all([
      stage.warden(['list', stage.target]),
      stage.warden(['list', '--json', stage.target]),
    ]);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toMatch(/\/acme\/api +3 manifests/);
    const { listings } = JSON.parse(json.stdout) as { listings: Listing[] };
    expect(listings.map(({ repository, manifests }) => [repository, manifests.length])).toEqual([
      [`${stage.target}/api`, 3],
    ]);
  });

  it('end with 0 where something would go, and delete nothing', async () => {
    const out = stage.path('plan.json');
    const run = await stage.warden(['plan', '--policies', enforced, '--out', out, '--json', stage.target]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await readFile(out, 'utf8')).toBe(run.stdout);
    expect(untagged(JSON.parse(run.stdout) as Plan)).toEqual(['pr-1']);
    expect(stage.registry.requests['DELETE manifests'] ?? 0).toBe(0);
  });

  it('end with 0 where nothing would go, and where a keep rule of another policy keeps it', async () => {
    const folder = await stage.policies('kept', {
      'frozen.yaml': KEEP_ALL,
      'pull-requests.yaml': pullRequests('enforce'),
    });
    const run = await stage.warden(['plan', '--policies', folder, stage.target]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/0 of 3 manifests and 0 tags would go/);
  });

  it('print an error in a policy with its place, end with 1, and plan the other policies', async () => {
    const folder = await stage.policies('mixed', {
      'broken.yaml': BROKEN,
      'pull-requests.yaml': pullRequests('enforce'),
    });
    const plan = await stage.warden(['plan', '--policies', folder, '--json', stage.target]);
    expect(plan.exitCode).toBe(1);
    expect(untagged(JSON.parse(plan.stdout) as Plan)).toEqual(['pr-1']);

    const text = await stage.warden(['plan', '--policies', folder, stage.target]);
    expect(text.exitCode).toBe(1);
    expect(text.stdout).toMatch(/broken\.yaml:5:12: POLICY_UNKNOWN_KEY: .*olderThan/);
    expect(text.stdout).toMatch(/1 of 3 manifests and 1 tags? would go/);
  });

  it('delete nothing from what a broken policy selects and may keep', async () => {
    const broken = KEEP_ALL.replace('all: true', 'al: true');
    const folder = await stage.policies('guarded', {
      'broken.yaml': broken,
      'pull-requests.yaml': pullRequests('enforce'),
    });
    const out = stage.path('guarded.json');
    const plan = await stage.warden(['plan', '--policies', folder, '--out', out, stage.target]);
    expect(plan.exitCode).toBe(1);
    expect(plan.stdout).toMatch(/Nothing will be deleted here: broken\.yaml:5:19: /);
    const applied = await stage.warden(['apply', out, '--yes']);
    expect(applied.exitCode).toBe(1);
    expect(stage.registry.requests['DELETE manifests'] ?? 0).toBe(0);
  });

  it('plan nothing where the folder of policies is not there', async () => {
    const run = await stage.warden(['plan', '--policies', stage.path('none'), stage.target]);
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toMatch(/^error: POLICY_SOURCE_UNREADABLE: /);
  });

  it('say that a plan could not be written', async () => {
    const out = stage.path('no-such-folder/plan.json');
    const run = await stage.warden(['plan', '--policies', enforced, '--out', out, stage.target]);
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toMatch(/^error: PLAN_UNWRITABLE: /);
  });

  it('never take a registry that can not be read for an empty one', async () => {
    const closed = createServer((_request, response) => response.writeHead(403).end());
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    try {
      const target = `localhost:${(closed.address() as AddressInfo).port}/acme`;
      const [list, plan] = await Promise.all([
        stage.warden(['list', target]),
        stage.warden(['plan', '--policies', enforced, target]),
      ]);
      for (const run of [list, plan]) {
        expect(run.exitCode).toBe(1);
        expect(run.stdout).toMatch(/^Not all repositories were seen: .* answered 403/);
        expect(run.stdout).not.toMatch(/No repository there/);
      }
    } finally {
      closed.close();
    }
  });
});
