import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleCli, bundlePolicyModule } from '../../tools/bundle.ts';
import { type Ended, ROOT, run, succeed } from '../support/command.ts';

/** The example of the page on the policy language. */
const [, TYPED = ''] =
  /^```ts\n(.*?)^```$/ms.exec(await readFile(join(ROOT, 'docs/policy-language.md'), 'utf8')) ?? [];

/** What a user's project with the package in it runs; nothing of this repository is near it but the compiler. */
describe('the published package', () => {
  let directory: string;
  let project: string;
  let installed: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'warden-package-'));
    const source = join(directory, 'source');
    project = join(directory, 'project');
    installed = join(project, 'node_modules/gcr-warden');
    await mkdir(source);
    for (const path of ['bin', 'policies', 'package.json', 'README.md', 'LICENSE']) {
      await cp(join(ROOT, path), join(source, path), { recursive: true });
    }
    await bundleCli(join(ROOT, 'cli/main.ts'), join(source, 'dist/cli'));
    await bundlePolicyModule(join(source, 'dist/policy'));
    const packed = await succeed('npm', [
      'pack',
      '--ignore-scripts',
      '--json',
      '--pack-destination',
      directory,
      source,
    ]);
    const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
    await mkdir(installed, { recursive: true });
    await succeed('tar', ['-xzf', join(directory, filename), '--strip-components=1', '-C', installed]);
    await symlink(join(ROOT, 'node_modules/typescript'), join(project, 'node_modules/typescript'));
    await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const warden = (...words: string[]): Promise<Ended> =>
    run(process.execPath, [join(installed, 'bin/gcr-warden.js'), ...words], { NO_COLOR: '1', TZ: 'UTC' });

  it('holds the command, the policy language and nothing of the source', async () => {
    expect((await readdir(installed)).sort()).toEqual(
      ['LICENSE', 'README.md', 'bin', 'dist', 'package.json', 'policies'].sort(),
    );
    expect((await readdir(join(installed, 'dist'))).sort()).toEqual(['cli', 'policy']);
  });

  it('needs no other package to check, test and judge policies', async () => {
    const policies = join(installed, 'policies');
    expect(await warden('policy', 'check', policies)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await warden('policy', 'test', policies)).toMatchObject({ exitCode: 0, stderr: '' });
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await warden('--version')).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('opens a ledger without a warning of Node', async () => {
    const ledger = join(directory, 'ledger.sqlite');
    await warden('stop', '--ledger', ledger);
    expect(await warden('start', '--ledger', ledger)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  const compile = (file: string): Promise<Ended> =>
    run(process.execPath, [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      ...[
        '--ignoreConfig',
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2024',
        '--types',
        '',
      ],
      ...['--lib', 'es2024,dom', file],
    ]);

  it('has types for policies in TypeScript, which print the file that the command checks', async () => {
    const file = join(project, 'services.ts');
    await writeFile(file, TYPED);
    expect(await compile(file)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    const printed = await succeed(process.execPath, [file]);
    await mkdir(join(project, 'policies'));
    await writeFile(join(project, 'policies/services.yaml'), printed);
    const check = await warden('policy', 'check', join(project, 'policies'));
    expect(check).toMatchObject({
      exitCode: 0,
      stdout: '1 policy is right: services (plan). 0 errors, 0 warnings.\n',
    });
  });

  it.each([
    ['a keyword that does not exist', "olderThan: '14d'", "olderThen: '14d'"],
    ['a unit that does not exist', "'14d'", "'14 days'"],
    ['two kinds of pattern', "glob: 'pr-*'", "glob: 'pr-*', prefix: 'pr-'"],
    ['an end in a delete rule', "olderThan: '14d'", "olderThan: '14d', until: '2026-12-31'"],
    ['no rule at all', /keep: [\s\S]*?\n {2}delete: .*\n/, ''],
  ])('lets the compiler find %s', async (_what, right, wrong) => {
    const text = TYPED.replace(right, wrong);
    expect(text).not.toBe(TYPED);
    const file = join(project, 'wrong.ts');
    await writeFile(file, text);
    const { exitCode, stdout } = await compile(file);
    expect(exitCode).not.toBe(0);
    expect(stdout).toMatch(/^.*wrong\.ts\(\d+,\d+\): error TS/);
  });
});
