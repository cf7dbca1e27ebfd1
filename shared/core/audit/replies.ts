import type { Fact } from '../fact.ts';
import type {
  IamPolicy,
  KeyActivity,
  RegistryBucket,
  RegistryRepository,
  ServiceAccount,
  ServiceAccountKey,
} from './access.ts';

/**
 * All that was read for the audit of one project, and all that could not be read. What the checks judge:
 * the same replies give the same findings.
 */
export interface AuditReplies {
  readonly version: 1;
  readonly project: string;
  readonly projectPolicy: Fact<IamPolicy>;
  readonly accounts: Fact<readonly AccountReply[]>;
  readonly keyActivity: Fact<readonly KeyActivity[]>;
  readonly locations: Fact<readonly LocationReply[]>;
  readonly buckets: readonly BucketReply[];
  /** Artifact Registry's `legacyRedirectionState`: who serves the gcr.io hosts of the project. */
  readonly redirection: Fact<string>;
  /** The permissions of roles that `role-permissions.ts` does not hold, by full role name. */
  readonly roles: Readonly<Record<string, Fact<readonly string[]>>>;
}

export interface AccountReply {
  readonly account: ServiceAccount;
  readonly keys: Fact<readonly ServiceAccountKey[]>;
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
}
