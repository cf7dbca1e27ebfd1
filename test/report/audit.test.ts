import { describe, expect, it } from 'vitest';
import type { AuditReplies } from '../../shared/core/audit/replies.ts';
import { auditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { jsonText, renderAuditJson } from '../../shared/report/audit-json.ts';
import { renderAudit } from '../../shared/report/audit-text.ts';
import {
  accountsWith,
  bind,
  keyWith,
  NEVER,
  NOW_MS,
  repliesWith,
  repositoryWith,
} from '../core/audit/replies.ts';
import { READER } from '../support/reader-clock.ts';

function reportOf(different: Partial<AuditReplies>) {
  return auditReport(repliesWith(different), NOW_MS, DEFAULT_AUDIT_SETTINGS);
}

const OBSERVED = known({ fromMs: NOW_MS - 300 * DAY_MS, toMs: NOW_MS - DAY_MS });

const ESTATE: Partial<AuditReplies> = {
  accounts: accountsWith(
    keyWith({ id: 'aaaabbbbccccdddd', validAfterMs: known(NOW_MS - 412 * DAY_MS), validBeforeMs: NEVER }),
    keyWith({ id: 'eeee', origin: 'USER_PROVIDED', validAfterMs: known(NOW_MS - 20 * DAY_MS) }),
    keyWith({ id: 'ffff', validAfterMs: unknown('the reply has no time') }),
  ),
  keyActivity: known([
    { account: '1001', keyId: 'aaaabbbbccccdddd', lastAuthenticatedMs: NOW_MS - DAY_MS, observed: OBSERVED },
    {
      account: 'ci@acme.iam.gserviceaccount.com',
      keyId: 'eeee',
      lastAuthenticatedMs: null,
      observed: OBSERVED,
    },
  ]),
  locations: known([repositoryWith(bind('roles/artifactregistry.reader', 'allUsers'))]),
};

const SHOWN = ['broad-project-grant', 'key-age', 'key-exposed', 'key-never-expires', 'public-access'];

/** What a hostile project could call things. */
const HOSTILE = 'user:\u001b[2J\u202eada\u009b31m@example.com';

describe('the report as text', () => {
  it('shows findings with commands, what was not seen, then keys by age and permissions', () => {
    // A few checks: what each of them says is for its own tests.
    const report = reportOf(ESTATE);
    const findings = report.findings.filter(({ check }) => SHOWN.includes(check));
    expect(renderAudit({ ...report, findings }, { widthColumns: 100, colour: false, clock: READER })).toBe(`\
Audit of project acme, 2026-11-21 03:00 UTC (0 s ago)
3 FAIL (2 high, 1 medium), 1 UNKNOWN, 0 EXCEPTED, 8 PASS
Worst: Service-account key is too old: Key aaaabbbbccccdddd of ci@acme.iam.gserviceaccount.com: age
412 d, at most 90 d are allowed
Next: Best without any key: workload identity. Where a key is needed, make one that ends by itself
after 90 days. (step 1 of 4)
Not seen: 1 question could not be decided, and 1 thing could not be read; they are listed below.

What to do
high  Service-account key is too old (key-age)
  Key aaaabbbbccccdddd of ci@acme.iam.gserviceaccount.com: age 412 d, at most 90 d are allowed
  The longer a downloaded key lives, the more copies of it there are, and each one works from
  anywhere.
    # Best without any key: workload identity. Where a key is needed, make one that ends by itself after 90 days.
    openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=unused -keyout new-key.pem -out new-key-public.pem
    gcloud iam service-accounts keys upload new-key-public.pem --iam-account=ci@acme.iam.gserviceaccount.com --project=acme
    # Move everything that uses the old key to the new one.
    # Disable key aaaabbbbccccdddd. It can be enabled again; Terraform has no word for it.
    gcloud iam service-accounts keys disable aaaabbbbccccdddd --iam-account=ci@acme.iam.gserviceaccount.com --project=acme
    # Wait until a full cycle of releases and schedules has passed without complaints.
    # Delete key aaaabbbbccccdddd. That is for good.
    gcloud iam service-accounts keys delete aaaabbbbccccdddd --iam-account=ci@acme.iam.gserviceaccount.com --project=acme
high  Images are open to everybody (public-access)
  allUsers has roles/artifactregistry.reader on repository europe-west1/services: can read
  Anybody can pull the images, with whatever code and secrets are in them.
    # Take roles/artifactregistry.reader on repository europe-west1/services from allUsers.
    gcloud artifacts repositories remove-iam-policy-binding services --location=europe-west1 --project=acme --member=allUsers --role=roles/artifactregistry.reader --condition=None
medium  Service-account key never expires (key-never-expires)
  Key aaaabbbbccccdddd of ci@acme.iam.gserviceaccount.com is valid until 9999-12-31
  A copy that is forgotten in an image, a laptop or a pull secret works for good.
    # Best without any key: workload identity. Where a key is needed, make one that ends by itself after 90 days.
    openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=unused -keyout new-key.pem -out new-key-public.pem
    gcloud iam service-accounts keys upload new-key-public.pem --iam-account=ci@acme.iam.gserviceaccount.com --project=acme
    # Move everything that uses the old key to the new one.
    # Disable key aaaabbbbccccdddd. It can be enabled again; Terraform has no word for it.
    gcloud iam service-accounts keys disable aaaabbbbccccdddd --iam-account=ci@acme.iam.gserviceaccount.com --project=acme
    # Wait until a full cycle of releases and schedules has passed without complaints.
    # Delete key aaaabbbbccccdddd. That is for good.
    gcloud iam service-accounts keys delete aaaabbbbccccdddd --iam-account=ci@acme.iam.gserviceaccount.com --project=acme

Not decided
unknown  Service-account key is too old (key-age)
  Key ffff of ci@acme.iam.gserviceaccount.com has no readable date: the reply has no time

Not seen
  Deny policies, and who can act as accounts of other projects, are not read.

Service-account keys, oldest first
         AGE  KEY           STATE    LAST USED   ENDS        ACCOUNT
     unknown  ffff          enabled  unknown     2027-01-10  ci@acme.iam.gserviceaccount.com
       412 d  aaaabbbbcccc  enabled  2026-11-20  never       ci@acme.iam.gserviceaccount.com
claimed 20 d  eeee          enabled  not seen    2027-01-10  ci@acme.iam.gserviceaccount.com

Permissions on buckets and repositories
allUsers
  CAN   WHERE, AND BY WHICH WAY
  read  repository europe-west1/services; by roles/artifactregistry.reader on repository
        europe-west1/services
`);
  });

  it('obeys its width, but for names and commands', () => {
    const lines = renderAudit(reportOf(ESTATE), { widthColumns: 60, colour: false, clock: READER }).split(
      '\n',
    );
    const prose = lines.filter((line) => !line.startsWith('    ') && !line.includes('@'));
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  it('says where nothing was seen', () => {
    const text = renderAudit(reportOf({ projectPolicy: unknown('403'), accounts: unknown('403') }), {
      widthColumns: 100,
      colour: false,
      clock: READER,
    });
    expect(text.match(/none seen/g)).toHaveLength(2);
    expect(text).toContain('The policy of project acme: 403');
  });

  it('neutralises what names from outside could do to a terminal', () => {
    const report = reportOf({
      projectPolicy: known({ bindings: [bind('roles/storage.admin', HOSTILE)] }),
      locations: known([repositoryWith(bind('roles/artifactregistry.reader', HOSTILE))]),
      accounts: unknown(`no ${HOSTILE}`),
    });
    const text = renderAudit(report, { widthColumns: 100, colour: false, clock: READER });
    expect(text).toContain('\\u001b[2J\\u202eada');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });
});

describe('the report as JSON', () => {
  it('is the report', () => {
    const report = reportOf(ESTATE);
    expect(JSON.parse(renderAuditJson(report))).toEqual({ ...report, grants: [...report.grants] });
  });

  it('is safe to show on a terminal and reads back as it was', () => {
    const report = reportOf({
      locations: known([repositoryWith(bind('roles/artifactregistry.reader', HOSTILE))]),
    });
    const json = renderAuditJson(report);
    expect(JSON.parse(json)).toEqual({ ...report, grants: [...report.grants] });
    expect(json).toBe(jsonText(report));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
    expect(json.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });
});
