import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { warden } from '../support/command.ts';

const RIGHT =
  'apiVersion: gcr-warden/v1\npolicy: a\nrepositories: ["**"]\ndelete: [{ r: { olderThan: 1d } }]\n';

describe('gcr-warden policy check', () => {
  let root = '';
  const folder = (name: string): string => join(root, name);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'policy-check-'));
    for (const name of ['right', 'mixed', 'empty']) await mkdir(folder(name));
    await writeFile(join(folder('right'), 'a.yaml'), RIGHT);
    await writeFile(join(folder('mixed'), 'a.yaml'), RIGHT);
    await writeFile(
      join(folder('mixed'), 'b.yaml'),
      RIGHT.replace('policy: a', 'policy: b').replace('1d', '1'),
    );
    await writeFile(join(folder('mixed'), 'c.yaml'), 'apiVersion: "\n');
  });

  afterAll(() => rm(root, { recursive: true }));

  it('ends with 0 where every policy is right', async () => {
    expect(await warden(['policy', 'check', folder('right')])).toEqual({
      exitCode: 0,
      stdout: '1 policy is right: a (plan). 0 errors, 0 warnings.\n',
      stderr: '',
    });
  });

  it('writes down by content which files were right, and nothing where one is not', async () => {
    const record = folder('record.json');
    const failed = await warden(['policy', 'check', folder('mixed'), '--record', record]);
    expect(failed.exitCode).toBe(1);
    expect(existsSync(record)).toBe(false);
    expect(await warden(['policy', 'check', folder('right'), '--record', record])).toMatchObject({
      exitCode: 0,
    });
    const hash = createHash('sha256').update(RIGHT).digest('hex');
    expect(JSON.parse(await readFile(record, 'utf8'))).toEqual({
      version: 1,
      files: { 'a.yaml': `sha256:${hash}` },
    });
    const nowhere = await warden([
      'policy',
      'check',
      folder('right'),
      '--record',
      folder('none/record.json'),
    ]);
    expect(nowhere).toMatchObject({ exitCode: 1 });
    expect(nowhere.stderr).toContain('RECORD_UNWRITABLE');
  });

  it('tells of a policy that a ledger has seen in mode: plan for more than 30 days', async () => {
    const file = folder('ledger.sqlite');
    const ledger = await openSqliteLedger(file);
    await ledger.savePlanningSince([{ policy: 'a', sinceMs: Date.now() - 43.5 * DAY_MS }]);
    await ledger.close();
    const { exitCode, stdout } = await warden(['policy', 'check', folder('right'), '--ledger', file]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      'The policy a has been in mode: plan for 43 d and deletes nothing. [STILL_PLANNING]',
    );
    expect(stdout).toContain('0 errors, 1 warning.');
  });

  it('ends with 1 where one is wrong, and tells of all of them and of those that are right', async () => {
    const { exitCode, stdout } = await warden(['policy', 'check', folder('mixed')]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      `${folder('mixed')}/b.yaml:4:28: error: olderThan is a length of time such as 7d`,
    );
    expect(stdout).toContain(`${folder('mixed')}/c.yaml:2:1: error: This is not YAML`);
    expect(stdout).toContain('1 policy is right: a (plan). 2 errors, 0 warnings.');
  });

  it('writes nothing but the format that was asked for to standard output', async () => {
    const formats = ['github', 'json', 'sarif'] as const;
    const [github, json, sarif] = await Promise.all(
      formats.map((format) => warden(['policy', 'check', folder('mixed'), '--format', format])),
    );
    for (const one of [github, json, sarif]) expect(one?.exitCode).toBe(1);
    expect(github?.stdout.match(/^::error file=/gm)).toHaveLength(2);
    expect(JSON.parse(json?.stdout ?? '')).toMatchObject({
      problems: [{ file: 'b.yaml' }, { file: 'c.yaml' }],
    });
    expect(JSON.parse(sarif?.stdout ?? '')).toMatchObject({ version: '2.1.0' });
  });

  it('ends with 1 where there is no policy at all, as a pipeline in the wrong folder has to notice', async () => {
    const { exitCode, stderr } = await warden(['policy', 'check', folder('empty')]);
    expect([exitCode, stderr]).toEqual([1, `error: There is no policy in ${folder('empty')}.\n`]);
  });

  it.each([
    ['a folder that is not there', ['nowhere'], 1, 'POLICY_SOURCE_UNREADABLE'],
    ['a format that does not exist', ['right', '--format', 'xml'], 2, 'text, github, json, sarif'],
  ])('refuses %s', async (_title, [name = '', ...options], code, says) => {
    const { exitCode, stderr } = await warden(['policy', 'check', folder(name), ...options]);
    expect(exitCode).toBe(code);
    expect(stderr).toContain(says);
  });

  it('names the files of a pull request from where it was started', async () => {
    const { stdout } = await warden([
      'policy',
      'check',
      'test/fixtures/policies/wrong',
      '--format',
      'github',
    ]);
    expect(stdout).toMatch(/^::error file=test\/fixtures\/policies\/wrong\/slip\.yaml,line=5,col=14,/);
  });
});
