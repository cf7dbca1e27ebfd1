import * as fc from 'fast-check';
import type { Binding } from '../../../shared/core/audit/access.ts';
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

/** A whole project, everything of it read. */
export const randomReplies: fc.Arbitrary<AuditReplies> = fc
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
