import { describe, expect, it, onTestFinished } from 'vitest';
import { auditHandler } from '../../functions/handlers/audit.ts';
import { serveFunction } from '../../local/function-server.ts';
import { acmeEstate, startGoogleApis } from '../../local/google-apis/index.ts';
import { openGoogleAccess } from '../../shared/adapters/google/open-access.ts';
import { policyBucketFiles } from '../../shared/adapters/policies/bucket.ts';
import type { AuditReport } from '../../shared/core/audit/report.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { openStage } from './stage.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 3);

const EXCEPTIONS = `apiVersion: gcr-warden/v1
exceptions:
  - check: broad-project-grant
    project: acme
    resource: "**"
    owner: platform@example.com
    reason: Until the move is done.
    expires: 2027-01-31
`;

const POLICY = `apiVersion: gcr-warden/v1
policy: services
repositories: "*/acme/**"
delete: [{ old: { olderThan: 7d, notPulledFor: 90d } }]
`;

const REVISION = { 'git-revision': '0123abc' };

/** The report of one request, with policies in a bucket, over HTTP on both sides. */
async function audit(files: Readonly<Record<string, string>>, denied: readonly string[] = []) {
  const apis = await startGoogleApis({
    estate: acmeEstate(NOW_MS),
    now: NOW_MS,
    objects: {
      'acme-policies': Object.fromEntries(
        Object.entries(files).map(([name, content]) => [`set/${name}`, { content, metadata: REVISION }]),
      ),
    },
    denied,
  });
  const google = openGoogleAccess(apis.url);
  const { ledger, logger, logged } = await openStage();
  const reports: AuditReport[] = [];
  const handler = auditHandler(
    logger,
    async () => ({
      projects: ['acme'],
      policyFiles: policyBucketFiles({
        bucket: 'acme-policies',
        prefix: 'set',
        baseUrl: apis.url,
        token: async () => 'test-token',
      }),
      ports: { access: google.access, ledger, clock: () => NOW_MS },
    }),
    (report) => void reports.push(report),
  );
  const server = await serveFunction('audit', handler, 0);
  onTestFinished(async () => {
    await server.close();
    await google.close();
    await apis.close();
  });
  const response = await fetch(server.url, { method: 'POST' });
  const [report] = reports;
  if (report === undefined) throw new Error(await response.text());
  const of = (check: string): string[] =>
    report.findings.filter((one) => one.check === check).map(({ status }) => status);
  return { report, of, logged: logged.join('\n'), status: response.status };
}

describe('the deployed audit', () => {
  it('goes by the exceptions and policies of the bucket, and says by which', async () => {
    const { report, of, logged } = await audit({ '_exceptions.yaml': EXCEPTIONS, 'services.yaml': POLICY });
    expect(new Set(of('broad-project-grant'))).toEqual(new Set(['EXCEPTED']));
    expect(of('exception-unused')).toEqual(['PASS']);
    expect(of('pulls-not-logged')).toEqual(['FAIL']);
    expect(of('cleanup-missing')).not.toContain('UNKNOWN');
    expect(report.policyFiles).toEqual([
      {
        file: '_exceptions.yaml',
        contentHash: sha256(EXCEPTIONS),
        gitRevision: { kind: 'known', value: '0123abc' },
      },
      {
        file: 'services.yaml',
        contentHash: sha256(POLICY),
        gitRevision: { kind: 'known', value: '0123abc' },
      },
    ]);
    const excepted = report.findings.find(({ status }) => status === 'EXCEPTED');
    expect(excepted?.exception).toMatchObject({
      place: '_exceptions.yaml:3',
      contentHash: sha256(EXCEPTIONS),
    });
    expect(logged).toContain(sha256(EXCEPTIONS));
  });

  it('tells of a broken file of exceptions, which excepts nothing', async () => {
    const { of, logged } = await audit({ '_exceptions.yaml': `${EXCEPTIONS}  - check: none\n` });
    expect(of('broad-project-grant')).not.toContain('EXCEPTED');
    expect(of('exception-broken')).toEqual(['FAIL']);
    expect(logged).toContain('exceptions are broken and except nothing');
  });

  it("audits all the same where the bucket can't be read", async () => {
    const { status, of } = await audit({}, ['acme-policies']);
    expect(status).toBe(200);
    expect(of('exception-broken')).toEqual(['UNKNOWN']);
    expect(of('pulls-not-logged')).toEqual(['UNKNOWN']);
    expect(of('broad-project-grant')).toContain('FAIL');
  });
});
