import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Snapshot } from '../../shared/core/snapshot.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

const LIMITS = 'limits: { share: 100%, mayEmpty: true }\n';
const TAGS = Array.from({ length: 6 }, (_, index) => `pr-${index + 10}`);

describe('--deadline', { timeout: 60_000 }, () => {
  let stage: Stage;
  /** Takes every request and answers none. */
  let silent: Server;
  let silentOrigin: string;

  beforeAll(async () => {
    stage = await openStage(TAGS);
    silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    silentOrigin = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    silent.closeAllConnections();
    silent.close();
    await stage.close();
  });

  it('is a time, or refused', async () => {
    for (const text of ['10', '25h']) {
      const run = await stage.warden(['list', '--deadline', text, stage.target]);
      expect(run.exitCode).toBe(2);
      expect(run.stderr).toMatch(/^error: OPTION_INVALID: --deadline is a whole number with s, m or h/);
    }
  });

  it('changes nothing for a command that ends before it', async () => {
    const run = await stage.warden(['list', '--deadline', '10m', stage.target]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('ends list, snapshot and plan of a registry that does not answer, with 1 and the reason', async () => {
    const folder = await stage.policies('planned', { 'pull-requests.yaml': pullRequests('plan') });
    const target = silentOrigin.replace('http://', '').concat('/acme/api');
    const snapshot = stage.path('snapshot.json');
    for (const args of [
      ['list', target],
      ['snapshot', '--out', snapshot, target],
      ['plan', '--policies', folder, target],
    ]) {
      const run = await stage.warden([...args, '--deadline', '1s']);
      expect(run.exitCode).toBe(1);
      expect(run.stdout + run.stderr).toMatch(/before the time of this run was over/);
    }
    const taken = JSON.parse(await readFile(snapshot, 'utf8')) as Snapshot;
    expect(taken.catalog.kind).toBe('incomplete');
  });

  it('ends apply between two steps, and applying the plan again does the rest', async () => {
    const folder = await stage.policies('enforced', {
      'pull-requests.yaml': pullRequests('enforce', LIMITS),
    });
    const file = stage.path('plan.json');
    await stage.warden(['plan', '--policies', folder, '--out', file, stage.target]);
    stage.registry.latencyMs = 400;
    const cut = await stage.warden(['apply', file, '--yes', '--concurrency', '1', '--deadline', '2s']);
    stage.registry.latencyMs = 0;
    expect(cut.exitCode).toBe(1);
    expect(cut.stdout).toMatch(/skipped: stopped/);
    expect((await stage.tags()).length).toBeGreaterThan(0);

    const rest = await stage.warden(['apply', file, '--yes', '--deadline', '10m']);
    expect(rest).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await stage.warden(['list', stage.target])).stdout).toBe('No repository there.\n');
  });

  it('ends audit with 1, and says that what was not read is unknown', async () => {
    const run = await stage.warden([
      ...['audit', '--project', 'acme', '--google-endpoint', silentOrigin],
      ...['--deadline', '1s', '--json'],
    ]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(
      /^warning: ended before everything was read; what was not read by then is UNKNOWN$/m,
    );
    expect(run.stdout).toContain('"UNKNOWN"');
    expect(run.stdout).not.toContain('"PASS"');
  });

  it('asks nobody where a snapshot is planned, and is refused there', async () => {
    const run = await stage.warden([
      'plan',
      '--policies',
      'policies',
      '--from',
      'x.json',
      '--deadline',
      '1m',
    ]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toMatch(/leave out the target, --in-use, --cross-check and --deadline/);
  });
});
