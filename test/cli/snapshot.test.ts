import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Plan } from '../../shared/core/plan.ts';
import { parseSnapshot, type Snapshot } from '../../shared/core/snapshot.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { POLICY, setStage } from '../app/stage.ts';
import { warden } from '../support/command.ts';

/** A directory with a policy, and what the commands are told of it. */
async function folder(): Promise<{ path: string; policies: string[]; ledger: string[] }> {
  const path = mkdtempSync(join(tmpdir(), 'gcr-warden-snapshot-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  await writeFile(join(path, 'services.yaml'), POLICY);
  return { path, policies: ['--policies', path], ledger: ['--ledger', join(path, 'ledger.sqlite')] };
}

describe('gcr-warden snapshot', () => {
  it('writes a file that plan --from plans from without a request, and apply takes that plan', async () => {
    const { path, policies, ledger } = await folder();
    const stage = await setStage();
    const { digest } = await stage.push('one', ['pr-1'], 200);
    await stage.push('two', ['stable'], 200);
    const file = join(path, 'services.json');
    const plan = join(path, 'plan.json');

    const taken = await warden(['snapshot', `${stage.registry.host}/acme`, '--out', file, ...ledger]);
    expect(taken).toMatchObject({ exitCode: 0, stderr: '' });
    expect(taken.stdout).toBe(`${file}: 1 repositories with 2 manifests.\n`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);

    const requests = { ...stage.registry.requests };
    const planned = await warden(['plan', '--from', file, ...policies, '--out', plan, '--json']);
    expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
    expect(stage.registry.requests).toEqual(requests);
    const made = JSON.parse(planned.stdout) as Plan;
    const snapshot = JSON.parse(await readFile(file, 'utf8')) as Snapshot;
    expect(made.createdAtMs).toBe(snapshot.takenAtMs);
    expect(made.repositories[0]?.steps.map((step) => (step.kind === 'untag' ? step.tag : step.kind))).toEqual(
      ['pr-1', 'delete'],
    );

    const applied = await warden(['apply', plan, '--yes', ...ledger]);
    expect(applied.stdout).toMatch(/deleted 1 tag and 1 digest/);
    expect(Object.values(await stage.standing())).toEqual([['stable']]);
    const explained = await warden(['explain', ...ledger, `${stage.name}@${digest}`]);
    expect(explained.stdout).toContain('rule pull-requests of policy services');
  });

  it('does not make an old snapshot fresh: apply refuses the plan by the age of what it knows', async () => {
    const { path, policies, ledger } = await folder();
    const stage = await setStage();
    await stage.push('one', ['pr-1'], 200);
    const file = join(path, 'services.json');
    const plan = join(path, 'plan.json');
    await warden(['snapshot', `${stage.registry.host}/acme`, '--out', file, ...ledger]);
    const snapshot = parseSnapshot(await readFile(file, 'utf8'), file);
    await writeFile(file, JSON.stringify({ ...snapshot, takenAtMs: snapshot.takenAtMs - 2 * DAY_MS }));
    await warden(['plan', '--from', file, ...policies, '--out', plan]);
    const applied = await warden(['apply', plan, '--yes', ...ledger]);
    expect(applied.exitCode).toBe(2);
    expect(applied.stderr).toContain('error: PLAN_TOO_OLD: ');
    expect(Object.values(await stage.standing())).toEqual([['pr-1']]);
  });

  it.each([
    ['a file that is not there', ['--from', 'nowhere.json'], 'SNAPSHOT_INVALID'],
    ['a file that is no snapshot', ['--from', 'package.json'], 'SNAPSHOT_INVALID'],
    ['a target beside the snapshot', ['--from', 'nowhere.json', 'gcr.io/acme'], 'OPTION_INVALID'],
    ['what runs now beside the snapshot', ['--from', 'nowhere.json', '--in-use', 'a.json'], 'OPTION_INVALID'],
    ['neither a target nor a snapshot', [], 'OPTION_INVALID'],
  ])('plan ends with 2 for %s', async (_title, args, code) => {
    const { policies } = await folder();
    const planned = await warden(['plan', ...policies, ...args]);
    expect(planned.stderr).toMatch(new RegExp(`^error: ${code}: `));
    expect(planned.exitCode).toBe(2);
  });
});
