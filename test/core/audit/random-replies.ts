import * as fc from 'fast-check';
import type { AclEntry, Binding } from '../../../shared/core/audit/access.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import { DAY_MS } from '../../../shared/core/units.ts';
import { BUCKET, bucketOf, keyWith, NEVER, NOW_MS, repliesWith, repositoryWith } from './replies.ts';

/** A custom role that random projects may use. */
export const CUSTOM = 'projects/acme/roles/custom';
const REFUSED = unknown('403');

/** One binding of a few roles and members of every kind. */
export const randomBinding: fc.Arbitrary<Binding> = fc.record({
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
const bindings = fc.array(randomBinding, { maxLength: 4 });

const key = fc
  .record({
    id: fc.constantFrom('k1', 'k2', 'k3'),
    days: fc.integer({ min: -5, max: 500 }),
    keyType: fc.constantFrom('USER_MANAGED', 'SYSTEM_MANAGED', 'NEWS'),
    disabled: fc.boolean(),
    disableReason: fc.constantFrom(null, 'X_EXPOSED', 'X_USER_INITIATED', 'X_NEWS'),
    end: fc.constantFrom('never', 'over', 'some day'),
  })
  .map(({ days, end, ...rest }) =>
    keyWith({
      ...rest,
      validAfterMs: known(NOW_MS - days * DAY_MS),
      ...(end === 'never' ? { validBeforeMs: NEVER } : {}),
      ...(end === 'over' ? { validBeforeMs: known(NOW_MS - 1) } : {}),
    }),
  );

const use = fc
  .record({
    agoDays: fc.constantFrom(null, 1, 100),
    fromDays: fc.constantFrom(30, 400),
    isPeriodTold: fc.boolean(),
  })
  .map(({ agoDays, fromDays, isPeriodTold }) => ({
    lastAuthenticatedMs: agoDays === null ? null : NOW_MS - agoDays * DAY_MS,
    observed: isPeriodTold ? known({ fromMs: NOW_MS - fromDays * DAY_MS, toMs: NOW_MS - DAY_MS }) : REFUSED,
  }));

const cluster = fc
  .record({
    workloadPool: fc.constantFrom(null, 'acme.svc.id.goog'),
    account: fc.constantFrom(null, 'default', 'ci@acme.iam.gserviceaccount.com'),
  })
  .map(({ workloadPool, account }) => ({
    name: 'prod',
    location: 'europe-west1',
    workloadPool,
    autopilot: false,
    nodePools: [{ name: 'main', metadataMode: null, account }],
  }));

const acl = fc.array(
  fc.record({
    entity: fc.constantFrom('allUsers', 'user-a', 'user-ada@example.com', 'project-viewers-123456789012'),
    role: fc.constantFrom('READER', 'OWNER', 'NEWS'),
  }),
  { maxLength: 2 },
);

/** Cloud Storage shows the entries of a bucket's own list in its policy too. */
function mirrored({ entity, role }: AclEntry): Binding[] {
  const name = { READER: 'Reader', WRITER: 'Writer', OWNER: 'Owner' }[role];
  const member = entity.startsWith('project-viewers-')
    ? 'projectViewer:acme'
    : entity.replace(/^user-/, 'user:');
  return name === undefined
    ? []
    : [{ role: `roles/storage.legacyBucket${name}`, members: [member], condition: null }];
}

/** A whole project, everything of it read. */
export const randomReplies: fc.Arbitrary<AuditReplies> = fc
  .record({
    project: bindings,
    bucket: bindings,
    repository: bindings,
    above: bindings,
    onAccount: fc.array(
      fc.record({
        role: fc.constantFrom('roles/iam.serviceAccountTokenCreator', 'roles/iam.serviceAccountUser', CUSTOM),
        members: fc.uniqueArray(
          fc.constantFrom(
            'user:ada@example.com',
            'serviceAccount:acme.svc.id.goog[prod/web]',
            'serviceAccount:ci@acme.iam.gserviceaccount.com',
            'deleted:serviceAccount:old@acme.iam.gserviceaccount.com?uid=1',
          ),
          { maxLength: 2 },
        ),
        condition: fc.constant(null),
      }),
      { maxLength: 2 },
    ),
    isDisabled: fc.boolean(),
    keyUses: fc.dictionary(fc.constantFrom('k1', 'k2', 'k3'), use, { maxKeys: 3 }),
    accountUse: fc.option(use),
    clusters: fc.array(cluster, { maxLength: 1 }),
    keys: fc.uniqueArray(key, { maxLength: 3, selector: ({ id }) => id }),
    redirection: fc.constantFrom('REDIRECTION_FROM_GCR_IO_ENABLED', 'REDIRECTION_FROM_GCR_IO_DISABLED'),
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
      redirection: known(each.redirection),
      accounts: known([
        {
          account: {
            email: 'ci@acme.iam.gserviceaccount.com',
            uniqueId: '1',
            displayName: '',
            description: '',
            disabled: each.isDisabled,
          },
          keys: known(each.keys),
          policy: known({ bindings: each.onAccount }),
        },
      ]),
      ancestors: known([{ name: 'organizations/77', policy: known({ bindings: each.above }) }]),
      keyActivity: known(
        Object.entries(each.keyUses).map(([keyId, seen]) => ({
          account: 'ci@acme.iam.gserviceaccount.com',
          keyId,
          ...seen,
        })),
      ),
      accountActivity: known(
        each.accountUse === null ? [] : [{ account: 'ci@acme.iam.gserviceaccount.com', ...each.accountUse }],
      ),
      clusters: known(each.clusters),
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
              policy: known({
                bindings: [...each.bucket, ...(each.uniformAccess ? [] : each.acl.flatMap(mirrored))],
              }),
              contents: REFUSED,
            }
          : { name: BUCKET, bucket: known(null), policy: null, contents: null },
      ],
      roles: { [CUSTOM]: known(each.custom) },
    }),
  );
