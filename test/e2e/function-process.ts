import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';

/** A bundled function in a process of its own, served by functions-framework as in the cloud. */
export interface FunctionProcess {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  readonly pid: number;
  /** Everything it wrote so far. */
  output(): string;
  stop(): Promise<void>;
}

const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js';
const START_MS_MAX = 30_000;

/** Starts the bundle in `source` and waits until it listens. */
export async function startFunction(
  target: string,
  source: string,
  env: Readonly<Record<string, string>>,
): Promise<FunctionProcess> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [FRAMEWORK, `--target=${target}`, `--source=${source}`, `--port=${port}`],
    {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const url = `http://127.0.0.1:${port}/`;
  const deadlineMs = Date.now() + START_MS_MAX;
  while (!(await listens(url))) {
    if (child.exitCode !== null || Date.now() > deadlineMs) {
      child.kill('SIGKILL');
      throw new Error(`${target} does not listen:\n${output}`);
    }
    await pause(50);
  }
  return { url, pid: child.pid ?? 0, output: () => output, stop: () => stop(child) };
}

async function listens(url: string): Promise<boolean> {
  return fetch(new URL('/robots.txt', url), { signal: AbortSignal.timeout(1_000) }).then(
    async (response) => {
      await response.arrayBuffer();
      return true;
    },
    () => false,
  );
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
