import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT, succeed } from '../../support/command.ts';
import { CORPUS } from './corpus.ts';

const RIGHT =
  'apiVersion: gcr-warden/v1\npolicy: right\nrepositories: ["**"]\ndelete: [{ r: { olderThan: 1d } }]\n';

interface Checked {
  readonly cpuMs: number;
  readonly policies: readonly string[];
  readonly problems: readonly { file: string; line: number; column: number; code: string }[];
}

const root = mkdtempSync(join(tmpdir(), 'corpus-'));
const entries = [...CORPUS];
for (const [at, [, content]] of entries.entries()) {
  const folder = join(root, String(at));
  mkdirSync(folder);
  writeFileSync(join(folder, 'wrong.yaml'), content);
  writeFileSync(join(folder, 'right.yaml'), RIGHT);
}
interface Output {
  readonly checks: Readonly<Record<string, Checked>>;
  readonly memoryMiB: number;
}

async function checkAlone(names: readonly string[]): Promise<Output> {
  const script = join(ROOT, 'test/core/policy-file/check-alone.ts');
  // As where there are 256 MiB: with more, V8 lets garbage lie until there is a reason to clear it away.
  const limits = ['--max-old-space-size=160', '--max-semi-space-size=8'];
  return JSON.parse(await succeed(process.execPath, [...limits, script, root, ...names])) as Output;
}

/** What is large enough to cost something is checked in a process of its own. */
const HOSTILE_CHARACTERS = 50_000;
const [large, small] = [true, false].map((isLarge) =>
  entries.flatMap(([, { length }], at) => (length > HOSTILE_CHARACTERS === isLarge ? [String(at)] : [])),
) as [string[], string[]];
const outputs = [await checkAlone(small)];
const waiting = large.values();
await Promise.all(
  Array.from({ length: 2 }, async () => {
    for (const name of waiting) outputs.push(await checkAlone([name]));
  }),
);
const checks = Object.assign({}, ...outputs.map((output) => output.checks)) as Output['checks'];

afterAll(() => rmSync(root, { recursive: true }));

describe('a corpus of malformed files', () => {
  it('has at least 200', () => {
    expect(CORPUS.size).toBeGreaterThanOrEqual(200);
  });

  it.each(entries.map(([title, content], at) => [title, content, at] as const))(
    '%s: an error that names the place within a second of work, and the policy beside it runs',
    (_title, content, at) => {
      const { cpuMs, policies, problems } = checks[String(at)] as Checked;
      expect(problems).not.toEqual([]);
      const lines = typeof content === 'string' ? content.split('\n') : [];
      for (const { file, line, column, code } of problems) {
        expect(file).toBe('wrong.yaml');
        expect(code).toMatch(/^POLICY_/);
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(Math.max(1, lines.length));
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
      }
      expect(cpuMs).toBeLessThan(1000);
      expect(policies).toEqual(['right']);
    },
  );

  it('needs less than 256 MiB, each of the large ones in a process of its own', () => {
    expect(large.length).toBeGreaterThan(20);
    expect(Math.max(...outputs.map(({ memoryMiB }) => memoryMiB))).toBeLessThan(256);
  });
});
