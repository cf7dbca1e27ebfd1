import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, ROOT, run } from '../support/command.ts';

const start = (args: readonly string[]): Promise<Ended> =>
  run(process.execPath, [join(ROOT, 'local/main.ts'), '--once', '--port', '0', ...args]);

describe('npm start', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'warden-main-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each<[string, readonly string[]]>([
    ["somebody's own files", ['thesis.txt']],
    ['the ledger of a real registry', ['ledger.sqlite']],
    ['a local stack and something else', ['local-stack.json', 'registry', 'ledger.sqlite', 'thesis.txt']],
  ])('never empties a directory with %s', async (title, names) => {
    const own = join(directory, title.replaceAll(' ', '-'));
    await mkdir(own);
    for (const name of names) await writeFile(join(own, name), 'precious');
    const { exitCode, stdout, stderr } = await start(['--directory', own]);
    expect(stderr).toMatch(/^error: LOCAL_DIRECTORY_REFUSED: /);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect((await readdir(own)).sort()).toEqual([...names].sort());
  });

  it('leaves the directory of a stack that is running alone', async () => {
    const own = join(directory, 'running');
    await mkdir(own);
    // This process stands for the other stack: it is there.
    await writeFile(join(own, 'local-stack.json'), JSON.stringify({ processId: process.pid }));
    await writeFile(join(own, 'ledger.sqlite'), 'precious');
    const { exitCode, stderr } = await start(['--directory', own]);
    expect(stderr).toContain(`used by a local stack that is running, process ${process.pid}`);
    expect(exitCode).toBe(2);
    expect((await readdir(own)).sort()).toEqual(['ledger.sqlite', 'local-stack.json']);
  });

  it('takes the directory of a stack that was killed', async () => {
    const own = join(directory, 'killed');
    await mkdir(own);
    // No process has a number as high as this.
    await writeFile(join(own, 'local-stack.json'), JSON.stringify({ processId: 2 ** 31 - 1 }));
    await writeFile(join(own, 'ledger.sqlite'), 'cut');
    expect((await start(['--directory', own])).exitCode).toBe(0);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['an option that there is not', ['--nope'], /^error: OPTION_INVALID: .*--nope/],
    ['a port that is none', ['--port', 'http'], /^error: OPTION_INVALID: --port /],
  ])('ends with 2 and says why: %s', async (_title, args, said) => {
    const { exitCode, stdout, stderr } = await start(args);
    expect(stderr).toMatch(said);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('does the whole job once, and again in the directory that it left', async () => {
    const own = join(directory, 'stack');
    for (let time = 1; time <= 2; time++) {
      const { exitCode, stdout, stderr } = await start(['--directory', own]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const headings = Array.from(stdout.matchAll(/^([1-9]) {2}\S.*\n─+$/gm), ([, number]) => number);
      expect(headings).toEqual(['1', '2', '3', '4', '5']);
    }
  });
});
