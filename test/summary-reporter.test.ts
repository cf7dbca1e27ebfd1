import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const folder = fileURLToPath(new URL('./fixtures/summary/', import.meta.url));

it('ends a real run with what was not run and one line that counts', () => {
  const run = spawnSync(process.execPath, [vitest, 'run'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });

  const lines = run.stdout.trimEnd().split('\n');
  expect(run.status).toBe(1);
  // Failed: one test, one hook, one file that does not load.
  expect(lines.at(-1)).toBe('1 passed, 3 failed, 4 skipped');
  expect(lines.slice(lines.indexOf('Not run:') + 1, -2)).toEqual([
    '  mixed.ts: a suite (not run: nothing installed)',
    '  mixed.ts: finds out that it cannot run (not run: no provider)',
    '  mixed.ts: a suite whose hook breaks > never starts',
  ]);
}, 120_000);
