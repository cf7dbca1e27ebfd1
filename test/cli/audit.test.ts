import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acmeEstate, type GoogleApis, startGoogleApis } from '../../local/google-apis/index.ts';
import type { Grant } from '../../shared/core/audit/grants.ts';
import type { AuditReport } from '../../shared/core/audit/report.ts';
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

  it('prints what mends a finding as Terraform, and as commands where Terraform holds nothing', async () => {
    const { findings } = JSON.parse((await audit('--json')).stdout) as AuditReport;
    const steps = findings
      .filter(({ status }) => status === 'FAIL')
      .flatMap(({ remediation }) => remediation.steps);
    const blocks = steps.flatMap(({ terraform }) => terraform ?? []);
    const commands = steps.filter(({ terraform }) => terraform === null).flatMap(({ gcloud }) => gcloud);
    const replaced = steps.filter(({ terraform }) => terraform !== null).flatMap(({ gcloud }) => gcloud);
    expect(Math.min(blocks.length, commands.length, replaced.length)).toBeGreaterThan(0);

    const lines = (await audit('--remedies', 'terraform')).stdout.split('\n');
    const text = `${lines.map((line) => line.replace(/^ {4}/, '')).join('\n')}\n`;
    for (const block of blocks) expect(text).toContain(block.trimEnd());
    for (const line of commands) expect(lines).toContain(`    ${line}`);
    const gone = replaced.filter((line) => !commands.includes(line));
    expect(gone.filter((line) => lines.includes(`    ${line}`))).toEqual([]);

    const byDefault = (await audit()).stdout.split('\n');
    for (const line of [...commands, ...replaced]) expect(byDefault).toContain(`    ${line}`);
    expect(byDefault.filter((line) => /^ {4}resource "/.test(line))).toEqual([]);
  });

  it.each([[['--format', 'html']], [['--json']], [['--view', 'keys']], [['--diff']]])(
    'refuses Terraform with %j',
    async (more) => {
      const run = await audit('--remedies', 'terraform', ...more);
      expect(run).toMatchObject({ exitCode: 2, stdout: '' });
      expect(run.stderr).toContain('--remedies is for the whole report as text');
    },
  );

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

  it('audits all projects below a folder or an organisation as one', async () => {
    const below = ['audit', '--google-endpoint', google.url, '--json'];
    const run = await stage.warden([...below, '--organization', '77']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const report = JSON.parse(run.stdout) as Omit<AuditReport, 'grants'> & {
      readonly grants: readonly Grant[];
    };
    expect(report.project).toBe('organizations/77');
    expect(new Set(report.findings.map(({ project }) => project))).toEqual(new Set(['acme']));
    expect(report.grants.flatMap(({ on }) => on)).toContain('acme: bucket artifacts.acme.appspot.com');
  });

  it('knows from --policies which repositories a policy looks after', async () => {
    const asked = async (...more: string[]): Promise<string[]> => {
      const { findings } = JSON.parse((await audit('--json', ...more)).stdout) as AuditReport;
      return findings
        .filter(({ check, status }) => check === 'cleanup-missing' && status === 'UNKNOWN')
        .map(({ evidence }) => evidence.sentence);
    };
    expect((await asked()).join()).toContain('no folder of policies was given');
    expect((await asked('--policies', 'policies')).join()).not.toContain('no folder of policies was given');
  });

  it('fails a gate where the projects below could not be listed, and says which', async () => {
    const run = await stage.warden([
      ...['audit', '--google-endpoint', google.url, '--folder', '999', '--fail-on', 'critical'],
    ]);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('What is below folders/999 was not listed whole');
  });

  it.each([
    ['two at once', ['--folder', '1', '--organization', '2'], /Take one of --folder and --organization/],
    ['a name where a number is wanted', ['--folder', 'eng'], /names no folder/],
  ])('refuses %s', async (_title, more, said) => {
    const run = await stage.warden(['audit', '--google-endpoint', google.url, ...more]);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toMatch(said);
  });

  it('refuses what it cannot print before it reads anything', async () => {
    const before = JSON.stringify(google.requests);
    expect(await audit('--diff', '--format', 'html')).toMatchObject({ exitCode: 2, stdout: '' });
    expect(JSON.stringify(google.requests)).toBe(before);
  });
});
