import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { warden } from '../support/command.ts';
import { openStage, type Stage } from './stage.ts';

describe('gcr-warden list', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(['1.0.0', '1.1.0']);
  });
  afterAll(() => stage.close());

  it('prints a table with digests, sizes, ages and tags', async () => {
    const run = await stage.warden(['list', stage.target]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /\/acme\/api {2}\d manifests, up to [\d.]+ \S?B\nDIGEST +SIZE +UPLOADED +TYPE +TAGS\n/,
    );
    expect(run.stdout).toMatch(/^[0-9a-f]{12} +\S+ \S?B +\S+ \S+ ago +image +1\.1\.0$/m);
  });

  it('counts what images share once where it is asked for exact sizes, and says which it shows', async () => {
    const run = await stage.warden(['list', '--exact-size', stage.target]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/\/acme\/api {2}2 manifests, exactly [\d.]+ \S?B\n/);
    const sizes = async (...args: string[]): Promise<{ kind: string; sizeBytes: number }[]> => {
      const { stdout } = await stage.warden(['list', '--json', ...args, stage.target]);
      return (JSON.parse(stdout) as { sizes: { kind: string; sizeBytes: number }[] }).sizes;
    };
    const [[exact], [listed]] = await Promise.all([sizes('--exact-size'), sizes()]);
    expect([exact?.kind, listed?.kind]).toEqual(['exact', 'at most']);
    expect(exact?.sizeBytes).toBeGreaterThan(0);
  });

  it('prints CSV, a line for each manifest', async () => {
    const run = await stage.warden(['list', '--csv', stage.target]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const lines = run.stdout.trimEnd().split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines.slice(1).map((line) => line.split(',')[3])).toEqual(
      expect.arrayContaining(['"1.0.0"', '"1.1.0"']),
    );
  });

  it('lists what GCR_WARDEN_TARGET names where nothing else is named, and refuses to guess', async () => {
    const own = await warden(['list', '--csv'], {
      GCR_WARDEN_TARGET: stage.target,
      GOOGLE_CLOUD_PROJECT: '',
    });
    expect(own).toMatchObject({ exitCode: 0, stderr: '' });
    expect(own.stdout).toContain('"1.0.0"');
    const none = await warden(['list'], { GCR_WARDEN_TARGET: '' });
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toMatch(/^error: OPTION_INVALID: Name what to list/);
  });

  it('refuses to ask an API that a registry does not have', async () => {
    for (const args of [
      ['list'],
      ['snapshot', '--out', stage.path('snapshot.json')],
      ['plan', '--policies', 'policies'],
    ]) {
      const run = await stage.warden([...args, '--cross-check', stage.target]);
      expect(run.exitCode).toBe(2);
      expect(run.stderr).toMatch(/^error: OPTION_INVALID: --cross-check asks Artifact Registry's API/);
    }
  });

  it('says that it may not have seen all, and ends with 1', async () => {
    const run = await stage.warden(['list', '--csv', '--deadline', '2s', '127.0.0.1:1/acme']);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(/not all repositories were seen/);
  });
});
