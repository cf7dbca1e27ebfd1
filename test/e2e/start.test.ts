import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, run, warden } from '../support/command.ts';
import { describeWithPeers } from '../support/peer.ts';

/** `npm start` in a process of its own, with free ports and a folder of its own. */
interface Started {
  output(): string;
  /** Waits until something was printed. */
  seen(pattern: RegExp): Promise<RegExpExecArray>;
  interrupt(): Promise<number | null>;
}

const WAIT_MS_MAX = 20_000;

function start(directory: string): Started {
  const child = spawn(process.execPath, ['local/main.ts', '--port', '0', '--directory', directory], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return {
    output: () => output,
    async seen(pattern) {
      const deadlineMs = Date.now() + WAIT_MS_MAX;
      for (;;) {
        const found = pattern.exec(output);
        if (found !== null) return found;
        if (Date.now() > deadlineMs || child.exitCode !== null)
          throw new Error(`${pattern} was not printed:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    interrupt: () =>
      new Promise((resolve) => {
        child.once('exit', (code) => resolve(code));
        child.kill('SIGINT');
      }),
  };
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'warden-start-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('npm start -- --once', () => {
  it('pushes, records, judges, deletes, audits and explains, as the README shows it, and ends with 0', async () => {
    const folder = join(directory, 'once');
    const { exitCode, stdout, stderr } = await run(
      'npm',
      ['start', '--', '--once', '--port', '0', '--directory', folder],
      { NO_COLOR: '1' },
    );
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Pushed \d+ images and indexes to 6 repositories/);
    expect(stdout).toMatch(/(\d+) notifications reached record-image-event: \1 recorded\./);
    expect(stdout).toMatch(/tag pr-12 +[0-9a-f]{12} +deleted/);
    expect(stdout).toMatch(/Audit of project acme/);
    expect(stdout).toMatch(/delete the manifest: deleted/);
    expect(stdout).not.toMatch(/failed|INTERNAL/);

    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const shown = /<!-- output: npm start -->\n```\n(.*?)```/s.exec(readme)?.[1] ?? '';
    expect(shown).not.toBe('');
    const printed = squeezed(stdout.replaceAll(/localhost:\d+/g, 'localhost:5050'));
    for (const line of shown.trim().split('\n')) expect(printed).toContain(squeezed(line));
  });
});

/** One space for each run of white space: a table's widths are not what the README is about. */
function squeezed(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

describe('npm start', () => {
  let started: Started;
  let host: string;
  beforeAll(async () => {
    started = start(join(directory, 'stack'));
    host = (await started.seen(/^Registry +(\S+)/m))[1] ?? '';
    await started.seen(/Ctrl-C ends it/);
  });
  afterAll(async () => {
    expect(await started.interrupt()).toBe(0);
    expect(started.output()).toMatch(/Stopping\.\n$/);
  });

  it('prints commands that work as they are printed', async () => {
    const commands = [...started.output().matchAll(/^ {2}npx gcr-warden (.*)$/gm)].map(([, args = '']) =>
      args.split(' '),
    );
    expect(commands.map(([name]) => name)).toEqual(['list', 'plan', 'explain', 'history', 'audit', 'events']);
    for (const args of commands) {
      const out = args.map((arg) => (arg === 'plan.json' ? join(directory, 'plan.json') : arg));
      const { exitCode, stdout, stderr } = await warden(out);
      expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' });
      expect(stdout).not.toBe('');
    }
  });

  it('serves the report page at the address that it prints', async () => {
    const [, url = ''] = await started.seen(/^Report +(\S+)/m);
    const page = async (query: string) => (await fetch(`${url}${query}`)).text();
    expect(await page('')).toMatch(/repository=localhost%3A\d+%2Facme%2Fservices%2Fbilling/);
    expect(await page('?page=findings')).toContain('Service-account key is too old');
    expect(await page('?page=policies')).toContain('Pull-request images are rebuilt on demand');
  });

  it("runs the README's commands, on the registry that it started", async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const commands = [...readme.matchAll(/^npx gcr-warden +(.*)$/gm)].map(([, args = '']) =>
      args.replace(/ +#.*/, '').trim().split(/ +/),
    );
    expect(commands.map(([name]) => name)).toEqual([
      'survey',
      'init',
      'plan',
      'apply',
      'explain',
      'history',
      'audit',
    ]);
    const google = (await started.seen(/--google-endpoint (\S+)/))[1] ?? '';
    const ledger = (await started.seen(/--ledger (\S+)/))[1] ?? '';
    for (const args of commands) {
      const [name] = args;
      const here = args.map((arg) =>
        arg === 'plan.json'
          ? join(directory, 'readme-plan.json')
          : arg.replace('europe-docker.pkg.dev/my-project', `${host}/acme`),
      );
      if (name === 'plan' || name === 'apply' || name === 'explain' || name === 'history')
        here.push('--ledger', ledger);
      if (name === 'apply') here.push('--yes');
      if (name === 'init') here.push('--dir', join(directory, 'begun'));
      if (name === 'audit') here.push('--google-endpoint', google);
      const { exitCode, stderr } = await warden(here, { GCR_WARDEN_LEDGER: ledger });
      expect({ here, exitCode, stderr }).toEqual({ here, exitCode: 0, stderr: '' });
    }
  });

  describeWithPeers(['skopeo'], 'with skopeo', () => {
    it('shows the event and the run of an image that is pushed with the printed line', async () => {
      const [, line = ''] = await started.seen(/^ {2}skopeo (.*)$/m);
      const { exitCode, stderr } = await run('skopeo', ['--insecure-policy', ...line.split(' ')]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      await started.seen(/event INSERT \S+\/acme\/services\/api:pr-200 @[0-9a-f]{12} recorded/);
      await started.seen(/run \S+\/acme\/services\/api has been quiet/);
      await started.seen(/keep +main, pr-200/);
    });
  });
});
