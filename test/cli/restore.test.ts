import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import type { Hold } from '../../shared/core/hold.ts';
import type { Listing } from '../../shared/core/listing.ts';
import type { Plan } from '../../shared/core/plan.ts';
import type { Restoration } from '../../shared/core/restoration.ts';
import { MINUTE_MS } from '../../shared/core/units.ts';
import { ROOT } from '../support/command.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

const PULL_REQUESTS = Array.from({ length: 40 }, (_, at) => `pr-${at + 10}`);
const TAGS = ['1.0.0', ...PULL_REQUESTS];

describe('gcr-warden restore', () => {
  let stage: Stage;
  let runId: string;
  let before: Listing['manifests'];

  const list = async (): Promise<Listing['manifests']> => {
    const { stdout } = await stage.warden(['list', '--json', stage.target]);
    return (JSON.parse(stdout) as { listings: Listing[] }).listings.flatMap(({ manifests }) => manifests);
  };
  const standing = async (): Promise<Record<string, readonly string[]>> =>
    Object.fromEntries((await list()).map(({ digest, tags }) => [digest, tags]));

  const freeLease = async (): Promise<void> => {
    const ledger = await openSqliteLedger(stage.path('ledger.sqlite'));
    const laterMs = Date.now() + 60 * MINUTE_MS;
    const taken = await ledger.acquireLease(`${stage.target}/api`, 'test', laterMs, laterMs + 1);
    if (taken.kind === 'taken') await ledger.releaseLease(taken.lease);
    await ledger.close();
  };

  beforeAll(async () => {
    stage = await openStage(TAGS);
    before = await list();
    const limits = 'limits: { share: 100% }\n';
    const folder = await stage.policies('enforced', { 'policy.yaml': pullRequests('enforce', limits) });
    const file = stage.path('plan.json');
    await stage.warden(['plan', '--policies', folder, '--out', file, stage.target]);
    const plan = JSON.parse(await readFile(file, 'utf8')) as Plan;
    expect(plan.repositories[0]?.steps).toHaveLength(2 * PULL_REQUESTS.length);
    const applied = await stage.warden(['apply', file, '--yes', '--json']);
    runId = (JSON.parse(applied.stdout) as { runId: string }[])[0]?.runId ?? '';
  });
  afterAll(() => stage.close());

  it('says at a dry run what would come back, and changes nothing', async () => {
    const { exitCode, stdout, stderr } = await stage.warden(['restore', '--dry-run', runId]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/restorable: 40 digests and 40 tags\n$/);
    expect(await stage.tags()).toEqual(['1.0.0']);
  });

  it('brings back one image, holds it where everybody sees it, and explains it', async () => {
    const one = before.find(({ tags }) => tags.includes('pr-10'));
    const image = `${stage.target}/api@${one?.digest}`;
    const { exitCode, stdout } = await stage.warden(['restore', '--by', 'ann', '--hold', '2d', image]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/restored: 1 digest and 1 tag\nOn hold until /);
    expect(await stage.tags()).toEqual(['1.0.0', 'pr-10']);
    const held = await stage.warden(['hold', 'list', `${stage.target}/api`]);
    expect(held.stdout).toMatch(new RegExp(`${one?.digest} +held by ann until .*restored`));
  });

  it('killed at any place, does the rest when it is asked again, and repeats nothing', async () => {
    let kills = 0;
    stage.registry.latencyMs = 5;
    for (let round = 0; round < 3; round += 1) {
      const putBefore = stage.registry.requests['PUT manifests'] ?? 0;
      const child = spawn(
        process.execPath,
        [
          'bin/gcr-warden.js',
          'restore',
          '--concurrency',
          '1',
          runId,
          '--ledger',
          stage.path('ledger.sqlite'),
        ],
        { cwd: ROOT, stdio: 'ignore', env: { ...process.env, DOCKER_CONFIG: stage.path('.') } },
      );
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      // Some manifests are back, and no tag is yet; then later; then with some tags.
      const enough = putBefore + 3 + round * 7;
      while (child.exitCode === null && (stage.registry.requests['PUT manifests'] ?? 0) < enough)
        await delay(1);
      if (child.exitCode === null) kills += 1;
      child.kill('SIGKILL');
      await ended;
      // The killed one's lease would end by itself in two minutes.
      await freeLease();
    }
    stage.registry.latencyMs = 0;
    expect(kills).toBe(3);
    const { exitCode, stdout } = await stage.warden(['restore', '--json', runId]);
    expect(exitCode).toBe(0);
    const { manifests } = JSON.parse(stdout) as Restoration;
    expect(manifests.filter(({ outcome }) => outcome.kind === 'there').length).toBeGreaterThan(1);
    const expected = Object.fromEntries(before.map(({ digest, tags }) => [digest, tags]));
    expect(await standing()).toEqual(expected);
    // Each manifest once under its digest and once under its tag, and one more for each that was under way.
    expect(stage.registry.requests['PUT manifests']).toBeLessThanOrEqual(TAGS.length + 2 * 40 + 2 * kills);
    const holds = JSON.parse(
      (await stage.warden(['hold', 'list', '--json', `${stage.target}/api`])).stdout,
    ) as Hold[];
    expect(holds).toHaveLength(40);
  }, 90_000);

  it('is told of by explain and by history', async () => {
    const image = `${stage.target}/api:pr-11`;
    const explained = await stage.warden(['explain', image]);
    expect(explained.stdout).toMatch(new RegExp(`Done .*delete the manifest: deleted \\(run ${runId}\\)`));
    expect(explained.stdout).toMatch(
      /Restored +.*(?:restored|is there), tag pr-11 .*asked for by .*restoration /s,
    );
    expect(explained.stdout).toMatch(/Held +.*restored from run/);
  });

  it.each<[string, string, (stage: Stage) => string[]]>([
    ['a tag', 'OPTION_INVALID', ({ target }) => [`${target}/api:pr-10`]],
    ['a run that nobody knows', 'RUN_UNKNOWN', () => ['no-such-run']],
    [
      'an image of which nothing was kept',
      'NOTHING_TO_RESTORE',
      ({ target }) => [`${target}/web@sha256:${'0'.repeat(64)}`],
    ],
    [
      'a ledger that is not there',
      'LEDGER_MISSING',
      ({ path }) => ['--ledger', path('misspelled.sqlite'), 'run'],
    ],
    ['a hold of no length', 'OPTION_INVALID', () => ['--hold', 'long', 'run']],
  ])('refuses %s', async (_title, code, words) => {
    const { exitCode, stderr } = await stage.warden(['restore', ...words(stage)]);
    expect(stderr).toMatch(new RegExp(`^error: ${code}: `));
    expect(exitCode).not.toBe(0);
  });
});

describe('gcr-warden hold', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(['1.0.0', 'pr-1']);
  });
  afterAll(() => stage.close());

  it('keeps an image from the next plan until it is removed', async () => {
    const folder = await stage.policies('enforced', { 'policy.yaml': pullRequests('enforce') });
    const image = `${stage.target}/api:pr-1`;
    const plan = ['plan', '--policies', folder, stage.target];
    const added = await stage.warden([
      'hold',
      'add',
      '--reason',
      'audit',
      '--by',
      'ann',
      '--for',
      '30d',
      image,
    ]);
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await stage.warden(plan)).stdout).toMatch(/keep +pr-1 .* rule "audit" by ann of policy Holds/);
    expect((await stage.warden(['hold', 'remove', image])).exitCode).toBe(0);
    expect((await stage.warden(['hold', 'list', `${stage.target}/api`])).stdout).toBe(
      'Nothing is on hold there.\n',
    );
    expect((await stage.warden(plan)).stdout).not.toMatch(/policy Holds/);
  });
});
