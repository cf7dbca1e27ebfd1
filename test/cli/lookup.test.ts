import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acmeEstate, type GoogleApis, startGoogleApis } from '../../local/google-apis/index.ts';
import type { ImageLife } from '../../shared/app/explain-image.ts';
import type { Run } from '../../shared/core/journal.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

describe('what the ledger tells after a run', () => {
  let stage: Stage;
  let image: string;

  beforeAll(async () => {
    stage = await openStage(['1.0.0', '1.1.0', 'pr-1']);
    image = `${stage.target}/api`;
    const folder = await stage.policies('enforced', { 'pull-requests.yaml': pullRequests('enforce') });
    const file = stage.path('plan.json');
    for (const args of [
      ['plan', '--policies', folder, '--out', file, stage.target],
      ['apply', file, '--yes'],
    ]) {
      expect(await stage.warden(args)).toMatchObject({ exitCode: 0 });
    }
  });
  afterAll(() => stage.close());

  it('explains a deleted image by its tag: the rule, its file and line, and what was done', async () => {
    const run = await stage.warden(['explain', `${image}:pr-1`]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/rule pull-requests of policy pull-requests \(pull-requests\.yaml:6\)/);
    expect(run.stdout).toMatch(/delete the manifest: deleted/);
  });

  it('explains it by its digest as JSON, and why another one stays', async () => {
    const byTag = await stage.warden(['explain', '--json', `${image}:pr-1`]);
    const life = JSON.parse(byTag.stdout) as ImageLife;
    expect(life.decision?.decision.verdict).toBe('delete');
    const byDigest = await stage.warden(['explain', '--json', `${image}@${life.digest}`]);
    expect(JSON.parse(byDigest.stdout)).toEqual(life);
    const kept = await stage.warden(['explain', '--json', `${image}:1.0.0`]);
    expect((JSON.parse(kept.stdout) as ImageLife).decision?.decision.verdict).toBe('keep');
  });

  it.each([
    ['tag', ':9.9.9'],
    ['digest', `@sha256:${'0'.repeat(64)}`],
  ])('says of a %s that nobody told of that it is not known', async (_kind, suffix) => {
    const run = await stage.warden(['explain', `${image}${suffix}`]);
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toMatch(/^error: IMAGE_UNKNOWN: /);
  });

  it('shows runs, newest first: of everything, of a repository, of one image', async () => {
    const all = await stage.warden(['history', '--json']);
    expect((JSON.parse(all.stdout) as Run[]).map(({ mode }) => mode)).toEqual(['apply', 'plan']);

    const text = await stage.warden(['history', image]);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toMatch(/apply +command +\S+ +\S+\/acme\/api +2 deleted/);

    const other = await stage.warden(['history', `${stage.target}/web`]);
    expect(other).toMatchObject({ exitCode: 0, stdout: 'No run is written down in this ledger.\n' });

    const life = await stage.warden(['history', '--json', `${image}:pr-1`]);
    expect((JSON.parse(life.stdout) as ImageLife).journal.map(({ intent }) => intent.step.kind)).toEqual(
      expect.arrayContaining(['untag', 'delete']),
    );
  });
});

describe('gcr-warden audit', () => {
  let stage: Stage;
  let google: GoogleApis;

  beforeAll(async () => {
    stage = await openStage([]);
    google = await startGoogleApis({ estate: acmeEstate(Date.now()), now: Date.now() });
  });
  afterAll(async () => {
    await google.close();
    await stage.close();
  });

  it('reports on keys and permissions, and only reads', async () => {
    const run = await stage.warden(['audit', '--project', 'acme', '--google-endpoint', google.url]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/key-age/);
    const written = Object.keys(google.requests).filter(
      // Google asks for these by POST, and they read.
      (request) => !/^(?:GET |POST (?:ancestry|(?:project|container|account) policy)$)/.test(request),
    );
    expect(written).toEqual([]);
  });

  it('reports as JSON', async () => {
    const run = await stage.warden(['audit', '--project', 'acme', '--google-endpoint', google.url, '--json']);
    expect(run.exitCode).toBe(0);
    const { findings } = JSON.parse(run.stdout) as { findings: { status: string }[] };
    expect(new Set(findings.map(({ status }) => status))).toContain('FAIL');
  });
});
