import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { goProgram } from './go-program.ts';

/** go-containerregistry's own registry, in memory, on a free port of loopback. */
export interface GgcrRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  close(): Promise<void>;
}

const START_DEADLINE_MS = 15_000;
const STARTS_MAX = 3;

/** Starts it, empty. */
export async function startGgcrRegistry(): Promise<GgcrRegistry> {
  const program = goProgram('ggcr-registry');
  if ('missing' in program) throw new Error(program.missing);
  for (let starts = 1; ; starts += 1) {
    const port = await freePort();
    const child = spawn(program.path, ['-port', String(port)], { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    const host = `127.0.0.1:${port}`;
    const deadlineMs = Date.now() + START_DEADLINE_MS;
    while (child.exitCode === null && Date.now() < deadlineMs) {
      const isUp = await fetch(`http://${host}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isUp && child.exitCode === null) {
        return {
          host,
          async close() {
            child.kill('SIGKILL');
            await ended;
          },
        };
      }
      await delay(50);
    }
    child.kill('SIGKILL');
    await ended;
    // Somebody else may have taken the port between our asking for it and the registry's start.
    if (starts === STARTS_MAX) throw new Error("go-containerregistry's registry did not start");
  }
}
