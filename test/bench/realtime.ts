import { execFileSync } from 'node:child_process';

const PRIORITY = { registry: '8', measured: '5' } as const;

/**
 * On a machine that does other work too, a wall time says little of the program: with `REALTIME=1` a process, and
 * what it starts from then on, runs under the kernel's real-time scheduling; the registry before what is measured,
 * so that nothing keeps it from answering in time. Needs `chrt` and the right to use it.
 */
export function schedule(as: keyof typeof PRIORITY, pid: number | undefined): void {
  if (process.env['REALTIME'] !== '1' || pid === undefined) return;
  execFileSync('chrt', ['--all-tasks', '--rr', '--pid', PRIORITY[as], String(pid)]);
}
