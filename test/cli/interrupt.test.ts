import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

const TAGS = Array.from({ length: 12 }, (_, index) => `pr-${index + 10}`);
const LIMITS = 'limits: { share: 100%, mayEmpty: true }\n';

describe('gcr-warden apply, interrupted', () => {
  let stage: Stage;
  let folder: string;

  beforeAll(async () => {
    stage = await openStage(TAGS);
    folder = await stage.policies('enforced', { 'pull-requests.yaml': pullRequests('enforce', LIMITS) });
  });
  afterAll(() => stage.close());

  it('finishes what is under way, ends with 1, and takes up the rest when it is applied again', async () => {
    const file = stage.path('plan.json');
    const planned = await stage.warden(['plan', '--policies', folder, '--out', file, stage.target]);
    expect(planned.exitCode).toBe(0);
    stage.registry.latencyMs = 50;
    const stopped = await applyUntilFirstDelete(stage, file);
    stage.registry.latencyMs = 0;
    expect(stopped.exitCode).toBe(1);
    expect(stopped.stderr).toMatch(/^Stopping after the requests under way/);
    expect(stopped.stdout).toMatch(/ deleted\n/);
    expect(stopped.stdout).toMatch(/skipped: stopped/);
    const left = await stage.tags();
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(TAGS.length);

    const rest = await stage.warden(['apply', file, '--yes']);
    expect(rest).toMatchObject({ exitCode: 0, stderr: '' });
    const list = await stage.warden(['list', stage.target]);
    expect(list).toEqual({ exitCode: 0, stdout: 'No repository there.\n', stderr: '' });
  });
});

/** Applies one request after the other, and sends Ctrl-C once something was deleted. */
function applyUntilFirstDelete(
  stage: Stage,
  file: string,
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
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
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 15_000,
    });
    const watch = setInterval(() => {
      if ((stage.registry.requests['DELETE manifests'] ?? 0) === 0) return;
      clearInterval(watch);
      child.kill('SIGINT');
    }, 10);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearInterval(watch);
      resolve({ exitCode, stdout, stderr });
    });
  });
}
