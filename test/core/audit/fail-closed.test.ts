import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Binding } from '../../../shared/core/audit/access.ts';
import { runChecks } from '../../../shared/core/audit/index.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import type { FindingStatus } from '../../../shared/core/finding.ts';
import { DAY_MS } from '../../../shared/core/units.ts';
import { checkProperty } from '../property.ts';
import { BUCKET, bucketOf, keyWith, NEVER, NOW_MS, repliesWith, repositoryWith } from './replies.ts';

const CUSTOM = 'projects/acme/roles/custom';
const REFUSED = unknown('403');

const binding: fc.Arbitrary<Binding> = fc.record({
  role: fc.constantFrom(
    'roles/owner',
    'roles/editor',
    'roles/storage.admin',
    'roles/storage.objectViewer',
    'roles/storage.legacyBucketReader',
    'roles/artifactregistry.writer',
    'roles/artifactregistry.reader_withcond_0123456789abcdef',
    'roles/artifactregistry.serviceAgent',
    CUSTOM,
  ),
  members: fc.uniqueArray(
    fc.constantFrom(
      'allUsers',
      'allAuthenticatedUsers',
      'user:ada@example.com',
      'projectEditor:acme',
      'serviceAccount:ci@acme.iam.gserviceaccount.com',
      'serviceAccount:service-1@gcp-sa-artifactregistry.iam.gserviceaccount.com',
      'deleted:serviceAccount:old@acme.iam.gserviceaccount.com?uid=1',
      'principal://iam.googleapis.com/x',
    ),
    { maxLength: 3 },
  ),
  condition: fc.constantFrom(null, { expression: 'x', title: 'y', description: null }),
});
const bindings = fc.array(binding, { maxLength: 4 });

const key = fc
  .record({
    id: fc.constantFrom('k1', 'k2', 'k3'),
    days: fc.integer({ min: -5, max: 500 }),
    keyType: fc.constantFrom('USER_MANAGED', 'SYSTEM_MANAGED', 'NEWS'),
    disabled: fc.boolean(),
    disableReason: fc.constantFrom(null, 'X_EXPOSED', 'X_USER_INITIATED', 'X_NEWS'),
    isEternal: fc.boolean(),
  })
  .map(({ days, isEternal, ...rest }) =>
    keyWith({
      ...rest,
      validAfterMs: known(NOW_MS - days * DAY_MS),
      ...(isEternal ? { validBeforeMs: NEVER } : {}),
    }),
  );

const acl = fc.array(
  fc.record({ entity: fc.constantFrom('allUsers', 'user-a'), role: fc.constantFrom('READER', 'NEWS') }),
  { maxLength: 2 },
);

const replies: fc.Arbitrary<AuditReplies> = fc
  .record({
    project: bindings,
    bucket: bindings,
    repository: bindings,
    keys: fc.uniqueArray(key, { maxLength: 3, selector: ({ id }) => id }),
    uniformAccess: fc.boolean(),
    publicAccessPrevention: fc.constantFrom('enforced', 'inherited', null),
    acl,
    defaultObjectAcl: acl,
    custom: fc.subarray(['storage.objects.get', 'artifactregistry.repositories.deleteArtifacts', 'x.y.z']),
    bucketExists: fc.boolean(),
  })
  .map((each) =>
    repliesWith({
      projectPolicy: known({ bindings: each.project }),
      accounts: known([
        {
          account: {
            email: 'ci@acme.iam.gserviceaccount.com',
            uniqueId: '1',
            displayName: '',
            description: '',
            disabled: false,
          },
          keys: known(each.keys),
          policy: known({ bindings: [] }),
        },
      ]),
      locations: known([repositoryWith(...each.repository)]),
      buckets: [
        each.bucketExists
          ? {
              name: BUCKET,
              bucket: known(
                bucketOf({
                  uniformAccess: known(each.uniformAccess),
                  publicAccessPrevention: each.publicAccessPrevention,
                  acl: known(each.acl),
                  defaultObjectAcl: known(each.defaultObjectAcl),
                }),
              ),
              policy: known({ bindings: each.bucket }),
              contents: REFUSED,
            }
          : { name: BUCKET, bucket: known(null), policy: null, contents: null },
      ],
      roles: { [CUSTOM]: known(each.custom) },
    }),
  );

