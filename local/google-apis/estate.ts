/** A role with its members, as Google's policies hold it. */
export interface EstateBinding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: { readonly title: string; readonly expression: string; readonly description?: string };
}

/** A key of a service account, in Google's words. */
export interface EstateKey {
  readonly id: string;
  readonly type: 'USER_MANAGED' | 'SYSTEM_MANAGED';
  readonly origin: 'GOOGLE_PROVIDED' | 'USER_PROVIDED';
  readonly validAfter: string;
  readonly validBefore: string;
  readonly disableReason?: string;
  /** null: Policy Analyzer knows the key and has seen no use of it. Left out: it says nothing about it. */
  readonly lastAuthenticated?: string | null;
}

export interface EstateAccount {
  readonly email: string;
  readonly uniqueId: string;
  readonly displayName: string;
  readonly description?: string;
  readonly disabled?: boolean;
  /** The policy on the account: who may act as it. */
  readonly bindings?: readonly EstateBinding[];
  /** null: Policy Analyzer knows the account and has seen no use of it. Left out: it says nothing about it. */
  readonly lastAuthenticated?: string | null;
  readonly keys: readonly EstateKey[];
}

export interface EstateBucket {
  readonly name: string;
  readonly uniformAccess: boolean;
  readonly publicAccessPrevention: 'inherited' | 'enforced';
  /** What Cloud Monitoring has measured; left out where it has not. */
  readonly contents?: { readonly sizeBytes: number; readonly objects: number };
  readonly acl?: readonly { readonly entity: string; readonly role: string }[];
  readonly defaultObjectAcl?: readonly { readonly entity: string; readonly role: string }[];
  readonly bindings: readonly EstateBinding[];
}

export interface EstateRepository {
  readonly location: string;
  readonly id: string;
  readonly format: string;
  readonly mode: string;
  /** As Artifact Registry shows it; left out where there is none. */
  readonly cleanupPolicies?: Readonly<Record<string, unknown>>;
  /** Only tell what they would delete; true where left out. */
  readonly cleanupDryRun?: boolean;
  readonly immutableTags?: boolean;
  /** `SCANNING_DISABLED` where left out. */
  readonly scanning?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly bindings: readonly EstateBinding[];
}

/** A folder or an organisation. */
export interface EstateContainer {
  /** `folders/N` or `organizations/N` */
  readonly name: string;
  /** null for an organisation. */
  readonly parent: string | null;
  /** Of an organisation its domain. */
  readonly displayName: string;
  readonly customerId?: string;
  readonly bindings: readonly EstateBinding[];
  readonly auditConfigs?: readonly unknown[];
}

/** A member of a group, in Cloud Identity's words. */
export interface EstateMember {
  readonly id: string;
  readonly type: 'USER' | 'SERVICE_ACCOUNT' | 'GROUP' | 'OTHER';
}

/** A function of the second generation. */
export interface EstateFunction {
  /** The second where it is left out. */
  readonly generation?: 1 | 2;
  /** `projects/P/locations/L/repositories/R`, where it is one of the user's own. */
  readonly dockerRepository?: string;
  readonly name: string;
  readonly location: string;
  readonly state: string;
  readonly account: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A job of Cloud Scheduler. */
export interface EstateJob {
  readonly name: string;
  readonly location: string;
  readonly state: string;
  /** Left out where it was never attempted. */
  readonly lastAttempt?: string;
  /** Google's code of its last attempt; 0, which Google leaves out, where that went well. */
  readonly lastCode?: number;
}

/** A subscription of Pub/Sub. */
export interface EstateSubscription {
  readonly topic: string;
  /** Left out where somebody pulls. */
  readonly push?: { readonly endpoint: string; readonly account?: string };
  readonly deadLetterTopic?: string;
  readonly bindings: readonly EstateBinding[];
}

/** A Firestore database. */
export interface EstateDatabase {
  readonly type: string;
  /** Collections with the version of their first document's form. */
  readonly documents: Readonly<Record<string, number>>;
  /** Collections whose documents expire by `expiresAt`. */
  readonly expiring: readonly string[];
}

/** One Google Cloud project as its APIs would show it. */
export interface EstateProject {
  readonly project: string;
  /** `folders/N` or `organizations/N`; left out for a project of no organisation. */
  readonly parent?: string;
  /** `ACTIVE` where left out. */
  readonly state?: string;
  readonly auditConfigs?: readonly unknown[];
  /** Effective organisation policies by constraint, their rules as Google shows them; others are at their default. */
  readonly orgPolicies?: Readonly<Record<string, readonly unknown[]>>;
  /** Topics with their policies. */
  readonly topics?: Readonly<Record<string, readonly EstateBinding[]>>;
  /** APIs that are on. */
  readonly services?: readonly string[];
  readonly functions?: readonly EstateFunction[];
  readonly jobs?: readonly EstateJob[];
  readonly subscriptions?: Readonly<Record<string, EstateSubscription>>;
  readonly databases?: Readonly<Record<string, EstateDatabase>>;
  /** Clusters as Kubernetes Engine lists them. */
  readonly clusters?: readonly Readonly<Record<string, unknown>>[];
  /** The number that Google gave the project; its service agents are named by it. */
  readonly projectNumber: string;
  readonly redirection: string;
  readonly locations: readonly string[];
  readonly bindings: readonly EstateBinding[];
  readonly accounts: readonly EstateAccount[];
  readonly buckets: readonly EstateBucket[];
  readonly repositories: readonly EstateRepository[];
  /** Custom roles by their full name, with their permissions. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

/** All that the stand-ins know. */
export interface Estate {
  readonly projects: readonly EstateProject[];
  readonly containers?: readonly EstateContainer[];
  /** Members by the address of their group. */
  readonly groups?: Readonly<Record<string, readonly EstateMember[]>>;
  /**
   * Permissions that somebody lacks, by the address of an account, and `caller` for whoever asks as himself.
   * `testIamPermissions` answers all others.
   */
  readonly lacking?: Readonly<Record<string, readonly string[]>>;
}
