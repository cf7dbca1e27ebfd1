import type { Binding, RegistryBucket, ServiceAccountKey } from '../../../shared/core/audit/access.ts';
import { NEVER_EXPIRES_MS } from '../../../shared/core/audit/access.ts';
import type { AuditReplies, BucketReply, LocationReply } from '../../../shared/core/audit/replies.ts';
import { known } from '../../../shared/core/fact.ts';
import { DAY_MS } from '../../../shared/core/units.ts';

export const NOW_MS = Date.UTC(2026, 10, 21, 3);
export const BUCKET = 'artifacts.acme.appspot.com';

/** Everything read, nothing found; a test says what is different. */
export function repliesWith(different: Partial<AuditReplies> = {}): AuditReplies {
  return {
    version: 1,
    project: 'acme',
    projectPolicy: known({ bindings: [] }),
    accounts: known([]),
    keyActivity: known([]),
    locations: known([]),
    buckets: [],
    redirection: known('REDIRECTION_FROM_GCR_IO_ENABLED'),
    roles: {},
    ...different,
  };
}

/** A Google-made key of 10 days that ends, enabled. */
export function keyWith(different: Partial<ServiceAccountKey> = {}): ServiceAccountKey {
  return {
    account: 'ci@acme.iam.gserviceaccount.com',
    id: 'a1b2',
    keyType: 'USER_MANAGED',
    origin: 'GOOGLE_PROVIDED',
    validAfterMs: known(NOW_MS - 10 * DAY_MS),
    validBeforeMs: known(NOW_MS + 50 * DAY_MS),
    disabled: false,
    disableReason: null,
    flags: [],
    ...different,
  };
}

export const NEVER = known(NEVER_EXPIRES_MS);

/** One account that has these keys. */
export function accountsWith(...keys: readonly ServiceAccountKey[]): AuditReplies['accounts'] {
  return known([
    {
      account: {
        email: 'ci@acme.iam.gserviceaccount.com',
        uniqueId: '1001',
        displayName: '',
        disabled: false,
      },
      keys: known(keys),
    },
  ]);
}

export function bind(role: string, ...members: readonly string[]): Binding {
  return { role, members, condition: null };
}

/** A bucket that is as it should be, with these bindings. */
export function bucketWith(
  bindings: readonly Binding[],
  different: Partial<RegistryBucket> = {},
): BucketReply {
  return {
    name: BUCKET,
    bucket: known({
      name: BUCKET,
      uniformAccess: known(true),
      publicAccessPrevention: 'inherited',
      acl: known([]),
      defaultObjectAcl: known([]),
      ...different,
    }),
    policy: known({ bindings }),
  };
}

/** A Docker repository `europe-west1/services` with these bindings. */
export function repositoryWith(...bindings: readonly Binding[]): LocationReply {
  return {
    location: 'europe-west1',
    repositories: known([
      {
        repository: {
          name: 'projects/acme/locations/europe-west1/repositories/services',
          location: 'europe-west1',
          id: 'services',
          format: 'DOCKER',
          mode: 'STANDARD_REPOSITORY',
        },
        policy: known({ bindings }),
      },
    ]),
  };
}