/** Every way to lose one read. */
const LOSSES: Readonly<Record<string, (all: AuditReplies) => AuditReplies>> = {
  'the policy of the project': (all) => ({ ...all, projectPolicy: REFUSED }),
  'the list of accounts': (all) => ({ ...all, accounts: REFUSED }),
  'the keys of an account': (all) => ({
    ...all,
    accounts:
      all.accounts.kind === 'known'
        ? known(all.accounts.value.map((each) => ({ ...each, keys: REFUSED })))
        : all.accounts,
  }),
  'the last use of keys': (all) => ({ ...all, keyActivity: REFUSED }),
  'the list of locations': (all) => ({ ...all, locations: REFUSED }),
  'the list of repositories': (all) => ({
    ...all,
    locations: known([{ location: 'europe-west1', repositories: REFUSED }]),
  }),
  'a bucket': (all) => ({
    ...all,
    buckets: all.buckets.map((each) => ({ ...each, bucket: REFUSED, policy: each.policy ?? REFUSED })),
  }),
  'the policy of a bucket': (all) => ({
    ...all,
    buckets: all.buckets.map((each) => ({ ...each, policy: each.policy === null ? null : REFUSED })),
  }),
  'the state of the move': (all) => ({ ...all, redirection: REFUSED }),
  'a custom role': (all) => ({ ...all, roles: { [CUSTOM]: REFUSED } }),
};

function fingerprints(all: AuditReplies, status: FindingStatus): string[] {
  return runChecks(all, NOW_MS, DEFAULT_AUDIT_SETTINGS)
    .filter((finding) => finding.status === status)
    .map(({ fingerprint }) => fingerprint);
}

function shuffled(all: AuditReplies): AuditReplies {
  const reverse = (policy: AuditReplies['projectPolicy']) =>
    policy.kind === 'known'
      ? known({
          bindings: policy.value.bindings
            .map((each) => ({ ...each, members: [...each.members].reverse() }))
            .reverse(),
        })
      : policy;
  return {
    ...all,
    projectPolicy: reverse(all.projectPolicy),
    buckets: all.buckets.map((each) => ({ ...each, policy: each.policy && reverse(each.policy) })).reverse(),
    accounts:
      all.accounts.kind === 'known'
        ? known(
            all.accounts.value.map(({ keys, ...rest }) => ({
              ...rest,
              keys: keys.kind === 'known' ? known([...keys.value].reverse()) : keys,
            })),
          )
        : all.accounts,
  };
}

describe('the audit fails closed', () => {
  it.each(Object.entries(LOSSES))('losing %s turns nothing to PASS', (_name, lose) => {
    checkProperty(replies, (all) => {
      const before = new Set(fingerprints(all, 'PASS'));
      expect(fingerprints(lose(all), 'PASS').filter((each) => !before.has(each))).toEqual([]);
    });
  });

  it('adding a binding takes no FAIL away', () => {
    checkProperty(fc.tuple(replies, binding), ([all, added]) => {
      const wider: AuditReplies = {
        ...all,
        projectPolicy:
          all.projectPolicy.kind === 'known'
            ? known({ bindings: [...all.projectPolicy.value.bindings, added] })
            : all.projectPolicy,
      };
      const after = new Set(fingerprints(wider, 'FAIL'));
      expect(fingerprints(all, 'FAIL').filter((each) => !after.has(each))).toEqual([]);
    });
  });

  it('the order of replies never matters', () => {
    checkProperty(replies, (all) => {
      const judge = (each: AuditReplies) => runChecks(each, NOW_MS, DEFAULT_AUDIT_SETTINGS);
      expect(judge(shuffled(all))).toEqual(judge(all));
    });
  });
});
