import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

const TAGS = Array.from({ length: 60 }, (_, index) => `pr-${index + 10}`);
const LIMITS = 'limits: { share: 100%, mayEmpty: true }\n';

describe('gcr-warden stop and start', () => {
  let stage: Stage;
  let file: string;

  beforeAll(async () => {
    stage = await openStage(TAGS);
    file = stage.path('plan.json');
    const folder = await stage.policies('enforced', {
      'pull-requests.yaml': pullRequests('enforce', LIMITS),
    });
    const planned = await stage.warden(['plan', '--policies', folder, '--out', file, stage.target]);
    expect(planned.exitCode).toBe(0);
  });
  afterAll(() => stage.close());

  const deletes = (): number => stage.registry.requests['DELETE manifests'] ?? 0;

  it('halts a run of another process within 5 s, which says who stopped it and ends with 1', async () => {
    // 60 images, each a look, a tag and a digest of 100 ms one after the other: 18 s without an order.
    stage.registry.latencyMs = 100;
    const running = applying(stage, file);
    await expect.poll(deletes, { timeout: 60_000 }).toBeGreaterThan(0);
    const stopped = await stage.warden(['stop', '--reason', 'wrong images', '--by', 'ann@example.com']);
    expect(stopped).toMatchObject({ exitCode: 0, stderr: '' });
    expect(stopped.stdout).toMatch(/^ann@example.com stopped everything on .*: wrong images\./);
    await pause(5_000);
    const sent = deletes();
    await pause(1_000);
    expect(deletes()).toBe(sent);
    const ended = await running;
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(/Left alone: ann@example.com stopped everything on .*: wrong images/);
    expect(ended.stdout).toMatch(/skipped: stopped/);
    stage.registry.latencyMs = 0;
    expect((await stage.tags()).length).toBeGreaterThan(0);
  });

  it('lets no run begin, and lets the rest go once it is lifted', async () => {
    const before = deletes();
    const left = await stage.warden(['apply', file, '--yes']);
    expect(left.exitCode).toBe(1);
    expect(left.stdout).toMatch(/Left alone: ann@example.com stopped/);
    expect(deletes()).toBe(before);

    const lifted = await stage.warden(['start']);
    expect(lifted).toMatchObject({ exitCode: 0, stderr: '' });
    expect(lifted.stdout).toMatch(
      /^Runs may begin again\. ann@example.com stopped everything on .*: wrong images\.\n$/,
    );
    expect((await stage.warden(['start'])).stdout).toBe('Nothing was stopped.\n');
    expect(await stage.warden(['apply', file, '--yes'])).toMatchObject({ exitCode: 0, stderr: '' });
    const list = await stage.warden(['list', stage.target]);
    expect(list.stdout).toBe('No repository there.\n');
  });
});

/** Applies one request after the other, in a process of its own. */
function applying(stage: Stage, file: string): Promise<{ exitCode: number | null; stdout: string }> {
  return new Promise((resolve, reject) => {
    const args = ['bin/gcr-warden.js', 'apply', file, '--yes', '--concurrency', '1'];
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: {
        ...process.env,
        NO_COLOR: '1',
        DOCKER_CONFIG: stage.path(''),
        GCR_WARDEN_LEDGER: stage.path('ledger.sqlite'),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 40_000,
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, stdout }));
  });
}
