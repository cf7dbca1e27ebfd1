import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { readPolicyTestFolder } from '../../shared/adapters/policies/test-folder.ts';
import { takeSnapshot } from '../../shared/app/take-snapshot.ts';
import { IMAGE_KEYWORDS, TEST_KEYWORDS } from '../../shared/core/policy-test/keyword.ts';
import { hasPassed, runPolicyTests } from '../../shared/core/policy-test/report.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { renderPolicyTests } from '../../shared/report/policy-test-text.ts';
import { setStage } from '../app/stage.ts';
import { ROOT, warden } from '../support/command.ts';
import { READER } from '../support/reader-clock.ts';

const page = await readFile(join(ROOT, 'docs/policy-testing.md'), 'utf8');
const blocks = Array.from(page.matchAll(/^```yaml\n(.*?)^```$/gms), ([, text = '']) => text);
const kinds = (kind: string): string[] => blocks.filter((text) => text.startsWith(`# ${kind}\n`));
const [policy = ''] = kinds('policy');
const commands = Array.from(page.matchAll(/^npx gcr-warden (.+)$/gm), ([, line = '']) => line.split(' '));

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gcr-warden-testing-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

async function run(path: string) {
  const { tests, snapshotOf } = await readPolicyTestFolder(path);
  return runPolicyTests(tests, await readPolicyFolder(path).read(), snapshotOf);
}

const written = kinds('test').filter((text) => !text.includes('\nsnapshot: '));

describe('the page on testing policies', () => {
  it('says of every example what it is', () => {
    expect(blocks.filter((text) => !/^# (?:policy|test|failing test)\n/.test(text))).toEqual([]);
    expect(written.length).toBeGreaterThan(1);
  });

  it.each(written.map((text) => [/^test: (.+)$/m.exec(text)?.[1] ?? '', text] as const))(
    'has a test that passes: %s',
    async (_name, text) => {
      const report = await run(await folder({ 'services.yaml': policy, 'services.test.yaml': text }));
      expect(report.results.flatMap(({ mismatches }) => mismatches)).toEqual([]);
      expect(hasPassed(report)).toBe(true);
    },
  );

  it('shows of the failing test what the command prints', async () => {
    const [failing = ''] = kinds('failing test');
    const shown = /<!-- output -->\n```\n(.*?)```/s.exec(page)?.[1] ?? 'nothing';
    const report = await run(await folder({ 'services.yaml': policy, 'services.test.yaml': failing }));
    expect(hasPassed(report)).toBe(false);
    expect(renderPolicyTests(report, { widthColumns: 120, colour: false, clock: READER })).toContain(shown);
  });

  it('has commands that do what they are there for', async () => {
    const path = await folder({});
    await cp(join(ROOT, 'policies'), join(path, 'policies'), { recursive: true });
    const stage = await setStage();
    await stage.push('one', ['main'], 1);
    const local = new Map([
      ['europe-docker.pkg.dev/acme/services/api', stage.name],
      ['policies', join(path, 'policies')],
      ['policies/api.snapshot.json', join(path, 'policies', 'api.snapshot.json')],
      ['plan.json', join(path, 'plan.json')],
    ]);
    const ledger = { GCR_WARDEN_LEDGER: join(path, 'ledger.sqlite') };
    expect(commands).toHaveLength(4);
    for (const words of commands) {
      const ended = await warden(
        words.map((word) => local.get(word) ?? word),
        ledger,
      );
      expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    }
  });

  it('has a test over a snapshot that passes', async () => {
    const [overSnapshot = ''] = kinds('test').filter((text) => text.includes('\nsnapshot: '));
    const stage = await setStage();
    await stage.push('one', ['pr-12'], 1);
    await stage.push('two', ['main'], 100);
    const snapshot = await takeSnapshot(stage.ports, parseTarget(stage.name));
    const path = await folder({
      'services.yaml': policy.replace('europe-docker.pkg.dev/', '*/'),
      'services.test.yaml': overSnapshot,
      'api.snapshot.json': JSON.stringify(snapshot),
    });
    const report = await run(path);
    expect(report.results.flatMap(({ mismatches }) => mismatches)).toEqual([]);
    expect(hasPassed(report)).toBe(true);
  });

  it('lists every key of a test and of an image', () => {
    const listed = Array.from(page.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| .+ \| .* ?\|$/gm), ([, cell = '']) =>
      cell.replaceAll('`', '').split(', '),
    ).flat();
    expect(new Set(listed)).toEqual(new Set([...Object.keys(TEST_KEYWORDS), ...Object.keys(IMAGE_KEYWORDS)]));
  });
});

describe('the tests of the example policies', () => {
  it('pass, and leave no rule and no condition untested', async () => {
    const report = await run(join(ROOT, 'policies'));
    expect(report.results.flatMap(({ mismatches }) => mismatches)).toEqual([]);
    expect(hasPassed(report)).toBe(true);
    expect(new Set(report.results.map(({ place }) => place.file))).toEqual(
      new Set(['jobs.test.yaml', 'playground.test.yaml', 'services.test.yaml', 'tools.test.yaml']),
    );
    expect(report.coverage.filter(({ isCovered }) => !isCovered)).toEqual([]);
  });
});
