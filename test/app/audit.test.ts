import { describe, expect, it, onTestFinished } from 'vitest';
import { acmeEstate, startGoogleApis } from '../../local/google-apis/index.ts';
import { googleAccess } from '../../shared/adapters/google/access.ts';
import { GOOGLE_APIS, GoogleRest } from '../../shared/adapters/google/rest.ts';
import { auditProject } from '../../shared/app/audit.ts';
import type { AuditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import type { Finding } from '../../shared/core/finding.ts';
import type { FindingLedger } from '../../shared/ports.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 3);

async function auditAcme(denied: readonly string[] = [], project = 'acme') {
  const apis = await startGoogleApis({ estate: acmeEstate(NOW_MS), now: NOW_MS, denied });
  const rest = new GoogleRest({
    token: async () => 'test-token',
    endpoints: Object.fromEntries(GOOGLE_APIS.map((api) => [api, apis.url])),
  });
  onTestFinished(async () => {
    await rest.close();
    await apis.close();
  });
  const saved: { project: string; atMs: number; findings: readonly Finding[] }[] = [];
  const ledger: FindingLedger = {
    saveFindings: async (ofProject, { atMs, findings }) => {
      saved.push({ project: ofProject, atMs, findings });
    },
    findings: async () => null,
    auditedProjects: async () => [],
  };
  const logged: string[] = [];
  const report = await auditProject(
    {
      access: googleAccess(rest),
      ledger,
      clock: () => NOW_MS,
      logger: { log: (_severity, message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`) },
    },
    project,
    DEFAULT_AUDIT_SETTINGS,
  );
  return { report, saved, logged, requests: apis.requests };
}

/** `check resource`, of the findings that fail. */
function failing(report: AuditReport): string[] {
  return report.findings
    .filter(({ status }) => status === 'FAIL')
    .map(
      ({ check, resource }) =>
        `${check} ${resource.slice(resource.lastIndexOf('/') + 1, resource.length).slice(0, 12)}`,
    );
}

/** Why what could not be decided could not be decided. */
function undecided(report: AuditReport): string[] {
  return report.findings
    .filter(({ status }) => status === 'UNKNOWN')
    .map(({ evidence }) => evidence.sentence);
}

describe('the audit of a project', () => {
  it('finds what the usual tutorials leave behind', async () => {
    const { report } = await auditAcme();
    expect(failing(report)).toEqual([
      'key-exposed e5f60718293a',
      'key-of-admin ci@acme.iam.',
      'broad-project-grant acme',
      'key-age a1b2c3d4e5f6',
      'key-age b2c3d4e5f607',
      'public-access charts',
      'public-access artifacts.ac',
      'account-unused runtime@acme',
      'broad-project-grant 77',
      'broad-project-grant acme',
      'broad-project-grant acme',
      'bucket-uniform-access artifacts.ac',
      'key-avoidable runtime@acme',
      'key-never-expires a1b2c3d4e5f6',
      'key-never-expires b2c3d4e5f607',
      'key-never-expires c3d4e5f60718',
      'pusher-deletes gcr.io',
      'scanning-off services',
      'scanning-off charts',
      'scanning-off gcr.io',
      'broad-project-grant acme',
      'bucket-public-access-prevention artifacts.ac',
      'cleanup-idle services',
      'key-age e5f60718293a',
      'key-avoidable ci@acme.iam.',
      'key-avoidable deployer@acm',
      'key-disabled e5f60718293a',
      'key-never-expires e5f60718293a',
      'key-several runtime@acme',
      'legacy-bucket-grant artifacts.ac',
      'legacy-bucket-grant artifacts.ac',
      'legacy-bucket-left artifacts.ac',
    ]);
    expect(undecided(report)).toEqual([
      'Whom access control lists let in is not all known: the access control lists of single objects in bucket artifacts.acme.appspot.com: they are not read',
      'Account legacy-sync@acme.iam.gserviceaccount.com: its last use is not known: Policy Analyzer says nothing about this account',
      'Key d4e5f60718293a4b5c6d7e8f9001122334455667 of runtime@acme.iam.gserviceaccount.com: its last use is not known: Policy Analyzer says nothing about this key',
      'No cleanup policy deletes from repository europe-west1/services, and whether a policy of gcr-warden does is not known: no folder of policies was given',
      'No cleanup policy deletes from repository us-central1/charts, and whether a policy of gcr-warden does is not known: no folder of policies was given',
      'No cleanup policy deletes from repository us/gcr.io, and whether a policy of gcr-warden does is not known: no folder of policies was given',
      'Whether a policy of gcr-warden asks for pulls is not known: no folder of policies was given',
    ]);
  });

  it('lists keys by age', async () => {
    const { report } = await auditAcme();
    const days = report.keys.map(({ ageMs, claimed }) =>
      ageMs.kind === 'known' ? `${ageMs.value / 86_400_000}${claimed ? ' claimed' : ''}` : '?',
    );
    expect(days).toEqual(['731', '412', '97', '40 claimed', '12']);
  });

  it('resolves a custom role to what it can do', async () => {
    const { report } = await auditAcme();
    expect([...report.grants]).toContainEqual(
      expect.objectContaining({
        member: 'serviceAccount:deployer@acme.iam.gserviceaccount.com',
        abilities: { kind: 'known', value: ['read', 'push'] },
        path: ['projects/acme/roles/imagePromoter on repository europe-west1/services'],
      }),
    );
  });

  it('keeps the findings and logs their number', async () => {
    const { report, saved, logged } = await auditAcme();
    const count = (status: string): number =>
      report.findings.filter((finding) => finding.status === status).length;
    expect(saved).toEqual([{ project: 'acme', atMs: NOW_MS, findings: report.findings }]);
    expect(logged).toEqual([
      `audit finished {"project":"acme","failing":${count('FAIL')},"unknown":${count('UNKNOWN')},"passing":${count('PASS')},"keys":5,"overdueKeys":3,"changes":${count('FAIL') + count('UNKNOWN')}}`,
    ]);
  });

  it('reads each role once that the table does not hold, and no other', async () => {
    const { requests } = await auditAcme();
    // The custom role, and four of Google's own.
    expect(requests['GET role']).toBe(5);
    expect(requests['unknown']).toBeUndefined();
  });

  it('gives the same report twice', async () => {
    const first = await auditAcme();
    const second = await auditAcme();
    expect(second.report).toEqual(first.report);
  });

  it.each([
    ['the keys of an account', 'ci@acme.iam.gserviceaccount.com'],
    ['the bucket', 'artifacts.acme.appspot.com'],
    ['a bucket that does not exist', 'eu.artifacts.acme.appspot.com'],
    ['a repository', 'projects/acme/locations/us/repositories/gcr.io'],
    ['a location', 'us-central1'],
    ['a custom role', 'projects/acme/roles/imagePromoter'],
    ['IAM', 'iam'],
    ['Policy Analyzer', 'policyanalyzer'],
    ['Artifact Registry', 'artifactregistry'],
    ['Cloud Storage', 'storage'],
    ['the policy of the project', 'cloudresourcemanager'],
    ['everything', 'acme'],
  ])('passes nothing more when %s is refused, and says what was not seen', async (_name, denied) => {
    const [all, less] = await Promise.all([auditAcme(), auditAcme([denied])]);
    const passing = (report: AuditReport): string[] =>
      report.findings.filter(({ status }) => status === 'PASS').map(({ fingerprint }) => fingerprint);
    const before = new Set(passing(all.report));
    expect(passing(less.report).filter((each) => !before.has(each))).toEqual([]);
    expect(less.report.notSeen.length).toBeGreaterThan(all.report.notSeen.length);
    expect(less.report.notSeen.join('\n')).toContain('PERMISSION_DENIED');
  });

  it('passes nothing of a project that it may not see', async () => {
    const { report } = await auditAcme([], 'other');
    expect(report.findings.filter(({ status }) => status === 'FAIL')).toEqual([]);
    expect(report.findings.filter(({ status }) => status === 'PASS').map(({ check }) => check)).toEqual(
      // Cloud Storage does answer that there are no such buckets.
      Array.from({ length: 4 }, () => 'legacy-bucket-left'),
    );
  });
});
