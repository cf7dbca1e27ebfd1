import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReportFolder } from '../../cli/report-folder.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { WardenError } from '../../shared/core/error.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

describe('gcr-warden report', () => {
  let stage: Stage;
  let folder: string;

  beforeAll(async () => {
    stage = await openStage(['1.0.0', '1.1.0', 'pr-1']);
    const policies = await stage.policies('enforced', { 'pull-requests.yaml': pullRequests('enforce') });
    const plan = stage.path('plan.json');
    for (const args of [
      ['plan', '--policies', policies, '--out', plan, stage.target],
      ['apply', plan, '--yes'],
    ]) {
      expect(await stage.warden(args)).toMatchObject({ exitCode: 0 });
    }
    folder = stage.path('report');
  });
  afterAll(() => stage.close());

  const write = (...more: readonly string[]) => stage.warden(['report', '--out', folder, ...more]);
  const read = (file: string) => readFile(`${folder}/${file}`, 'utf8');

  it('writes pages whose links all lead to one of them, and tells where to begin', async () => {
    const run = await write();
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^Wrote \d+ pages, 3 of them of single images\. Begin with .*report\/index\.html\n$/,
    );
    const files = new Set(await readdir(folder));
    for (const file of files) {
      const page = await read(file);
      for (const [, link = ''] of page.matchAll(/href="([^"#]+)/g)) expect(files).toContain(link);
      expect(page).toContain('http-equiv="Content-Security-Policy"');
      expect(page).not.toMatch(/https?:\/\//);
    }
    expect((await stat(folder)).mode & 0o077).toBe(0);
  });

  it('shows what the run did, and why', async () => {
    const files = await readdir(folder);
    const runs = await Promise.all(files.filter((name) => name.startsWith('run-')).map(read));
    const applied = runs.find((page) => page.includes('it applied a plan')) ?? '';
    expect(applied).toContain('delete the manifest');
    expect(applied).toMatch(/rule pull-requests of policy pull-requests \(pull-requests\.yaml:6\)/);
    expect(await read('index.html')).toContain('Policies would take');
    expect(await read('policies.html')).toContain('pull-requests');
    expect(await read('cost.html')).toMatch(/1 manifest/);
  });

  it('takes the place of an earlier report, and leaves none of its pages', async () => {
    await writeFile(`${folder}/image-0000000000000000.html`, 'of an earlier report');
    const run = await write('--json');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({ images: 3, problems: [] });
    expect(await readdir(folder)).not.toContain('image-0000000000000000.html');
  });

  it('writes nothing into a folder that holds anything else', async () => {
    const other = stage.path('other');
    await mkdir(other);
    await writeFile(`${other}/notes.txt`, 'mine');
    const run = await stage.warden(['report', '--out', other]);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toMatch(/^error: REPORT_FOLDER_TAKEN: .*notes\.txt/);
    expect(await readdir(other)).toEqual(['notes.txt']);
  });

  it('says where the ledger is missing', async () => {
    const missing = await stage.warden(['report', '--out', folder, '--ledger', stage.path('none.sqlite')]);
    expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^error: LEDGER_MISSING: /);
  });

  it('says where the folder can not be written, and touches nothing', async () => {
    const ledger = await openSqliteLedger(stage.path('ledger.sqlite'));
    const request = {
      folder: `${stage.path('plan.json')}/report`,
      clock: { nowMs: Date.now(), timeZone: 'UTC' },
      imagesMax: 10,
      onWritten: () => {},
    };
    await expect(writeReportFolder(ledger, request)).rejects.toMatchObject({ code: 'REPORT_UNWRITABLE' });
    await ledger.close();
  });

  it('has a page that says so for what can not be read, and writes the others', async () => {
    const ledger = await openSqliteLedger(stage.path('ledger.sqlite'));
    const broken = {
      ...ledger,
      lastDecisions: () => Promise.reject(new WardenError('LEDGER_UNREADABLE', 'it can not be unpacked')),
    };
    const written = await writeReportFolder(broken, {
      folder: stage.path('broken'),
      clock: { nowMs: Date.now(), timeZone: 'UTC' },
      imagesMax: 10,
      onWritten: () => {},
    });
    await ledger.close();
    // The page of the repository, and that of cost, which asks what came back.
    expect(written.problems.length).toBeGreaterThanOrEqual(1);
    const files = await readdir(stage.path('broken'));
    const name = files.find((file) => file.startsWith('repository-')) ?? '';
    const page = await readFile(`${stage.path('broken')}/${name}`, 'utf8');
    expect(page).toContain('This could not be read');
    expect(page).toContain('it can not be unpacked');
    expect(await readFile(`${stage.path('broken')}/index.html`, 'utf8')).toContain('Policies would take');
  });
});
