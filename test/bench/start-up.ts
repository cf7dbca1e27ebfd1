import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../shared/adapters/ledger/open-ledger.ts';
import { bundleCli } from '../../tools/bundle.ts';
import { ROOT } from '../support/command.ts';

/**
 * How long `npm start` takes to the first printed plan, beside a bare Node; and how long the published command takes
 * to start, beside `gcloud version` where that is installed. Prints medians and ratios: `node test/bench/start-up.ts`.
 */
const RUNS = 5;

/** The first line of the first repository's plan. */
const FIRST_PLAN = /\d+ artifacts, \d+ manifests/;

function timeTo(program: string, args: readonly string[], seen: RegExp | null): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAtMs = performance.now();
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    let foundMs: number | null = null;
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (foundMs === null && seen?.test(text)) foundMs = performance.now() - startedAtMs;
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`${program} ${args.join(' ')} ended with ${code}`));
      else if (seen !== null && foundMs === null)
        reject(new Error(`${program} ${args.join(' ')} never printed ${seen}`));
      else resolve(foundMs ?? performance.now() - startedAtMs);
    });
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'warden-start-'));
  const bare: number[] = [];
  const plan: number[] = [];
  const whole: number[] = [];
  const start = ['start', '--', '--once', '--port', '0', '--directory', join(directory, 'stack')];
  try {
    for (let run = 0; run < RUNS; run++) {
      bare.push(await timeTo(process.execPath, ['--eval', ''], null));
      plan.push(await timeTo('npm', start, FIRST_PLAN));
      whole.push(await timeTo('npm', start, null));
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const base = median(bare);
  console.log(`npm start, median of ${RUNS} runs, beside a bare Node (${base.toFixed(0)} ms to its end)`);
  console.log(
    `to the first printed plan  ${median(plan).toFixed(0)} ms, ${(median(plan) / base).toFixed(1)} x`,
  );
  console.log(
    `--once, to its end         ${median(whole).toFixed(0)} ms, ${(median(whole) / base).toFixed(1)} x`,
  );
}

/** What the published command is asked for: its version, the help of a command, and a ledger looked up. */
const COMMANDS = [['--version'], ['plan', '--help'], ['history', '--ledger', 'LEDGER']];

async function command(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'warden-start-'));
  try {
    const ledgerPath = join(directory, 'ledger.sqlite');
    await (await openLedger(ledgerPath)).close();
    await cp(join(ROOT, 'bin'), join(directory, 'bin'), { recursive: true });
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    await bundleCli(join(ROOT, 'cli/main.ts'), join(directory, 'dist/cli'));
    const times = COMMANDS.map((): number[] => []);
    const gcloud: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      for (const [at, words] of COMMANDS.entries()) {
        const named = words.map((word) => (word === 'LEDGER' ? ledgerPath : word));
        const args = [join(directory, 'bin/gcr-warden.js'), ...named];
        times[at]?.push(await timeTo(process.execPath, args, null));
      }
      if (isInstalled('gcloud')) gcloud.push(await timeTo('gcloud', ['version'], null));
    }
    for (const [at, words] of COMMANDS.entries()) {
      const ms = median(times[at] ?? []);
      const ratio = gcloud.length === 0 ? 'gcloud is not installed' : `${(ms / median(gcloud)).toFixed(2)} x`;
      console.log(
        `gcr-warden ${words.join(' ').padEnd(24)} ${ms.toFixed(0)} ms, ${ratio} of "gcloud version"`,
      );
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

await main();
await command();
