import type { Fact } from '../fact.ts';
import type {
  AccountActivity,
  BucketContents,
  IamPolicy,
  KeyActivity,
  RegistryBucket,
  RegistryRepository,
  ServiceAccount,
  ServiceAccountKey,
} from './access.ts';
import type { Cluster } from './cluster.ts';
import type { GroupReply } from './group.ts';
import type { AncestorReply, Organization, OrgConstraint, OrgPolicy, ProjectIdentity } from './hierarchy.ts';
import type { PullSecretReading } from './pull-secret.ts';

/**
 * All that was read for the audit of one project, and all that could not be read. What the checks judge:
 * the same replies give the same findings.
 */
export interface AuditReplies {
  readonly version: 2;
  readonly project: string;
  readonly identity: Fact<ProjectIdentity>;
  readonly projectPolicy: Fact<IamPolicy>;
  /** The folders and the organisation above the project, the nearest first; empty for a project without. */
  readonly ancestors: Fact<readonly AncestorReply[]>;
  /** null: the project is in none. */
  readonly organization: Fact<Organization | null>;
  readonly orgPolicies: Readonly<Record<OrgConstraint, Fact<OrgPolicy>>>;
  readonly accounts: Fact<readonly AccountReply[]>;
  readonly keyActivity: Fact<readonly KeyActivity[]>;
  readonly accountActivity: Fact<readonly AccountActivity[]>;
  readonly locations: Fact<readonly LocationReply[]>;
  readonly buckets: readonly BucketReply[];
  /** Artifact Registry's `legacyRedirectionState`: who serves the gcr.io hosts of the project. */
  readonly redirection: Fact<string>;
  /** The policy of the topic `gcr`, to which Artifact Registry publishes; null: the project has no such topic. */
  readonly topicPolicy: Fact<IamPolicy | null>;
  readonly clusters: Fact<readonly Cluster[]>;
  /** The groups that the policies name, and the groups in them, by address. One that is left out was not asked for. */
  readonly groups: Readonly<Record<string, Fact<GroupReply>>>;
  /** The permissions of roles that `role-permissions.ts` does not hold, by full role name. */
  readonly roles: Readonly<Record<string, Fact<readonly string[]>>>;
  /** Only from the command line, with the caller's rights in the clusters; null where nobody asked for them. */
  readonly pullSecrets: PullSecretReading | null;
}

export interface AccountReply {
  readonly account: ServiceAccount;
  readonly keys: Fact<readonly ServiceAccountKey[]>;
  /** The policy *on* the account: who may act as it. */
  readonly policy: Fact<IamPolicy>;
}

export interface LocationReply {
  readonly location: string;
  readonly repositories: Fact<readonly RepositoryReply[]>;
}

export interface RepositoryReply {
  readonly repository: RegistryRepository;
  readonly policy: Fact<IamPolicy>;
}

export interface BucketReply {
  readonly name: string;
  /** null: Cloud Storage says that there is no such bucket. */
  readonly bucket: Fact<RegistryBucket | null>;
  /** null exactly where `bucket` is known to be absent. */
  readonly policy: Fact<IamPolicy> | null;
  /** null exactly where `bucket` is known to be absent. */
  readonly contents: Fact<BucketContents> | null;
}
