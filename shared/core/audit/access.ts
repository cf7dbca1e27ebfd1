import type { Fact } from '../fact.ts';

/** A service account of the audited project. */
export interface ServiceAccount {
  readonly email: string;
  /** Google's number for it, which a new account of the same name does not get; empty where left out. */
  readonly uniqueId: string;
  readonly displayName: string;
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
  /** When a Google-made key was made. For an uploaded one only what its certificate claims. */
  readonly validAfterMs: Fact<number>;
  /** When it ends; at or after `NEVER_EXPIRES_MS` it never does. */
  readonly validBeforeMs: Fact<number>;
  readonly disabled: boolean;
  /** Google's word for why it is disabled; null where the reply has none. */
  readonly disableReason: string | null;
  /** The keys of `extendedStatus`, where Google flags exposed and compromised keys that still work. */
  readonly flags: readonly string[];
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

/** The bindings of one resource. */
export interface IamPolicy {
  readonly bindings: readonly Binding[];
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
