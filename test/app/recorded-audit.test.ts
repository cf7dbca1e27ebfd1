import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { googleAccess } from '../../shared/adapters/google/access.ts';
import { readAccess } from '../../shared/app/read-access.ts';
import { type AuditReport, auditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import type { FindingStatus } from '../../shared/core/finding.ts';
import { json, restAt, serve } from '../adapters/google/server.ts';

const recorded = JSON.parse(
  readFileSync(new URL('../fixtures/google/recorded.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const PROJECT = 'cloud-custodian';
const BUCKET = `artifacts.${PROJECT}.appspot.com`;
const NOW_MS = Date.UTC(2026, 2, 1);

/**
 * Replies of several projects served as those of one. Of the bucket only its name is changed, to one that the registry
 * used; what was not recorded is refused.
 */
const ROUTES: readonly (readonly [path: RegExp, body: unknown])[] = [
  [/\/serviceAccounts\?/, recorded['serviceAccounts']],
  [/\/keys\b/, recorded['keys']],
  [/\/locations\?|\/locations$/, { locations: [{ locationId: 'us-central1' }] }],
  [/\/repositories\?/, recorded['repositories']],
  [/\/repositories\/[^/]+:getIamPolicy/, recorded['repositoryPolicy']],
  [/\/projectSettings/, recorded['projectSettings']],
  [/\/projects\/[^/]+:getIamPolicy/, recorded['projectPolicy']],
  [new RegExp(`/b/${BUCKET}/iam`), recorded['bucketPolicy']],
  [new RegExp(`/b/${BUCKET}\\?`), { ...recorded['bucket'], name: BUCKET }],
];

describe('recorded replies, audited whole', () => {
  async function audited(): Promise<AuditReport> {
    const api = await serve((incoming, outgoing) => {
      const url = decodeURIComponent(incoming.url ?? '');
      const found = ROUTES.find(([path]) => path.test(url));
      if (found !== undefined) return json(outgoing, 200, found[1]);
      if (/\/b\//.test(url)) return json(outgoing, 404, { error: { code: 404, message: 'not found' } });
      return json(outgoing, 403, { error: { code: 403, message: 'refused' } });
    });
    const replies = await readAccess(googleAccess(restAt(api.url)), PROJECT, NOW_MS);
    return auditReport(replies, NOW_MS, DEFAULT_AUDIT_SETTINGS);
  }
  /** `check severity name member` of each finding, sorted. */
  const told = ({ findings }: AuditReport, status: FindingStatus): string[] =>
    findings
      .filter((finding) => finding.status === status)
      .map(({ check, severity, resource, evidence }) =>
        [check, severity, resource.slice(resource.lastIndexOf('/') + 1), evidence.binding?.member ?? '']
          .join(' ')
          .trim(),
      )
      .sort();

  it('fails what was derived by hand, and nothing else', async () => {
    const report = await audited();
    const agent = 'serviceAccount:service-12345001@firebase-rules.iam.gserviceaccount.com';
    const builder = 'serviceAccount:gcb-custom2@gcpdiag-gcb1-aaaa.iam.gserviceaccount.com';
    expect(told(report, 'FAIL')).toEqual(
      [
        // Owner of the default account, Cloud Build's own role, Editor of App Engine's account.
        `broad-project-grant high ${PROJECT} serviceAccount:12345001-compute@developer.gserviceaccount.com`,
        `broad-project-grant high ${PROJECT} serviceAccount:12345001@cloudbuild.gserviceaccount.com`,
        `broad-project-grant high ${PROJECT} serviceAccount:gcpdiag-gce3-aaaa@appspot.gserviceaccount.com`,
        // Agents of Google: Editor of the APIs' own, and a role that is not called one for agents.
        `broad-project-grant low ${PROJECT} serviceAccount:12345001@cloudservices.gserviceaccount.com`,
        `broad-project-grant low ${PROJECT} ${agent}`,
        // storage.objectCreator pushes and does no more.
        `broad-project-grant medium ${PROJECT} serviceAccount:gce-diagnostics-extract-logs@gcpdiag-gce3-aaaa.iam.gserviceaccount.com`,
        // One person: artifactregistry.admin, artifactregistry.repoAdmin, owner (twice in one binding), storage.admin.
        ...Array.from({ length: 4 }, () => `broad-project-grant medium ${PROJECT} user:testuser@example.com`),
        `bucket-uniform-access medium ${BUCKET}`,
        // Key 2 is of March 2021 and ends in 9999; key 1 is Google's own.
        'key-age high 2',
        'key-never-expires medium 2',
        // The gcr.io hosts are redirected.
        `legacy-bucket-grant low ${BUCKET} serviceAccount:iam-test-sa-wuc48fhtok@stacklet-test-policies.iam.gserviceaccount.com`,
        `legacy-bucket-left low ${BUCKET}`,
        // objectViewer reads; legacyBucketReader only lists.
        `public-access high ${BUCKET} allUsers`,
        `public-access medium ${BUCKET} allAuthenticatedUsers`,
        // artifactregistry.admin, in the policy of both.
        `pusher-deletes medium c7n-artifact-repo ${builder}`,
        `pusher-deletes medium gae-standard ${builder}`,
        'scanning-off medium c7n-artifact-repo',
        'scanning-off medium gae-standard',
      ].sort(),
    );
  });

  it('passes what was seen to be right', async () => {
    const passing = told(await audited(), 'PASS');
    // The old agent has its own role, three of the four buckets are not there, and no repository is public.
    for (const line of [
      `container-registry-agent medium ${PROJECT}`,
      `legacy-bucket-left low eu.${BUCKET}`,
      'public-access critical c7n-artifact-repo',
      'public-access critical gae-standard',
    ]) {
      expect(passing).toContain(line);
    }
  });

  it('does not pass what was not recorded', async () => {
    const report = await audited();
    const unknowns = new Set(told(report, 'UNKNOWN').map((line) => line.split(' ')[0]));
    const wanted = ['bucket-public-access-prevention', 'external-member', 'impersonation', 'key-unused'];
    expect([...unknowns]).toEqual(
      expect.arrayContaining([...wanted, 'cleanup-missing', 'notification-right']),
    );
    for (const check of ['key-unused', 'impersonation', 'notification-right']) {
      expect(told(report, 'PASS').filter((line) => line.startsWith(check))).toEqual([]);
    }
  });
});
