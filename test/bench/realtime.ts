/**
 * On a machine that does other work too, a wall time says little of the program: with `REALTIME=1` the benches that
 * measure one run under the kernel's real-time scheduling, and the registry that they ask before them, so that
 * nothing keeps it from answering in time. Needs `chrt` and the right to use it.
 */
const isRealtime = process.env['REALTIME'] === '1';

const PRIORITY = { registry: '8', measured: '5' } as const;

/** The program and its arguments, under what schedules it. */
export function scheduled(
  as: keyof typeof PRIORITY,
  program: string,
  args: readonly string[],
): readonly [program: string, args: string[]] {
  if (!isRealtime) return [program, [...args]];
  return ['chrt', ['-r', PRIORITY[as], program, ...args]];
}
