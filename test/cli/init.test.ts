import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildLayer, pushImage } from '../../local/registry/index.ts';
import { filesOf } from '../../shared/core/proposal/files.ts';
import { surveyOf } from '../../shared/core/proposal/survey.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { written } from '../core/proposal/written.ts';
import { succeed } from '../support/command.ts';
import { describeWithPeers } from '../support/peer.ts';
import { openStage, type Stage } from './stage.ts';

describe('a first look at a registry', () => {
  let stage: Stage;

  beforeAll(async () => {
    let nowMs: number | null = null;
    stage = await openStage(['1.4.0'], () => nowMs ?? Date.now());
    const push = async (name: string, tag: string, daysAgo: number): Promise<void> => {
      nowMs = Date.now() - daysAgo * DAY_MS;
      const layers = [{ bytes: buildLayer([{ path: 'app', content: `${name} ${tag} ${daysAgo}` }]) }];
      await pushImage({ registry: stage.registry.host, name, tags: [tag], layers });
    };
    // Eight of the twelve are older than a rule for pull requests wants; the newest five stay whatever they are.
    for (let at = 0; at < 12; at += 1) await push('acme/web', `pr-${at + 100}`, 100 - at * 7);
    // Overwritten: the first one is left without a tag.
    for (const daysAgo of [60, 50]) await push('acme/web', 'main', daysAgo);
    nowMs = null;
  });
  afterAll(() => stage.close());

  it('tells what is there, how tags are made, and what a safe policy would free', async () => {
    const { exitCode, stdout, stderr } = await stage.warden(['survey', stage.target]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/: 15 images in 2 repositories, 1 of them without a tag; up to /);
    expect(stdout).toMatch(/A safe policy would take 9 of 15 manifests, up to .* Nothing was changed\./);
    expect(stdout).toContain('12 pull request tags (pr-100, pr-101, pr-102)');
    expect(stdout).toContain('- pull-requests: { tags: { glob: pr-* }, olderThan: 30d }');
  });

  it('asks the registry for nothing but to read, and leaves no ledger behind', async () => {
    const before = { ...stage.registry.requests };
    await stage.warden(['survey', '--json', stage.target]);
    const methods = Object.keys(stage.registry.requests).filter(
      (what) => stage.registry.requests[what] !== before[what],
    );
    expect(methods.filter((what) => !/^(GET|HEAD) /.test(what))).toEqual([]);
    expect((await readdir(stage.path(''))).filter((name) => name.startsWith('ledger'))).toEqual([]);
  });

  it('says the same to a program', async () => {
    const { stdout } = await stage.warden(['survey', '--json', stage.target]);
    const survey = JSON.parse(stdout);
    expect(survey).toMatchObject({ version: 1, catalog: { kind: 'complete' } });
    expect(survey.groups[0].repositories.map((one: { goingCount: number }) => one.goingCount)).toEqual([
      0, 9,
    ]);
  });

  it('writes what passes its own check and test, and never over a file', async () => {
    const dir = stage.path('begun');
    const args = ['init', stage.target, '--dir', dir, '--owner', 'platform@example.com', '--ci', 'gitlab'];
    const first = await stage.warden(args);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await readdir(join(dir, 'policies'))).toEqual(['acme.test.yaml', 'acme.yaml']);
    expect(await stage.warden(['policy', 'check', join(dir, 'policies')])).toMatchObject({
      exitCode: 0,
      stdout: '1 policy is right: acme (plan). 0 errors, 0 warnings.\n',
    });
    expect((await stage.warden(['policy', 'test', join(dir, 'policies')])).exitCode).toBe(0);
    expect(parse(await readFile(join(dir, '.gitlab-ci.yml'), 'utf8')).policies.script).toHaveLength(2);

    await writeFile(join(dir, 'policies/acme.yaml'), 'mine\n');
    const again = await stage.warden(args);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toMatch(/^error: INIT_FILE_EXISTS: .*acme\.yaml/);
    expect(await readFile(join(dir, 'policies/acme.yaml'), 'utf8')).toBe('mine\n');
  });

  it('writes nothing where one of the files is there', async () => {
    const dir = stage.path('half');
    await mkdir(join(dir, 'policies'), { recursive: true });
    await writeFile(join(dir, 'policies/acme.test.yaml'), '');
    expect((await stage.warden(['init', stage.target, '--dir', dir])).exitCode).toBe(2);
    expect(await readdir(join(dir, 'policies'))).toEqual(['acme.test.yaml']);
  });

  it.each([
    ['nothing named', ['init'], /^error: OPTION_INVALID: Name what to look at/],
    [
      'a time zone that there is not',
      ['init', 'localhost:1/acme', '--time-zone', 'Mars'],
      /^error: OPTION_INVALID: --time-zone/,
    ],
    ['a place without repositories', ['init', 'TARGET/none'], /^error: INIT_NOTHING_FOUND: /],
  ])('refuses %s', async (_what, words, message) => {
    const named = words.map((word) => word.replace('TARGET', stage.target));
    const { exitCode, stderr } = await stage.warden([...named, '--dir', stage.path('refused')]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('what init writes for a registry of Google', () => {
  const survey = surveyOf(written('europe-docker.pkg.dev/acme-prod/services/api', ['1.0.0', 'main']), {
    owner: null,
    schedule: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
    knowsInUse: true,
  });
  const wishes = {
    pipeline: 'github',
    version: '0.1.0',
    terraform: {
      region: null,
      inUse: ['asset:projects/acme-prod', 'kubeconfig:/home/me/.kube/config', 'pods.json'],
      moduleSource: 'github.com/gcr-warden/gcr-warden//terraform',
    },
  } as const;
  const file = (path: string): string => filesOf(survey, wishes).find((one) => one.path === path)?.text ?? '';

  it('is a root that plans only, beside the registry, and asks what a deployed service can ask', () => {
    const text = file('terraform/main.tf');
    expect(text).toContain('targets          = ["europe-docker.pkg.dev/acme-prod"]');
    expect(text).toContain('region           = "europe-west1"');
    expect(text).toContain('in_use           = ["asset:projects/acme-prod"]');
    expect(text).not.toContain('allow_deletion');
  });

  it('keeps what runs, and says of it in a test that it is kept', () => {
    expect(file('policies/services.yaml')).toContain('- running: { inUse: true }');
    expect(file('policies/services.test.yaml')).toContain('in-use: running');
  });

  it('has a pipeline that holds no credential and may write nothing', () => {
    const pipeline = parse(file('.github/workflows/policies.yml'));
    expect(pipeline.permissions).toEqual({ contents: 'read' });
    expect(JSON.stringify(pipeline)).not.toContain('secrets.');
  });

  describeWithPeers(['terraform'], 'for terraform', () => {
    it('is formatted as terraform formats', async () => {
      const dir = await mkdtemp(join(tmpdir(), 'warden-init-'));
      await writeFile(join(dir, 'main.tf'), file('terraform/main.tf'));
      expect(await succeed('terraform', ['fmt', '-check', '-diff', dir])).toBe('');
    });
  });
});
