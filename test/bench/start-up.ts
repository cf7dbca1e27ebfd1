import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/command.ts';

/**
 * How long `npm start` takes to the first printed plan, beside a bare Node and an `npm run` that does nothing,
 * in the same run. Prints medians and ratios: `node test/bench/start-up.ts`.
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

await main();
