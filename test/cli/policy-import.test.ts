import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { warden } from '../support/command.ts';

const GOLDEN = 'test/golden/import';

describe('gcr-warden policy import', () => {
  let root = '';
  const path = (name: string): string => join(root, name);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'policy-import-'));
    await writeFile(path('latin1.json'), Buffer.from([0x5b, 0x22, 0xe9, 0x22, 0x5d]));
    await writeFile(path('large.json'), `[${' '.repeat(1024 * 1024)}]`);
  });
  afterAll(() => rm(root, { recursive: true }));

  it.each([
    [
      'artifact-registry',
      'artifact-registry-documented',
      ['cleanup.json'],
      ['europe-docker.pkg.dev/acme/services'],
    ],
    ['ecr', 'ecr-priorities', ['lifecycle.json'], ['europe-docker.pkg.dev/acme/services/**', '!**/base-*']],
    ['gcr-cleaner', 'gcr-cleaner-flags', ['nightly.flags', 'untagged.json'], []],
  ])('writes a file from %s that policy check finds right', async (from, name, files, repositories) => {
    const folder = await mkdtemp(path(`${from}-`));
    const run = await warden([
      'policy',
      'import',
      '--from',
      from,
      ...repositories.flatMap((glob) => ['--repositories', glob]),
      '--out',
      join(folder, 'imported.yaml'),
      ...files.map((file) => `${GOLDEN}/${name}/${file}`),
    ]);
    expect(run).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await readFile(join(folder, 'imported.yaml'), 'utf8')).toBe(
      await readFile(`${GOLDEN}/${name}/expected.golden.yaml`, 'utf8'),
    );
    const check = await warden(['policy', 'check', folder]);
    expect(check).toMatchObject({ exitCode: 0, stderr: '' });
    expect(check.stdout).toContain('0 errors');
  });

  it('prints the file where no other place is named', async () => {
    const { exitCode, stdout } = await warden([
      'policy',
      'import',
      '--from',
      'gcr-cleaner',
      `${GOLDEN}/gcr-cleaner-payload/payload.json`,
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(await readFile(`${GOLDEN}/gcr-cleaner-payload/expected.golden.yaml`, 'utf8'));
  });

  it('never writes over a file', async () => {
    await writeFile(path('mine.yaml'), 'by hand\n');
    const source = `${GOLDEN}/gcr-cleaner-payload/payload.json`;
    const run = await warden([
      'policy',
      'import',
      '--from',
      'gcr-cleaner',
      '--out',
      path('mine.yaml'),
      source,
    ]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('error: IMPORT_UNWRITABLE: ');
    expect(await readFile(path('mine.yaml'), 'utf8')).toBe('by hand\n');
  });

  it.each([
    ['a file that is not there', 'gone.json', "it can't be read"],
    ['a file that is no UTF-8', 'latin1.json', "it can't be read"],
    ['a file that is too large', 'large.json', 'it is larger than 64 KiB'],
  ])('ends with 2 and writes nothing for %s', async (_title, name, why) => {
    const out = path(`${name}.yaml`);
    const run = await warden(['policy', 'import', '--from', 'gcr-cleaner', '--out', out, path(name)]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(`error: IMPORT_INVALID: ${path(name)}: ${why}`);
    await expect(readFile(out)).rejects.toThrow('ENOENT');
  });
});
