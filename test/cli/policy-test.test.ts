import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PolicyTestReport } from '../../shared/core/policy-test/report.ts';
import { ROOT, warden } from '../support/command.ts';

const POLICY = `apiVersion: gcr-warden/v1
policy: p
repositories: ["*/acme/**"]
mode: enforce
delete:
  - old: { tags: { glob: "pr-*" }, olderThan: 14d }
`;

const test = (days: number): string => `apiVersion: gcr-warden/v1
test: old pull requests go
repository: gcr.io/acme/api
now: 2026-01-31T03:00Z
images:
  main: { tags: main, uploaded: 99d }
  pr: { tags: pr-1, uploaded: ${days}d }
kept: { main: (no rule) }
deleted: { pr: old }
`;

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gcr-warden-policy-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

describe('gcr-warden policy test', () => {
  it('ends with 0 where all tests pass', async () => {
    const ended = await warden([
      'policy',
      'test',
      await folder({ 'p.yaml': POLICY, 'p.test.yaml': test(15) }),
    ]);
    expect(ended).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `pass  p.test.yaml:1  old pull requests go (2 images)

Coverage: 1 of 1 rules decided an image, and 1 of 3 conditions made a difference.
  p.yaml:6: no test turns on tags (all) of rule old of policy p
  p.yaml:6: no test turns on olderThan of rule old of policy p
1 passed, 0 failed, 0 problems.
`,
    });
  });

  it('ends with 1 where one fails, and shows expected against decided', async () => {
    const ended = await warden([
      'policy',
      'test',
      await folder({ 'p.yaml': POLICY, 'p.test.yaml': test(14) }),
    ]);
    expect(ended).toEqual({
      exitCode: 1,
      stderr: '',
      stdout: `FAIL  p.test.yaml:1  old pull requests go (2 images)
      pr (line 9)
        expected  deleted by rule old
        decided   kept: no rule names it

Coverage: 0 of 1 rules decided an image, and 2 of 3 conditions made a difference.
  p.yaml:6: no test is decided by delete rule old of policy p
  p.yaml:6: no test turns on tags (all) of rule old of policy p
0 passed, 1 failed, 0 problems.
`,
    });
  });

  it.each([
    ['there is no test', { 'p.yaml': POLICY }, 'There are no tests'],
    [
      'a test is broken',
      { 'p.yaml': POLICY, 'p.test.yaml': test(15).replace('15d', '15y') },
      'p.test.yaml:7:31: POLICY_DURATION: ',
    ],
    [
      'a policy is broken',
      { 'p.yaml': `${POLICY}mode: plan\n`, 'p.test.yaml': test(15) },
      'p.yaml:7:1: POLICY_DUPLICATE_KEY: ',
    ],
    ['a test is no text', { 'p.yaml': POLICY, 'p.test.yaml': '\ud800' }, 'p.test.yaml:1:1: '],
    [
      'a snapshot is not there',
      {
        'p.yaml': POLICY,
        'p.test.yaml': 'apiVersion: gcr-warden/v1\ntest: t\nsnapshot: a.json\nkept: { a: }\n',
      },
      'p.test.yaml:1:1: SNAPSHOT_INVALID: ',
    ],
  ])('ends with 1 where %s', async (_title, files, says) => {
    const ended = await warden(['policy', 'test', await folder(files)]);
    expect(ended.stdout).toContain(says);
    expect(ended.exitCode).toBe(1);
  });

  it('prints everything as JSON', async () => {
    const path = await folder({ 'p.yaml': POLICY, 'p.test.yaml': test(14) });
    const { exitCode, stdout } = await warden(['policy', 'test', '--format', 'json', path]);
    expect(exitCode).toBe(1);
    const report = JSON.parse(stdout) as PolicyTestReport;
    expect(report).toMatchObject({ version: 1, problems: [] });
    expect(report.results).toMatchObject([
      {
        name: 'old pull requests go',
        repository: 'gcr.io/acme/api',
        mismatches: [{ image: 'pr', place: { line: 9 } }],
      },
    ]);
    expect(report.coverage).toHaveLength(4);
  });

  it('prints JUnit XML', async () => {
    const path = await folder({ 'p.yaml': POLICY, 'p.test.yaml': `${test(14)}---\n${test(15)}` });
    const { exitCode, stdout } = await warden(['policy', 'test', '--format', 'junit', path]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name=".+" tests="2" failures="1" errors="0">/,
    );
  });

  it('ends with 2 for a format that it does not know', async () => {
    const ended = await warden(['policy', 'test', '--format', 'tap']);
    expect(ended.exitCode).toBe(2);
  });

  it('runs the tests again when a file changes, until it is interrupted', async () => {
    const path = await folder({ 'p.yaml': POLICY, 'p.test.yaml': test(14) });
    const child = spawn(process.execPath, ['cli/main.ts', 'policy', 'test', '--watch', path], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const seen = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!output.includes(text)) return;
          child.off('output', look);
          resolve();
        };
        child.on('output', look);
        look();
      });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        child.emit('output');
      });
    }
    await seen('Watching ');
    expect(output).toContain('0 passed, 1 failed');
    await writeFile(join(path, 'p.test.yaml'), test(15));
    await seen('1 passed, 0 failed');
    // What is half written is told, and mended by the next change.
    await writeFile(join(path, 'p.yaml'), POLICY.slice(0, 60));
    await seen('2 problems');
    output = '';
    await writeFile(join(path, 'p.yaml'), POLICY);
    await seen('1 passed, 0 failed');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  });
});
