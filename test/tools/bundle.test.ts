import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleCli, bundleFunction } from '../../tools/bundle.ts';
import { zip } from '../../tools/zip.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixture = (name: string): string => join(root, 'test/fixtures/bundle', name);
const deployed = { frameworkVersion: '5.0.5' };

let out = '';

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'gcr-warden-bundle-'));
});

afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answerOf(url: string, child: ChildProcess): Promise<unknown> {
  for (const deadlineMs = Date.now() + 15_000; ; ) {
    try {
      return await (await fetch(url)).json();
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe('a bundled function', () => {
  beforeAll(async () => {
    await bundleFunction('echo', fixture('echo.ts'), out, deployed);
  });

  it('says what the platform has to install and run, and nothing more', () => {
    expect(JSON.parse(readFileSync(join(out, 'echo/package.json'), 'utf8'))).toEqual({
      name: 'echo',
      private: true,
      type: 'module',
      main: 'index.mjs',
      engines: { node: '24' },
      scripts: { 'gcp-build': 'node fill-compile-cache.mjs' },
      dependencies: { '@google-cloud/functions-framework': '5.0.5' },
    });
  });

  it('keeps what is imported lazily out of the file that is read at the start', () => {
    expect(filesBelow(join(out, 'echo')).filter((file) => file.startsWith('chunks/')).length).toBeGreaterThan(
      1,
    );
    expect(readFileSync(join(out, 'echo/main.mjs')).length).toBeLessThan(10_000);
  });

  it('gives the same bytes in a second run elsewhere', async () => {
    const elsewhere = join(out, 'elsewhere');
    await bundleFunction('echo', fixture('echo.ts'), elsewhere, deployed);
    const first = readFileSync(join(out, 'echo.zip'));
    expect(readFileSync(join(elsewhere, 'echo.zip')).equals(first)).toBe(true);
    expect(first.includes(Buffer.from(root))).toBe(false);
  });

  it('leaves nothing of an earlier bundle behind', async () => {
    const before = filesBelow(join(out, 'echo'));
    await bundleFunction('echo', fixture('echo.ts'), out, deployed);
    expect(filesBelow(join(out, 'echo'))).toEqual(before);
  });

  it('is served by the functions framework that stands beside it, with what was compiled when it was built', async () => {
    // As the platform does: the packages that package.json names, installed beside the bundle.
    symlinkSync(join(root, 'node_modules'), join(out, 'echo/node_modules'));
    execFileSync(process.execPath, ['fill-compile-cache.mjs'], { cwd: join(out, 'echo') });
    expect(filesBelow(join(out, 'echo/.compile-cache')).length).toBeGreaterThan(2);
    const port = await freePort();
    const child = spawn(
      process.execPath,
      ['node_modules/.bin/functions-framework', '--target=echo', `--port=${port}`],
      { cwd: join(out, 'echo'), stdio: 'ignore' },
    );
    try {
      expect(await answerOf(`http://127.0.0.1:${port}/`, child)).toEqual({
        error: 'WardenError',
      });
      expect(await answerOf(`http://127.0.0.1:${port}/lazy`, child)).toEqual({ answer: 42 });
    } finally {
      child.kill('SIGKILL');
      await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(null)));
    }
  }, 120_000);
});

describe('the bundled command line', () => {
  it('behaves as the source, with no package beside it', async () => {
    await bundleCli(fixture('command.ts'), join(out, 'cli'));
    const run = (file: string): string =>
      execFileSync(process.execPath, [file, 'list'], { encoding: 'utf8', env: { PATH: '' } });
    const fromSource = run(fixture('command.ts'));
    expect(fromSource).toContain('parse: function');
    expect(run(join(out, 'cli/gcr-warden.js'))).toBe(fromSource);
  });
});

describe('a zip', () => {
  const files = [
    { path: 'index.mjs', bytes: Buffer.from('export {};\n'.repeat(50)) },
    { path: 'chunks/ü.mjs', bytes: Buffer.alloc(0) },
  ];

  it('is the same in whatever order its files come', () => {
    expect(Buffer.from(zip(files)).equals(zip([...files].reverse()))).toBe(true);
  });

  it('holds what was put into it', () => {
    const archive = Buffer.from(zip(files));
    const found = new Map<string, string>();
    for (let at = 0; archive.readUInt32LE(at) === 0x04034b50; ) {
      const packedBytes = archive.readUInt32LE(at + 18);
      const nameBytes = archive.readUInt16LE(at + 26);
      const begin = at + 30 + nameBytes;
      const bytes = inflateRawSync(archive.subarray(begin, begin + packedBytes));
      found.set(archive.toString('utf8', at + 30, begin), bytes.toString('utf8'));
      at = begin + packedBytes;
    }
    expect(found).toEqual(new Map(files.map(({ path, bytes }) => [path, bytes.toString('utf8')])));
  });

  it('refuses two files of one name', () => {
    expect(() => zip([...files, ...files])).toThrow(RangeError);
  });
});
