import { describe, expect, it } from 'vitest';
import type { Binding } from '../../../shared/core/audit/access.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { auditReport } from '../../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import { known } from '../../../shared/core/fact.ts';
import type { Finding } from '../../../shared/core/finding.ts';
import {
  bind,
  bucketWith,
  cleanupWith,
  NOW_MS,
  repliesWith,
  repositoryLike,
  repositoryWith,
} from './replies.ts';

const ROLES = [
  'roles/owner',
  'roles/storage.admin',
  'roles/artifactregistry.repoAdmin',
  'roles/nobody.knows',
  '',
];

/** Members of every kind that a policy can hold, and some that it should not. */
const MEMBERS = [
  'allUsers',
  'allAuthenticatedUsers',
  'user:ada@example.com',
  'user:Ada.B+c@EXAMPLE.com',
  'group:ops@gmail.com',
  'domain:contractor.example',
  'serviceAccount:ci@acme.iam.gserviceaccount.com',
  'serviceAccount:123456789012-compute@developer.gserviceaccount.com',
  'serviceAccount:acme@appspot.gserviceaccount.com',
  'serviceAccount:acme.svc.id.goog[shop/web]',
  'serviceAccount:service-123456789012@gcp-sa-artifactregistry.iam.gserviceaccount.com',
  'serviceAccount:service-123456789012@containerregistry.iam.gserviceaccount.com',
  'deleted:user:ada@example.com?uid=1',
  'deleted:group:ops@example.com?uid=2',
  'deleted:serviceAccount:old@acme.iam.gserviceaccount.com?uid=3',
  'deleted:principal://iam.googleapis.com/x',
  'projectOwner:acme',
  'projectEditor:other',
  'projectViewer:',
  'principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/p/subject/s',
  'principalSet://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/p/*',
  'principalSet://goog/public:all',
  'principalSet://goog/cloudIdentityCustomerId/C0other',
  'principalSet://cloudresourcemanager.googleapis.com/organizations/88',
  'principal://goog/subject/ada@gmail.com',
  'iamMember:new@kind',
  '',
  ':',
  'user:',
  'user:=cmd|\u2019/C calc\u2019!A0@example.com',
  'user:<script>alert(1)</script>@example.com',
  'user:\u202egnp.exe@example.com',
  'user:имя@пример.рф',
  '__proto__',
  'user:constructor@example.com',
];

/** These bindings everywhere that a policy is read. */
function everywhere(bindings: readonly Binding[]): Partial<AuditReplies> {
  return {
    projectPolicy: known({ bindings }),
    ancestors: known([{ name: 'folders/301', policy: known({ bindings }) }]),
    locations: known([repositoryWith(...bindings)]),
    buckets: [bucketWith(bindings)],
    topicPolicy: known({ bindings }),
  };
}

function findingsOf(different: Partial<AuditReplies>): readonly Finding[] {
  return auditReport(repliesWith(different), NOW_MS, DEFAULT_AUDIT_SETTINGS).findings;
}

describe('odd replies give findings or UNKNOWN, never a crash', () => {
  it.each(MEMBERS)('%j in every policy', (member) => {
    const found = findingsOf(everywhere(ROLES.map((role) => bind(role, member))));
    // Roles that nobody knows are UNKNOWN wherever they stand.
    expect(found.some(({ status }) => status !== 'PASS')).toBe(true);
    expect(found.every(({ evidence }) => evidence.sentence !== '')).toBe(true);
  });

  it('a policy of version 1 that hides a condition names no command', () => {
    const hidden = bind('roles/storage.admin_withcond_0123456789abcdef', 'user:ada@gmail.com');
    const failing = findingsOf(everywhere([hidden])).filter(
      ({ status, evidence }) => status === 'FAIL' && evidence.binding !== null,
    );
    expect(failing.map(({ check }) => check)).toContain('external-member');
    expect(
      failing.flatMap(({ remediation }) => remediation.steps.flatMap(({ gcloud }) => gcloud)),
    ).not.toContainEqual(expect.stringContaining('remove-iam-policy-binding'));
  });

  it('a binding of 10,000 members is judged member by member', () => {
    const members = Array.from({ length: 10_000 }, (_, at) => `user:u${at}@gmail.com`);
    const found = findingsOf({
      locations: known([repositoryWith(bind('roles/artifactregistry.reader', ...members))]),
    });
    expect(
      found.filter(({ check, status }) => check === 'external-member' && status === 'FAIL'),
    ).toHaveLength(10_000);
  });

  it('words that Google may say tomorrow are UNKNOWN', () => {
    const found = findingsOf({
      redirection: known('REDIRECTION_OF_TOMORROW'),
      buckets: [bucketWith([bind('roles/storage.objectViewer', 'user:ada@example.com')])],
      locations: known([
        repositoryLike({
          cleanupPolicies: known([cleanupWith({ action: 'ARCHIVE' })]),
          scanning: { config: 'NEW', state: 'SCANNING_SOMETIMES', reason: null },
        }),
      ]),
    });
    const unknowns = found.filter(({ status }) => status === 'UNKNOWN').map(({ check }) => check);
    expect(unknowns).toEqual(
      expect.arrayContaining(['cleanup-idle', 'cleanup-missing', 'legacy-bucket-grant', 'scanning-off']),
    );
  });

  it('empty fields of every kind', () => {
    const found = findingsOf({
      identity: known({ number: '', parent: null, state: null }),
      organization: known({ name: '', domain: '', customerId: null }),
      ...everywhere([{ role: '', members: [], condition: { expression: '', title: '', description: null } }]),
    });
    expect(found.length).toBeGreaterThan(0);
  });
});
