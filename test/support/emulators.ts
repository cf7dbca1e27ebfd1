import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** One of Google's emulators, ours or one that was running already. */
export interface Emulator {
  /** `127.0.0.1:PORT`, as the clients' environment variables want it. */
  readonly host: string;
  /** Ends the emulator and everything it started; does nothing to one that was running already. */
  stop(): Promise<void>;
}

/** From `gcloud` to the first answer: 2 s measured, Java on a loaded machine takes longer. */
const START_MS_MAX = 90_000;
const POLL_MS = 100;
/** After SIGKILL, for the port to fall silent. */
const STOP_MS_MAX = 5_000;

/**
 * Waits for gcloud, and ends it when standard input ends: that is when `stop` asks for it, and when the test
 * process has gone, in whatever way. gcloud makes a process group of its own, in which a shell and Java run.
 */
const LEADER = `exec 3<&0
"$@" 3<&- & gcloud=$!
(read _ <&3; kill -s KILL -- -$gcloud; kill -s KILL $gcloud) 2>/dev/null & reader=$!
wait $gcloud
kill -s KILL $reader 2>/dev/null`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

async function answers(host: string): Promise<boolean> {
  try {
    const reply = await fetch(`http://${host}/`, { signal: AbortSignal.timeout(1_000) });
    await reply.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

async function start(variable: string, command: readonly string[]): Promise<Emulator> {
  const named = process.env[variable];
  if (named !== undefined && named !== '') {
    if (!(await answers(named))) throw new Error(`${variable} names ${named}, and nothing answers there.`);
    return { host: named, async stop() {} };
  }
  const host = `127.0.0.1:${await freePort()}`;
  const child = spawn('sh', ['-c', LEADER, 'sh', 'gcloud', ...command, `--host-port=${host}`, '--quiet'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = tail(child);
  const emulator: Emulator = {
    host,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
      const deadline = performance.now() + STOP_MS_MAX;
      while (await answers(host)) {
        if (performance.now() > deadline) throw new Error(`The emulator at ${host} does not end.`);
        await pause(POLL_MS);
      }
    },
  };
  const deadline = performance.now() + START_MS_MAX;
  while (!(await answers(host))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      await emulator.stop();
      throw new Error(`gcloud ${command.join(' ')} did not answer at ${host}. Its output:\n${output()}`);
    }
    await pause(POLL_MS);
  }
  // Nothing of it may keep the test process from ending.
  child.unref();
  for (const stream of child.stdio) if (stream instanceof Socket) stream.unref();
  return emulator;
}

/** Keeps the last of what a process prints, so that its pipes never fill and a failure can be shown. */
function tail(child: ChildProcess): () => string {
  const CHARACTERS_MAX = 8_000;
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (part: Buffer) => {
      text = (text + part.toString('utf8')).slice(-CHARACTERS_MAX);
    });
  }
  return () => text;
}

/**
 * Starts Google's Firestore emulator on a free port, or takes the one that `FIRESTORE_EMULATOR_HOST` names.
 * Needs `gcloud` and `java`.
 */
export async function startFirestoreEmulator(): Promise<Emulator> {
  return await start('FIRESTORE_EMULATOR_HOST', ['emulators', 'firestore', 'start']);
}

/**
 * Starts Google's Pub/Sub emulator on a free port, or takes the one that `PUBSUB_EMULATOR_HOST` names.
 * Needs `gcloud` and `java`.
 */
export async function startPubSubEmulator(): Promise<Emulator> {
  return await start('PUBSUB_EMULATOR_HOST', ['beta', 'emulators', 'pubsub', 'start']);
}
