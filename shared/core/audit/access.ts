import type { Fact } from '../fact.ts';

/** A service account of the audited project. */
export interface ServiceAccount {
  readonly email: string;
  /** Google's number for it, which a new account of the same name does not get; empty where left out. */
  readonly uniqueId: string;
  readonly displayName: string;
  /** What somebody wrote about it; empty where left out. */
  readonly description: string;
  /** A disabled account can't authenticate, whatever its keys say. */
  readonly disabled: boolean;
}

/**
 * One key of a service account, as IAM answers it. Enumerations stay Google's own words: a value that this
 * version does not know must reach the check as it is, so that it is judged UNKNOWN and not something else.
 */
export interface ServiceAccountKey {
  readonly account: string;
  readonly id: string;
  /** `USER_MANAGED`: made for somebody to download. `SYSTEM_MANAGED`: Google rotates it. */
  readonly keyType: string;
  /** `GOOGLE_PROVIDED` or `USER_PROVIDED` (uploaded). */
  readonly origin: string;
  /** `KEY_ALG_RSA_2048`, …; empty where left out. */
  readonly algorithm: string;
  /** When a Google-made key was made. For an uploaded one only what its certificate claims. */
  readonly validAfterMs: Fact<number>;
  /** When it ends; at or after `NEVER_EXPIRES_MS` it never does. */
  readonly validBeforeMs: Fact<number>;
  readonly disabled: boolean;
  /** Google's word for why it is disabled; null where the reply has none. */
  readonly disableReason: string | null;
  /** `extendedStatus`, where Google flags exposed and compromised keys that still work. */
  readonly flags: readonly KeyFlag[];
}

/** One entry of `extendedStatus`, both in Google's words. */
export interface KeyFlag {
  /** `SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_EXPOSED`, … */
  readonly name: string;
  /** What Google says about it; empty where the reply says nothing. */
  readonly value: string;
}

/** 9999-12-31T23:59:59Z: what IAM answers for a key without an end. */
export const NEVER_EXPIRES_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** When a key last authenticated, by Policy Analyzer: whole days, some days late, failed calls included. */
export interface KeyActivity {
  /** The account's email address or its unique id: Google's replies have both. */
  readonly account: string;
  readonly keyId: string;
  /** null: no authentication within the observed period. */
  readonly lastAuthenticatedMs: number | null;
  readonly observed: Fact<ObservationPeriod>;
}

/** When a service account last authenticated by whatever means, by Policy Analyzer: as late and rough as for keys. */
export interface AccountActivity {
  /** The account's email address or its unique id: Google's replies have both. */
  readonly account: string;
  /** null: no authentication within the observed period. */
  readonly lastAuthenticatedMs: number | null;
  readonly observed: Fact<ObservationPeriod>;
}

/** The time that Policy Analyzer looked at. Without a use, only this says for how long there was none. */
export interface ObservationPeriod {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The condition of a binding. All three texts name it: a command that leaves one out names another binding. */
export interface IamCondition {
  readonly expression: string;
  readonly title: string;
  /** null where the condition has none. */
  readonly description: string | null;
}

/** A role with its members, as a policy of version 3 holds it. */
export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  /** null: it always holds. */
  readonly condition: IamCondition | null;
}

/** Which calls of a service a policy has written to the audit log, beyond what is always written. */
export interface AuditConfig {
  /** `artifactregistry.googleapis.com`, or `allServices` */
  readonly service: string;
  readonly logs: readonly {
    /** `ADMIN_READ`, `DATA_READ`, `DATA_WRITE` or another word of Google's. */
    readonly type: string;
    /** Members whose calls are not written. */
    readonly exempted: readonly string[];
  }[];
}

/** The bindings of one resource. */
export interface IamPolicy {
  readonly bindings: readonly Binding[];
  /** Left out where the policy has none, as in Google's own reply. Only projects, folders and organisations have them. */
  readonly auditConfigs?: readonly AuditConfig[];
}

/** One entry of a bucket's access control list. */
export interface AclEntry {
  /** `allUsers`, `allAuthenticatedUsers`, `user-…`, `group-…`, `domain-…`, `project-…` */
  readonly entity: string;
  readonly role: string;
}

