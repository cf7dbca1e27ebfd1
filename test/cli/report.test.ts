import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReportFile } from '../../cli/report-file.ts';
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
    expect(run.stderr).toMatch(/^error: REPORT_PLACE_TAKEN: .*notes\.txt/);
    expect(await readdir(other)).toEqual(['notes.txt']);
  });

  it('is one file where that is asked for: every link leads to a page in it', async () => {
    const file = stage.path('report.html');
    const run = await stage.warden(['report', '--out', file]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/^Wrote \d+ pages, 3 of them of single images\. Begin with .*report\.html\n$/);
    const text = await readFile(file, 'utf8');
    const ids = new Set(Array.from(text.matchAll(/<section class="page" id="([^"]+)"/g), ([, id]) => id));
    expect(ids).toContain('index');
    const links = Array.from(text.matchAll(/href="([^"]*)"/g), ([, link]) => link ?? '');
    expect(links.length).toBeGreaterThan(20);
    for (const link of links) expect(ids).toContain(link.replace(/^#/, ''));
    expect(text.match(/ id="[^"]*"/g)).toHaveLength(ids.size + 1);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(await stage.warden(['report', '--out', file])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('writes no file over one that is no report', async () => {
    const file = stage.path('notes.html');
    await writeFile(file, '<p>mine</p>');
    const run = await stage.warden(['report', '--out', file]);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toMatch(/^error: REPORT_PLACE_TAKEN: .*notes\.html is there and is no report/);
    expect(await readFile(file, 'utf8')).toBe('<p>mine</p>');
  });

  it('leaves out of one file what would make it too large, and says so there', async () => {
    const ledger = await openSqliteLedger(stage.path('ledger.sqlite'));
    const file = stage.path('small.html');
    const clock = { nowMs: Date.now(), timeZone: 'UTC' };
    const written = await writeReportFile(ledger, { file, clock, imagesMax: 10, bytesMax: 12_000 });
    await ledger.close();
    const text = await readFile(file, 'utf8');
    expect(written.leftOut).toBeGreaterThan(0);
    expect(text.match(/<h1>Left out<\/h1>/g)).toHaveLength(written.leftOut);
    expect(text).toContain('Policies would take');
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
