import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLayer, pushImage } from '../../local/registry/index.ts';
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
    const deleted = (): boolean => (stage.registry.requests['DELETE manifests'] ?? 0) > 0;
    const stopped = await interruptWhen(stage, ['apply', file, '--yes', '--concurrency', '1'], deleted);
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

describe('gcr-warden list, interrupted', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage(['1.0.0']);
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six']) {
      const layers = [{ bytes: buildLayer([{ path: 'app', content: name }]) }];
      await pushImage({ registry: stage.registry.host, name: `acme/${name}`, tags: ['1.0.0'], layers });
    }
  });
  afterAll(() => stage.close());

  it('tells what was read by then, says that it is not all, and ends with 1', async () => {
    stage.registry.latencyMs = 100;
    const listed = (): boolean => (stage.registry.requests['GET tags'] ?? 0) > 0;
    const stopped = await interruptWhen(stage, ['list', '--concurrency', '1', stage.target], listed);
    expect(stopped.exitCode).toBe(1);
    expect(stopped.stderr).toMatch(/^Stopping after the requests under way/);
    expect(stopped.stdout).toMatch(/This may not be all: .* before the time of this run was over/);
  });
});

/** Runs a command, and sends Ctrl-C as soon as something is so. */
function interruptWhen(
  stage: Stage,
  words: readonly string[],
  isTime: () => boolean,
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/gcr-warden.js', ...words], {
      cwd: ROOT,
      env: {
        ...process.env,
        NO_COLOR: '1',
        DOCKER_CONFIG: stage.path(''),
        GCR_WARDEN_LEDGER: stage.path('ledger.sqlite'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    const watch = setInterval(() => {
      if (!isTime()) return;
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
