import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planId } from '../../shared/core/assemble-plan.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { DAY_MS, HOUR_MS } from '../../shared/core/units.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

const TAGS = ['1.0.0', '1.1.0', 'pr-1'];

describe('gcr-warden apply', () => {
  let stage: Stage;
  let plan: Plan;

  beforeAll(async () => {
    stage = await openStage(TAGS);
    const folder = await stage.policies('enforced', { 'pull-requests.yaml': pullRequests('enforce') });
    const planned = await stage.warden([
      'plan',
      '--policies',
      folder,
      '--out',
      stage.path('plan.json'),
      stage.target,
    ]);
    expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
    plan = JSON.parse(await readFile(stage.path('plan.json'), 'utf8')) as Plan;
  });
  afterAll(() => stage.close());

  const renamed = (changed: Plan): string => JSON.stringify({ ...changed, id: planId(changed) });
  const aged = (ageMs: number): string => renamed({ ...plan, createdAtMs: Date.now() - ageMs });
  const asJson = (): string => JSON.stringify(plan);

  it.each<[string, string, () => string]>([
    ['is older than a day', 'PLAN_TOO_OLD', () => aged(DAY_MS + HOUR_MS)],
    ['comes from the future', 'PLAN_FROM_FUTURE', () => aged(-HOUR_MS)],
    ['was edited', 'PLAN_INVALID', () => asJson().replaceAll('"pr-1"', '"1.1.0"')],
    ['is cut', 'PLAN_INVALID', () => asJson().slice(0, -20)],
    [
      'has a step of a policy in mode: plan',
      'PLAN_NOT_ENFORCED',
      () => renamed(JSON.parse(asJson().replaceAll('"enforce"', '"plan"')) as Plan),
    ],
  ])('refuses a plan that %s', async (_title, code, text) => {
    await writeFile(stage.path('refused.json'), text());
    const { exitCode, stdout, stderr } = await stage.warden(['apply', stage.path('refused.json'), '--yes']);
    expect(stderr).toMatch(new RegExp(`^error: ${code}: `));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('refuses what "plan" makes of a policy in mode: plan, and names the policy', async () => {
    const folder = await stage.policies('trial', { 'trial.yaml': pullRequests('plan') });
    const file = stage.path('trial.json');
    const planned = await stage.warden(['plan', '--policies', folder, '--out', file, stage.target]);
    expect(planned.exitCode).toBe(0);
    const { exitCode, stderr } = await stage.warden(['apply', file, '--yes']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: PLAN_NOT_ENFORCED: .*pull-requests \(trial\.yaml\)/);

    // Leaving such steps out is what --only-enforced is for.
    await stage.warden(['plan', '--policies', folder, '--only-enforced', '--out', file, stage.target]);
    const nothing = await stage.warden(['apply', file, '--yes']);
    expect(nothing).toMatchObject({ exitCode: 0, stdout: 'Nothing to do: the plan has no steps.\n' });
  });

  it('asks for --yes where there is no terminal to ask on', async () => {
    const { exitCode, stderr } = await stage.warden(['apply', stage.path('plan.json')]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: CONFIRMATION_MISSING: Delete 1 .*--yes/);
  });

  it('refuses a file that is not there', async () => {
    const { exitCode, stderr } = await stage.warden(['apply', stage.path('none.json'), '--yes']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: PLAN_INVALID: .*none\.json can't be read/);
  });

  it('leaves a repository over a limit alone, and ends with 1', async () => {
    const limited = pullRequests('enforce', 'limits: { share: 1% }\n');
    const folder = await stage.policies('limited', { 'limited.yaml': limited });
    const file = stage.path('limited.json');
    const planned = await stage.warden(['plan', '--policies', folder, '--out', file, stage.target]);
    expect(planned.exitCode).toBe(0);
    expect(planned.stdout).toMatch(/Nothing will be deleted here: 1 of 3 manifests would go/);
    const { exitCode, stdout } = await stage.warden(['apply', file, '--yes']);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/Left alone: 1 of 3 manifests would go/);
  });

  it('offers the oldest part that fits where a repository is over a limit', async () => {
    const limited = pullRequests('enforce', 'limits: { digests: 1, share: 67% }\n').replace(
      'tags: { glob: "pr-*" }',
      'state: tagged',
    );
    const folder = await stage.policies('neglected', { 'neglected.yaml': limited });
    const file = stage.path('neglected.json');
    const plan = ['plan', '--policies', folder, '--out', file, stage.target];
    const whole = await stage.warden(plan);
    expect(whole.stdout).toMatch(
      /3 manifests would go; policy pull-requests allows 1 a run. "plan --oldest 1"/,
    );
    const oldest = await stage.warden([...plan, '--oldest', '1']);
    expect(oldest).toMatchObject({ exitCode: 0, stderr: '' });
    expect(oldest.stdout).toMatch(/1 of 3 manifests \(33.3 %\) in 2 steps/);
    expect(oldest.stdout).toMatch(/Only the oldest part is planned, 1 manifest at most/);
    const { repositories } = JSON.parse(await readFile(file, 'utf8')) as Plan;
    expect(repositories[0]?.steps.map((step) => (step.kind === 'untag' ? step.tag : step.kind))).toEqual([
      TAGS[0],
      'delete',
    ]);
    expect((await stage.warden([...plan, '--oldest', 'some'])).stderr).toMatch(/^error: OPTION_INVALID/);
  });

  it.each<[string, string, (id: string) => string[]]>([
    [
      'of another plan',
      'APPROVAL_INVALID',
      (id) => [id.replace(/.$/, (last) => (last === '0' ? '1' : '0')), 'x'],
    ],
    ['without a reason', 'OPTION_INVALID', (id) => [id]],
    ['by something that is no id', 'OPTION_INVALID', () => ['latest', 'x']],
  ])('takes no approval %s', async (_title, code, words) => {
    const [id = '', reason] = words(plan.id);
    const why = reason === undefined ? [] : ['--reason', reason];
    const file = stage.path('plan.json');
    const refused = await stage.warden(['apply', file, '--yes', '--approve', id, '--by', 'ann', ...why]);
    expect(refused.stderr).toMatch(new RegExp(`^error: ${code}: `));
    expect(refused.exitCode).toBe(2);
  });

  it('deleted nothing so far', async () => {
    expect(stage.registry.requests['DELETE manifests'] ?? 0).toBe(0);
    expect(await stage.tags()).toEqual(TAGS);
  });

  it('does what the plan says, tells each outcome, and does it once', async () => {
    const first = await stage.warden(['apply', stage.path('plan.json'), '--yes']);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toMatch(/tag pr-1 .* deleted\ndigest .* deleted\n/);
    expect(await stage.tags()).toEqual(['1.0.0', '1.1.0']);

    const again = await stage.warden(['apply', stage.path('plan.json'), '--yes', '--json']);
    expect(again.exitCode).toBe(0);
    const results = JSON.parse(again.stdout) as { results: { outcome: { kind: string } }[] }[];
    expect(results.flatMap((one) => one.results.map(({ outcome }) => outcome.kind))).toEqual([
      'already gone',
      'already gone',
    ]);
  });

  it('lets one plan go over its limits where a person approves it, and records who and why', async () => {
    const limited = pullRequests('enforce', 'limits: { digests: 1, mayEmpty: true, share: 1% }\n').replace(
      'tags: { glob: "pr-*" }',
      'state: tagged',
    );
    const folder = await stage.policies('approved', { 'approved.yaml': limited });
    const file = stage.path('approved.json');
    await stage.warden(['plan', '--policies', folder, '--out', file, stage.target]);
    const { id } = JSON.parse(await readFile(file, 'utf8')) as Plan;
    expect((await stage.warden(['apply', file, '--yes'])).exitCode).toBe(1);
    const words = ['--approve', id, '--by', 'ann@example.com', '--reason', 'looked at each'];
    const asked = await stage.warden(['apply', file, ...words]);
    expect(asked.stderr).toMatch(/^error: CONFIRMATION_MISSING: Delete 2 manifests and 2 tags/);
    const applied = await stage.warden(['apply', file, '--yes', ...words]);
    expect(applied).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await stage.warden(['list', stage.target])).stdout).toBe('No repository there.\n');
    const history = await stage.warden(['history']);
    expect(history.stdout.replace(/\s+/g, ' ')).toContain(
      '4 deleted (over a limit, approved by ann@example.com: looked at each)',
    );
  });
});
