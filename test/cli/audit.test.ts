import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acmeEstate, type GoogleApis, startGoogleApis } from '../../local/google-apis/index.ts';
import { openStage, type Stage } from './stage.ts';

describe('gcr-warden audit', () => {
  let stage: Stage;
  let google: GoogleApis;
  const audit = (...more: readonly string[]) =>
    stage.warden(['audit', '--project', 'acme', '--google-endpoint', google.url, ...more]);

  beforeAll(async () => {
    stage = await openStage([]);
    google = await startGoogleApis({ estate: acmeEstate(Date.now()), now: Date.now() });
  });
  afterAll(async () => {
    await google.close();
    await stage.close();
  });

  it('prints a page', async () => {
    const run = await audit('--format', 'html');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/^<!doctype html>\n/);
  });

  it('prints who can do what alone', async () => {
    const json = await audit('--view', 'access', '--json');
    expect(Object.keys(JSON.parse(json.stdout))).toEqual(['version', 'project', 'atMs', 'grants', 'notSeen']);
  });

  it('ends with 1 where something so severe fails, and only then', async () => {
    expect((await audit('--fail-on', 'critical')).exitCode).toBe(1);
    const other = ['audit', '--project', 'other', '--google-endpoint', google.url];
    const unseen = await stage.warden([...other, '--fail-on', 'low']);
    expect(unseen.exitCode).toBe(1);
  });

  it('prints only what changed', async () => {
    expect(await audit('--diff')).toMatchObject({ exitCode: 0, stdout: 'Nothing changed.\n' });
    const since = await audit('--since', '2020-01-01', '--json');
    const kinds = (JSON.parse(since.stdout) as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds).toContain('new');
  });

  it('refuses what it cannot print before it reads anything', async () => {
    const before = JSON.stringify(google.requests);
    expect(await audit('--diff', '--format', 'html')).toMatchObject({ exitCode: 2, stdout: '' });
    expect(JSON.stringify(google.requests)).toBe(before);
  });
});