/** A Cloud Storage bucket that Container Registry kept its images in. */
export interface RegistryBucket {
  readonly name: string;
  readonly uniformAccess: Fact<boolean>;
  /** `enforced`, `inherited`, `unspecified` or another word of Google's; null where the reply has none. */
  readonly publicAccessPrevention: string | null;
  /** The bucket's access control list; counts only while uniform access is off. */
  readonly acl: Fact<readonly AclEntry[]>;
  /** What a new object gets; counts only while uniform access is off. */
  readonly defaultObjectAcl: Fact<readonly AclEntry[]>;
  /** `EU`, `US`, `EUROPE-WEST1`, …; null where the reply has none. */
  readonly location: string | null;
  /** `STANDARD`, `NEARLINE`, …: what a byte costs hangs on it. null where the reply has none. */
  readonly storageClass: string | null;
  readonly createdMs: Fact<number>;
  /** The number of the project that owns it; null where the reply has none. Names of buckets are global. */
  readonly projectNumber: string | null;
}

/** How much a bucket holds, as Cloud Monitoring measures it once a day. */
export interface BucketContents {
  readonly sizeBytes: number;
  readonly objects: number;
  /** When it was measured. */
  readonly atMs: number;
}

/** An Artifact Registry repository. */
export interface RegistryRepository {
  /** `projects/P/locations/L/repositories/R` */
  readonly name: string;
  readonly location: string;
  readonly id: string;
  /** `DOCKER`, `NPM`, …; null where the reply has none. */
  readonly format: string | null;
  /** `STANDARD_REPOSITORY`, `REMOTE_REPOSITORY`, `VIRTUAL_REPOSITORY`; null where the reply has none. */
  readonly mode: string | null;
  /** Whether a tag, once pushed, stays where it is. Google leaves out what is false. */
  readonly immutableTags: boolean;
  /** Artifact Registry's own policies that delete and keep; empty where it has none. */
  readonly cleanupPolicies: Fact<readonly CleanupPolicy[]>;
  /** Its cleanup policies only write to the audit log what they would delete. */
  readonly cleanupDryRun: boolean;
  readonly scanning: VulnerabilityScanning;
  /** What it holds; unknown where the reply does not say. */
  readonly sizeBytes: Fact<number>;
  readonly createdMs: Fact<number>;
  readonly updatedMs: Fact<number>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether images are scanned when they are pushed. All three are Google's words; null where the reply has none. */
export interface VulnerabilityScanning {
  /** What somebody set: `INHERITED`, `DISABLED`. */
  readonly config: string | null;
  /** What comes of it: `SCANNING_ACTIVE`, `SCANNING_DISABLED`, `SCANNING_UNSUPPORTED`. */
  readonly state: string | null;
  /** Why: `API containerscanning.googleapis.com is not enabled.` */
  readonly reason: string | null;
}

/**
 * One of Artifact Registry's cleanup policies. Empty lists and nulls are what the policy leaves open; words
 * are Google's own.
 */
export interface CleanupPolicy {
  readonly id: string;
  /** `DELETE`, `KEEP` or another word of Google's. */
  readonly action: string;
  /** null: it has `mostRecent`, or nothing at all, which selects nothing. */
  readonly condition: {
    /** `TAGGED`, `UNTAGGED`, `ANY`; null where the policy does not say, which is any. */
    readonly tagState: string | null;
    readonly tagPrefixes: readonly string[];
    readonly versionPrefixes: readonly string[];
    readonly packagePrefixes: readonly string[];
    readonly olderThanMs: number | null;
    readonly newerThanMs: number | null;
  } | null;
  readonly mostRecent: {
    readonly keepCount: number;
    readonly packagePrefixes: readonly string[];
  } | null;
}

/** Whether a repository can hold images. One whose format is not said is taken for one that can. */
export function holdsImages(repository: RegistryRepository): boolean {
  return repository.format === null || repository.format === 'DOCKER';
}

/**
 * The buckets that Container Registry made for a project: one for each of its four hosts. A domain-scoped
 * project `example.com:p` has its buckets below `p.example.com.a.appspot.com`.
 */
export function registryBucketNames(project: string): readonly string[] {
  const colon = project.indexOf(':');
  const base =
    colon === -1
      ? `artifacts.${project}.appspot.com`
      : `artifacts.${project.slice(colon + 1)}.${project.slice(0, colon)}.a.appspot.com`;
  return [base, `us.${base}`, `eu.${base}`, `asia.${base}`];
}
