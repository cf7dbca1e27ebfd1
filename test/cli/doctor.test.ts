import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acmeEstate, acmeWarden, type GoogleApis, startGoogleApis } from '../../local/google-apis/index.ts';
import { warden } from '../support/command.ts';

describe('gcr-warden doctor', () => {
  let healthy: GoogleApis;
  let ill: GoogleApis;

  beforeAll(async () => {
    const now = Date.now();
    healthy = await startGoogleApis({ estate: acmeEstate(now), now });
    ill = await startGoogleApis({
      estate: { projects: [{ ...acmeWarden(now), jobs: [] }] },
      now,
      denied: ['serviceusage'],
    });
  });
  afterAll(() => Promise.all([healthy.close(), ill.close()]));

  const doctor = (google: GoogleApis, ...more: readonly string[]) =>
    warden([
      'doctor',
      ...['--project', 'acme-warden', '--region', 'europe-west1', '--policies', 'policies'],
      ...['--google-endpoint', google.url, ...more],
    ]);

  it('ends with 0 where nothing is missing', async () => {
    const { exitCode, stdout, stderr } = await doctor(healthy);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/Nothing is missing in acme-warden, europe-west1\.\n$/);
    expect(exitCode).toBe(0);
  });

  it('ends with 1 where something is missing or unseen, and says what mends it', async () => {
    const { exitCode, stdout } = await doctor(ill);
    expect(stdout).toContain(
      'missing   Scheduler\n          missing: There is no job gcr-warden-audit.\n            $ terraform apply\n',
    );
    expect(stdout).toContain('unknown   APIs\n');
    expect(stdout).toMatch(/: 1 check found something missing, 1 check could not see everything\.\n$/);
    expect(exitCode).toBe(1);
  });

  it('prints the same as JSON', async () => {
    const { exitCode, stdout } = await doctor(ill, '--json');
    const report = JSON.parse(stdout) as { version: number; checks: { id: string; status: string }[] };
    const open = report.checks.filter(({ status }) => status !== 'fine');
    expect(report.version).toBe(1);
    expect(open.map(({ id, status }) => `${id} ${status}`)).toEqual(['apis unknown', 'scheduler missing']);
    expect(exitCode).toBe(1);
  });

  it('reads policies from the bucket that the functions were told, and shows no token', async () => {
    const now = Date.now();
    const bucket = {
      'policies/0123456789abcdef/a.yaml': {
        content:
          'apiVersion: gcr-warden/v1\npolicy: a\nrepositories: ["*/acme/**"]\ndelete:\n  - old: { olderThan: 9d }\n',
        metadata: { 'git-revision': '0123456789abcdef0123456789abcdef01234567' },
      },
    };
    const google = await startGoogleApis({
      estate: { projects: [acmeWarden(now)] },
      now,
      objects: { 'acme-warden-gcr-warden-policies': bucket },
    });
    const { exitCode, stdout } = await warden([
      'doctor',
      ...['--project', 'acme-warden', '--region', 'europe-west1', '--google-endpoint', google.url],
    ]);
    await google.close();
    expect(stdout).toContain(
      'All policies in gs://acme-warden-gcr-warden-policies/policies/0123456789abcdef are right: 1, of which 0 may delete.',
    );
    expect(stdout).not.toContain('token-of');
    expect(exitCode).toBe(0);
  });

  it('ends with 2 where no project is named', async () => {
    const { exitCode, stderr } = await warden(['doctor', '--region', 'europe-west1'], {
      GOOGLE_CLOUD_PROJECT: '',
    });
    expect(stderr).toContain('OPTION_INVALID');
    expect(exitCode).toBe(2);
  });
});
