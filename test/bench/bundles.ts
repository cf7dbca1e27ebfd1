import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startLocalRegistry } from '../../local/registry/index.ts';
import { type Bundle, bundleFunction, FUNCTIONS } from '../../tools/bundle.ts';
import { ROOT } from '../support/command.ts';
import { startFirestoreEmulator, startPubSubEmulator } from '../support/emulators.ts';
import { freePort } from '../support/free-port.ts';

/**
 * Size of each deployed bundle, its start to listening and to its first answered event, as ratios to an empty
 * functions-framework function in the same run. The ledger is Google's Firestore emulator; needs `gcloud` and
 * `java`: `node test/bench/bundles.ts`.
 */
const RUNS = Number(process.env['RUNS'] ?? 7);

const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js';
const OUT = join(ROOT, 'dist', 'bench');

interface Timing {
  readonly listeningMs: number;
  readonly answeredMs: number;
  readonly listeningCpuMs: number;
  readonly answeredCpuMs: number;
}

interface Subject {
  readonly name: string;
  readonly request: (url: string) => Promise<Response>;
}

async function time({ name, request }: Subject, env: Readonly<Record<string, string>>): Promise<Timing> {
  const port = await freePort();
  const startedAtMs = performance.now();
  const child = spawn(
    process.execPath,
    [FRAMEWORK, `--target=${name}`, `--source=${join(OUT, name)}`, `--port=${port}`],
    {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
      stdio: 'ignore',
    },
  );
  try {
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
      await pause(1);
    }
    const listeningMs = performance.now() - startedAtMs;
    const listeningCpuMs = await cpuMs(child);
    const response = await request(`http://127.0.0.1:${port}/`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${name} answered ${response.status}`);
    const answeredMs = performance.now() - startedAtMs;
    return { listeningMs, answeredMs, listeningCpuMs, answeredCpuMs: await cpuMs(child) };
  } finally {
    await end(child);
  }
}

/** What all threads of a process have computed so far: on a busy machine the only time that means something. Linux. */
async function cpuMs({ pid }: ChildProcess): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const spent = await Promise.all(
    tasks.map(async (task) => {
      const text = await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8').catch(() => '0');
      return Number(text.split(' ')[0]);
    }),
  );
  return spent.reduce((sum, one) => sum + one, 0) / 1e6;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

let messages = 0;

function push(data: unknown): RequestInit {
  messages += 1;
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  const message = {
    data: Buffer.from(text).toString('base64'),
    messageId: `${process.pid}-${messages}`,
    publishTime: new Date().toISOString(),
  };
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message, subscription: 'bench' }),
  };
}

function subjects(host: string): Subject[] {
  const image = `${host}/acme/api@sha256:${'ab'.repeat(32)}`;
  const work = {
    version: 1,
    repository: `${host}/acme/api`,
    trigger: 'schedule',
    policies: [],
    scheduledAtMs: 0,
  };
  const requests: Readonly<Record<(typeof FUNCTIONS)[number], Subject['request']>> = {
    'record-image-event': (url) => fetch(url, push({ action: 'INSERT', digest: image })),
    'record-audit-logs': (url) => fetch(url, { method: 'POST' }),
    dispatch: (url) => fetch(url, { method: 'POST' }),
    clean: (url) => fetch(url, push(work)),
    audit: (url) => fetch(url, { method: 'POST' }),
    report: (url) => fetch(url),
  };
  return [
    { name: 'empty', request: (url) => fetch(url) },
    ...FUNCTIONS.map((name) => ({ name, request: requests[name] })),
  ];
}

async function writeEmpty(): Promise<void> {
  await mkdir(join(OUT, 'empty'), { recursive: true });
  await writeFile(join(OUT, 'empty', 'package.json'), JSON.stringify({ type: 'module', main: 'index.mjs' }));
  await writeFile(
    join(OUT, 'empty', 'index.mjs'),
    "import { http } from '@google-cloud/functions-framework';\nhttp('empty', (_request, response) => response.status(204).end());\n",
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'warden-bench-'));
  const [firestore, pubsub] = await Promise.all([startFirestoreEmulator(), startPubSubEmulator()]);
  const registry = await startLocalRegistry({ directory: join(directory, 'registry') });
  const policies = join(directory, 'policies');
  await mkdir(policies);
  const env = {
    FIRESTORE_EMULATOR_HOST: firestore.host,
    PUBSUB_EMULATOR_HOST: pubsub.host,
    METADATA_SERVER_DETECTION: 'none',
    GCR_WARDEN_LEDGER: 'firestore:bench/(default)',
    GCR_WARDEN_POLICIES: policies,
    GCR_WARDEN_TARGETS: `${registry.host}/acme`,
    GCR_WARDEN_WORK_TOPIC: 'projects/bench/topics/work',
    GCR_WARDEN_DEAD_LETTER_TOPIC: 'projects/bench/topics/dead',
  };
  try {
    await writeEmpty();
    const bundles = new Map<string, Bundle>();
    for (const name of FUNCTIONS) {
      const source = join(ROOT, 'functions', `${name}.ts`);
      bundles.set(name, await bundleFunction(name, source, OUT, { frameworkVersion: '5.0.5' }));
      // As Google's builder does where the function is deployed.
      execFileSync(process.execPath, ['fill-compile-cache.mjs'], { cwd: join(OUT, name), stdio: 'ignore' });
    }
    const timings = new Map<string, Timing[]>();
    const all = subjects(registry.host);
    // One uncounted round first, so that files are in the page cache for all of them alike.
    for (let run = -1; run < RUNS; run++) {
      for (const subject of all) {
        const timing = await time(subject, env);
        if (run >= 0) timings.set(subject.name, [...(timings.get(subject.name) ?? []), timing]);
      }
    }
    const base = timings.get('empty') ?? [];
    const of = (all: readonly Timing[], what: keyof Timing): number => median(all.map((one) => one[what]));
    const told = (all: readonly Timing[], what: keyof Timing): string =>
      `${(of(all, what) / of(base, what)).toFixed(2)} x`;
    console.log(
      `median of ${RUNS} starts; empty function: listening ${of(base, 'listeningMs').toFixed(0)} ms (CPU ${of(base, 'listeningCpuMs').toFixed(0)} ms), answered ${of(base, 'answeredMs').toFixed(0)} ms (CPU ${of(base, 'answeredCpuMs').toFixed(0)} ms)`,
    );
    for (const name of FUNCTIONS) {
      const measured = timings.get(name) ?? [];
      const { sizeBytes = 0, zipBytes = 0, parts = [] } = bundles.get(name) ?? {};
      const biggest = parts.slice(0, 3).map((part) => `${part.name} ${(part.sizeBytes / 1e6).toFixed(2)} MB`);
      console.log(
        [
          name.padEnd(20),
          `${(sizeBytes / 1e6).toFixed(2)} MB, zip ${((zipBytes ?? 0) / 1e6).toFixed(2)} MB`,
          `listening ${told(measured, 'listeningMs')} (CPU ${told(measured, 'listeningCpuMs')})`,
          `first answer ${told(measured, 'answeredMs')} (CPU ${told(measured, 'answeredCpuMs')})`,
          `biggest: ${biggest.join(', ')}`,
        ].join('  '),
      );
    }
  } finally {
    await registry.close();
    await Promise.all([firestore.stop(), pubsub.stop()]);
    await rm(directory, { recursive: true, force: true });
    await rm(OUT, { recursive: true, force: true });
  }
}

await main();
