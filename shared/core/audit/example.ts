import { known, unknown } from '../fact.ts';
import { DEFAULT_LIMITS, type Policy } from '../policy.ts';
import { DAY_MS } from '../units.ts';
import type {
  Binding,
  CleanupPolicy,
  RegistryBucket,
  RegistryRepository,
  ServiceAccountKey,
} from './access.ts';
import { NEVER_EXPIRES_MS } from './access.ts';
import type { PullSecret } from './pull-secret.ts';
import type { AuditReplies, BucketReply, LocationReply } from './replies.ts';

export const NOW_MS = Date.UTC(2026, 10, 21, 3);
export const BUCKET = 'artifacts.acme.appspot.com';

/** Everything read, nothing found; a test says what is different. */
export function repliesWith(different: Partial<AuditReplies> = {}): AuditReplies {
  return {
    version: 2,
    project: 'acme',
    identity: known({ number: '123456789012', parent: 'organizations/77', state: 'ACTIVE' }),
    projectPolicy: known({ bindings: [] }),
    ancestors: known([{ name: 'organizations/77', policy: known({ bindings: [] }) }]),
    organization: known({ name: 'organizations/77', domain: 'example.com', customerId: 'C0abc' }),
    orgPolicies: {
      'iam.allowedPolicyMemberDomains': known({ kind: 'list', allowed: 'all', denied: [] }),
      'iam.disableServiceAccountKeyCreation': known({ kind: 'boolean', enforced: false }),
      'iam.managed.disableServiceAccountKeyCreation': known({ kind: 'boolean', enforced: false }),
      'storage.publicAccessPrevention': known({ kind: 'boolean', enforced: false }),
    },
    accounts: known([]),
    keyActivity: known([]),
    accountActivity: known([]),
    locations: known([]),
    buckets: [],
    redirection: known('REDIRECTION_FROM_GCR_IO_ENABLED'),
    topicPolicy: known(null),
    clusters: known([]),
    groups: {},
    roles: {},
    pullSecrets: { secrets: [], unseen: [] },
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
    algorithm: 'KEY_ALG_RSA_2048',
    validAfterMs: known(NOW_MS - 10 * DAY_MS),
    validBeforeMs: known(NOW_MS + 50 * DAY_MS),
    disabled: false,
    disableReason: null,
    flags: [],
    ...different,
  };
}

/** A pull secret with the key of `keyWith` that one pod uses. */
export function pullSecretWith(
  different: Partial<PullSecret> = {},
  account = 'ci@acme.iam.gserviceaccount.com',
): PullSecret {
  return {
    cluster: 'prod',
    namespace: 'shop',
    name: 'gcr-key',
    type: 'kubernetes.io/dockerconfigjson',
    entries: known([
      {
        host: 'https://eu.gcr.io',
        credential: { kind: 'key', key: known({ keyId: 'a1b2', account }) },
      },
    ]),
    usedByPods: known(1),
    namedElsewhere: known(0),
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
        description: '',
        disabled: false,
      },
      keys: known(keys),
      policy: known({ bindings: [] }),
    },
  ]);
}

export function bind(role: string, ...members: readonly string[]): Binding {
  return { role, members, condition: null };
}

/** A bucket that is as it should be, with what a test says is different. */
export function bucketOf(different: Partial<RegistryBucket> = {}): RegistryBucket {
  return {
    name: BUCKET,
    uniformAccess: known(true),
    publicAccessPrevention: 'inherited',
    acl: known([]),
    defaultObjectAcl: known([]),
    location: 'US',
    storageClass: 'STANDARD',
    createdMs: known(Date.UTC(2019, 2, 4)),
    projectNumber: '123456789012',
    ...different,
  };
}

/** What was read of a bucket that is as it should be, with these bindings. */
export function bucketWith(
  bindings: readonly Binding[],
  different: Partial<RegistryBucket> = {},
): BucketReply {
  return {
    name: BUCKET,
    bucket: known(bucketOf(different)),
    policy: known({ bindings }),
    contents: known({ sizeBytes: 0, objects: 0, atMs: NOW_MS }),
  };
}

/** The Docker repository `europe-west1/services`, with what a test says is different. */
export function repositoryOf(different: Partial<RegistryRepository> = {}): RegistryRepository {
  return {
    name: 'projects/acme/locations/europe-west1/repositories/services',
    location: 'europe-west1',
    id: 'services',
    format: 'DOCKER',
    mode: 'STANDARD_REPOSITORY',
    immutableTags: true,
    cleanupPolicies: known([]),
    cleanupDryRun: false,
    scanning: { config: 'INHERITED', state: 'SCANNING_ACTIVE', reason: null },
    sizeBytes: known(0),
    createdMs: known(Date.UTC(2024, 1, 18)),
    updatedMs: known(Date.UTC(2024, 1, 18)),
    labels: {},
    ...different,
  };
}

/** A Docker repository `europe-west1/services` with these bindings. */
export function repositoryWith(...bindings: readonly Binding[]): LocationReply {
  return {
    location: 'europe-west1',
    repositories: known([
      {
        repository: repositoryOf(),
        policy: known({ bindings }),
      },
    ]),
  };
}

/** A Docker repository `europe-west1/services` that nobody is bound on, with what a test says is different. */
export function repositoryLike(different: Partial<RegistryRepository>): LocationReply {
  return {
    location: 'europe-west1',
    repositories: known([{ repository: repositoryOf(different), policy: known({ bindings: [] }) }]),
  };
}

/** A cleanup policy that deletes what has no tag after 30 days, with what a test says is different. */
export function cleanupWith(different: Partial<CleanupPolicy> = {}): CleanupPolicy {
  return { id: 'old', action: 'DELETE', condition: cleanupCondition(), mostRecent: null, ...different };
}

/** The condition of such a policy. */
export function cleanupCondition(
  different: Partial<NonNullable<CleanupPolicy['condition']>> = {},
): NonNullable<CleanupPolicy['condition']> {
  return {
    tagState: 'UNTAGGED',
    tagPrefixes: [],
    versionPrefixes: [],
    packagePrefixes: [],
    olderThanMs: 30 * DAY_MS,
    newerThanMs: null,
    ...different,
  };
}

/** A retention policy of our own for everything of project acme, with what a test says is different. */
export function policyWith(different: Partial<Policy> = {}): Policy {
  return {
    version: 1,
    name: 'services',
    source: {
      file: 'services.yaml',
      line: 1,
      contentHash: `sha256:${'0'.repeat(64)}`,
      gitRevision: unknown('an example'),
    } as Policy['source'],
    repositories: { include: ['europe-west1-docker.pkg.dev/acme/**'], exclude: [] },
    schedule: null,
    onPush: null,
    mode: 'enforce',
    limits: DEFAULT_LIMITS,
    owner: null,
    reason: null,
    keep: [],
    delete: [
      {
        name: 'untagged',
        effect: 'delete',
        line: 5,
        conditions: [{ kind: 'untaggedFor', ageMs: 7 * DAY_MS }],
        newest: null,
        untilMs: null,
      },
    ],
    ...different,
  };
}
