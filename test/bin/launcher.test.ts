import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Makes a Node say that it is of another version, for the decisions that hang on nothing else. */
function asVersion(version: string): string[] {
  const script = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
}

/** Stands for the command line: prints how it was started, ends with 7, or waits for a signal. */
const MAIN = `
if (process.argv[2] === 'wait') {
  process.on('SIGTERM', () => { console.log('got SIGTERM'); process.exit(3); });
  setInterval(() => {}, 1000);
} else process.exitCode = 7;
console.log(JSON.stringify({ version: process.versions.node, argv: process.argv.slice(2) }));
`;

let folder = '';

/** A folder with the launcher and whatever a case needs beside it. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gcr-warden-bin-'));
  mkdirSync(join(folder, 'bin'));
  for (const file of ['gcr-warden.js', 'node-version.js']) {
    copyFileSync(join(root, 'bin', file), join(folder, 'bin', file));
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function bringOwnNode(): void {
  mkdirSync(join(folder, 'node_modules/node/bin'), { recursive: true });
  symlinkSync(process.execPath, join(folder, 'node_modules/node/bin/node'));
}

function launch(
  node: string,
  flags: readonly string[],
  args: readonly string[],
  env: NodeJS.ProcessEnv = { XDG_CACHE_HOME: join(folder, 'cache') },
) {
  return spawnSync(node, [...flags, join(folder, 'bin/gcr-warden.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
}

describe('the launcher', () => {
  it('runs the source in a clone', () => {
    write('cli/main.ts', `const typed: number = 1;${MAIN}`);
    write('dist/cli/gcr-warden.js', 'console.log("the bundle")');
    const run = launch(process.execPath, [], ['plan', '--json']);
    expect(JSON.parse(run.stdout)).toEqual({ version: process.versions.node, argv: ['plan', '--json'] });
    expect(run.status).toBe(7);
  });

  it('keeps what it compiled in a folder of the user, and does without one', () => {
    write('cli/main.ts', MAIN);
    expect(launch(process.execPath, [], ['list']).status).toBe(7);
    expect(readdirSync(join(folder, 'cache/gcr-warden/compiled'))).toHaveLength(1);
    // A file stands where the folder would be made.
    const run = launch(process.execPath, [], ['list'], { XDG_CACHE_HOME: join(folder, 'package.json') });
    expect(run).toMatchObject({ status: 7, stderr: '' });
    const other = join(folder, 'other');
    launch(process.execPath, [], ['list'], { XDG_CACHE_HOME: other, NODE_DISABLE_COMPILE_CACHE: '1' });
    expect(existsSync(other)).toBe(false);
  });

  it('runs the bundle where there is no source', () => {
    write('dist/cli/gcr-warden.js', MAIN);
    const run = launch(process.execPath, [], ['list']);
    expect(JSON.parse(run.stdout)).toEqual({ version: process.versions.node, argv: ['list'] });
    expect(run.status).toBe(7);
  });

  it('takes the Node of the clone where the running one is too old, and forwards the exit code', () => {
    write('cli/main.ts', MAIN);
    bringOwnNode();
    const run = launch(process.execPath, asVersion('20.20.2'), ['list', 'a b']);
    expect(run.stderr).toBe('');
    expect(JSON.parse(run.stdout)).toEqual({ version: process.versions.node, argv: ['list', 'a b'] });
    expect(run.status).toBe(7);
  });

  it('forwards a signal to the other Node and ends as it did', async () => {
    write('cli/main.ts', MAIN);
    bringOwnNode();
    const child = spawn(
      process.execPath,
      [...asVersion('22.18.0'), join(folder, 'bin/gcr-warden.js'), 'wait'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let stdout = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      if (stdout === '') child.kill('SIGTERM');
      stdout += chunk;
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    expect(stdout).toContain('got SIGTERM');
    expect(code).toBe(3);
  });

  it('dies of the signal that the other Node died of', () => {
    write('cli/main.ts', "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);");
    bringOwnNode();
    const run = launch(process.execPath, asVersion('20.20.2'), []);
    expect(run.signal).toBe('SIGTERM');
  });

  it.each([
    { title: 'a clone without a Node of its own', files: ['cli/main.ts'], says: /needs Node 22\.19.*npm ci/ },
    {
      title: 'a published package',
      files: ['dist/cli/gcr-warden.js'],
      says: /needs Node 22\.19.*newer Node\.$/m,
    },
  ])('says what is needed where Node is too old: $title', ({ files, says }) => {
    for (const file of files) write(file, MAIN);
    const run = launch(process.execPath, asVersion('22.18.9'), []);
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(says);
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(run.status).toBe(1);
  });

  it('says what is missing where there is neither source nor bundle', () => {
    const run = launch(process.execPath, [], []);
    expect(run.stderr).toMatch(/is missing: install gcr-warden again/);
    expect(run.status).toBe(1);
  });
});

describe('the check before the npm scripts', () => {
  it.each([
    ['20.20.2', 1],
    ['22.18.9', 1],
    ['22.19.0', 0],
    ['23.0.0', 0],
    ['24.21.0', 0],
  ])('answers Node %s with exit code %i', (version, status) => {
    const run = spawnSync(process.execPath, [...asVersion(version), join(root, 'tools/check-node.js')], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(run.status).toBe(status);
    if (status === 0) expect(run.stderr).toBe('');
    else expect(run.stderr).toMatch(/needs Node 22\.19 or newer, and .* is /);
  });
});

/** The first Node on the path that is too old for the sources, or null. */
function findOldNode(): string | null {
  for (const one of (process.env['PATH'] ?? '').split(delimiter)) {
    const node = join(one, 'node');
    if (!existsSync(node)) continue;
    const version = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 10_000 }).stdout;
    if (/^v(?:20|21|22\.(?:\d|1[0-8]))\./.test(version)) return node;
  }
  return null;
}

const oldNode = findOldNode();
const oldTitle = `on a Node that is really old${oldNode === null ? ' (not run: none on the path)' : ''}`;
describe.skipIf(oldNode === null)(oldTitle, () => {
  it('parses and takes the Node of the clone', () => {
    write('cli/main.ts', MAIN);
    bringOwnNode();
    const run = launch(oldNode ?? '', [], ['list']);
    expect(run.stderr).toBe('');
    expect(JSON.parse(run.stdout)).toEqual({ version: process.versions.node, argv: ['list'] });
    expect(run.status).toBe(7);
  });

  it('parses and says what is needed', () => {
    write('dist/cli/gcr-warden.js', MAIN);
    const run = launch(oldNode ?? '', [], []);
    expect(run.stderr).toMatch(/^gcr-warden: needs Node 22\.19/);
    expect(run.status).toBe(1);
  });

  it('parses the check before the npm scripts', () => {
    const run = spawnSync(oldNode ?? '', [join(root, 'tools/check-node.js')], { encoding: 'utf8' });
    expect(run.stderr).toMatch(/^gcr-warden needs Node 22\.19 or newer/);
    expect(run.status).toBe(1);
  });
});
