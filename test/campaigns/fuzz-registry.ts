/**
 * The registry client against a hostile server, 100,000 cases by default:
 * `npm run fuzz:registry [-- FIRST COUNT]`. The client runs in processes of their own, so that the memory that
 * is printed is its own. Ends with 1 where a promise was broken.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startHostileServer } from '../support/hostile/server.ts';

const [first = 0, count = 100_000] = process.argv.slice(2).map(Number);
const CONCURRENCY = 16;
const ATTEMPT_DEADLINE_MS = 400;
const MEMORY_MAX_BYTES = 256 * 1024 * 1024;
/** By default V8 collects late where the machine has memory; with these a client that needed more would end. */
const HEAP_FLAGS = ['--max-old-space-size=128', '--max-semi-space-size=8'];

interface Report {
  readonly ended: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
  readonly longestMs: number;
  readonly longestCase: number;
  readonly maxRssBytes: number;
  readonly cpuMs: number;
}

function runClient(host: string): Promise<Report> {
  const program = fileURLToPath(new URL('../support/hostile/child.ts', import.meta.url));
  const words = [
    ...HEAP_FLAGS,
    program,
    host,
    ...[first, count, CONCURRENCY, ATTEMPT_DEADLINE_MS].map(String),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as Report);
      else reject(new Error(`The client ended with ${code}.`));
    });
  });
}

const met = new Map<string, number>();
const server = await startHostileServer(met);
const begunMs = performance.now();
const report = await runClient(server.host);
await server.close();

const inMiB = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
console.log(`cases ${first} to ${first + count - 1}, ${Math.round((performance.now() - begunMs) / 1000)} s`);
for (const [how, number] of Object.entries(report.ended).sort(([, a], [, b]) => b - a)) {
  console.log(`${String(number).padStart(8)}  ${how}`);
}
console.log(`faults met: ${[...met.values()].reduce((sum, number) => sum + number, 0)} of ${met.size} kinds`);
console.log(`longest: ${Math.round(report.longestMs)} ms (case ${report.longestCase})`);
console.log(
  `client: ${Math.round(report.cpuMs / 1000)} s of CPU, at most ${inMiB(report.maxRssBytes)} resident`,
);
for (const line of report.wrong) console.log(`WRONG ${line}`);
const isTooLarge = report.maxRssBytes > MEMORY_MAX_BYTES;
if (isTooLarge) console.log(`WRONG more than ${inMiB(MEMORY_MAX_BYTES)} resident`);
process.exitCode = report.wrong.length > 0 || isTooLarge ? 1 : 0;
