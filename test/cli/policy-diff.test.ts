import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyDiff } from '../../shared/core/policy-diff.ts';
import type { Snapshot } from '../../shared/core/snapshot.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

describe('gcr-warden policy diff', () => {
  let stage: Stage;
  let before: string;
  let after: string;

  beforeAll(async () => {
    stage = await openStage(['pr-1', 'pr-2', 'main']);
    before = await stage.policies('before', {
      'a.yaml': pullRequests('enforce', 'keep: [{ one: { tags: { exact: pr-1 } } }]\n'),
    });
    after = await stage.policies('after', { 'a.yaml': pullRequests('enforce') });
  });
  afterAll(() => stage.close());

  it('says what changes hands in a registry, and deletes and records nothing', async () => {
    const run = await stage.warden(['policy', 'diff', before, after, '--target', stage.target]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/now deleted {2}pr-1 .* kept: rule one of policy pull-requests \(a\.yaml:5\)/);
    expect(run.stdout).toContain('1 now deleted in 1 of 1 repositories.');
    expect(await stage.tags()).toEqual(['main', 'pr-1', 'pr-2']);
    expect((await stage.warden(['history'])).stdout).toContain('No run is written down');
  });

  it('says the same of a snapshot, without a request to the registry', async () => {
    const file = stage.path('snapshot.json');
    expect(await stage.warden(['snapshot', stage.target, '--out', file])).toMatchObject({ exitCode: 0 });
    const requests = { ...stage.registry.requests };
    const run = await stage.warden(['policy', 'diff', before, after, '--snapshot', file, '--format', 'json']);
    const diff = JSON.parse(run.stdout) as PolicyDiff;
    expect(diff.repositories.flatMap(({ changes }) => changes)).toMatchObject([
      { kind: 'now deleted', before: { tags: ['pr-1'] } },
    ]);
    expect(stage.registry.requests).toEqual(requests);
    const comment = await stage.warden([
      ...['policy', 'diff', before, after, '--snapshot', file, '--format', 'markdown'],
    ]);
    expect(comment.stdout).toContain('- **now deleted** `pr-1`');
  });

  it('ends with 1 where the new version has an error, and with 0 where it mends one', async () => {
    const broken = await stage.policies('broken', { 'a.yaml': 'policy: a\n' });
    const breaking = await stage.warden(['policy', 'diff', before, broken, '--target', stage.target]);
    expect(breaking.exitCode).toBe(1);
    expect(breaking.stdout).toContain('after: a.yaml:1:1: POLICY_MISSING_KEY');
    const mending = await stage.warden(['policy', 'diff', broken, after, '--target', stage.target]);
    expect(mending.exitCode).toBe(0);
  });

  it('ends with 1 where not everything could be read', async () => {
    const file = stage.path('cut.json');
    await stage.warden(['snapshot', stage.target, '--out', file]);
    const snapshot = JSON.parse(await readFile(file, 'utf8')) as Snapshot;
    const catalog = { kind: 'incomplete', reason: 'the catalog was cut' };
    await writeFile(file, JSON.stringify({ ...snapshot, catalog }));
    const run = await stage.warden(['policy', 'diff', before, after, '--snapshot', file]);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('Not all repositories were seen: the catalog was cut');
  });

  it('asks for exactly one thing to try the policies on', async () => {
    const none = await stage.warden(['policy', 'diff', before, after]);
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('OPTION_INVALID') });
    const both = await stage.warden([
      ...['policy', 'diff', before, after, '--target', stage.target, '--snapshot', 'a.json'],
    ]);
    expect(both.exitCode).toBe(2);
  });
});

describe('a snapshot that nobody can read', () => {
  it('is refused', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'warden-diff-'));
    const stage = await openStage([]);
    try {
      await writeFile(join(directory, 'a.json'), '{}');
      const run = await stage.warden([
        ...['policy', 'diff', directory, directory, '--snapshot', join(directory, 'a.json')],
      ]);
      expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('SNAPSHOT_INVALID') });
      expect(await readFile(join(directory, 'a.json'), 'utf8')).toBe('{}');
    } finally {
      await stage.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
