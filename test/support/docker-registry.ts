import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** Debian's `docker-registry`, plain distribution with deletes switched on, on a free port of loopback. */
export interface DockerRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  close(): Promise<void>;
}

const START_DEADLINE_MS = 15_000;
const STARTS_MAX = 3;

/** Starts it with a folder of its own; the folder goes with it. */
export async function startDockerRegistry(): Promise<DockerRegistry> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await start(await freePort());
    } catch (thrown) {
      // Somebody else may have taken the port between our asking for it and the registry's start.
      if (starts === STARTS_MAX) throw thrown;
    }
  }
}

async function start(port: number): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  const config = join(folder, 'config.json');
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}` },
    }),
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const host = `127.0.0.1:${port}`;
  const deadlineMs = Date.now() + START_DEADLINE_MS;
  while (child.exitCode === null && Date.now() < deadlineMs) {
    const isUp = await fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp && child.exitCode === null) return { host, close };
    await delay(50);
  }
  await close();
  throw new Error('docker-registry did not start');
}
