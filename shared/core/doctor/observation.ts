import type { IamPolicy } from '../audit/access.ts';
import type { Fact } from '../fact.ts';
import type { PolicySet } from '../policy.ts';
import type { Deployment } from './deployment.ts';
import type { PermissionQuestion } from './permission.ts';

/** A deployed function. */
export interface DeployedFunction {
  /** Short, as in the Terraform module and with its prefix: `gcr-warden-clean`. */
  readonly name: string;
  /** `ACTIVE`, `FAILED`, `DEPLOYING` or another word of Google's. */
  readonly state: string;
  readonly account: string | null;
  readonly environment: Readonly<Record<string, string>>;
}

/** A job of Cloud Scheduler. */
export interface SchedulerJob {
  /** `ENABLED`, `PAUSED` or another word of Google's. */
  readonly state: string;
  /** null where it was never attempted. */
  readonly lastAttemptMs: number | null;
  /** Google's code of the last attempt's outcome: 0 where it was well. */
  readonly lastStatus: number;
}

/** A subscription of Pub/Sub. */
export interface Subscription {
  readonly topic: string;
  /** null where nothing is pushed. */
  readonly pushEndpoint: string | null;
  /** Who pushes; null where the push has no identity. */
  readonly pushAccount: string | null;
  readonly deadLetterTopic: string | null;
}

/** What is stored where the ledger should be. */
export interface LedgerSeen {
  /** The version of the form of what is stored; null where nothing is stored yet. */
  readonly version: number | null;
  /** The newest version that this program reads. */
  readonly newest: number;
  /** Collections whose documents Firestore deletes when they have expired; null for a file, which keeps everything. */
  readonly expiring: Fact<readonly string[]> | null;
}

/** A server's clock beside ours. */
export interface ServerClock {
  /** To a whole second, which it may be less than by almost one. */
  readonly serverMs: number;
  /** Ours directly before the request and after the reply. */
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** A project with registries that are looked after. */
export interface RegistryProjectSeen {
  readonly project: string;
  readonly number: Fact<string>;
  /** The policy of its topic `gcr`; null where there is no such topic. */
  readonly topic: Fact<IamPolicy | null>;
  readonly subscription: Fact<Subscription | null>;
  readonly subscriptionPolicy: Fact<IamPolicy | null>;
  /** The project's own policy, with what is logged. */
  readonly policy: Fact<IamPolicy>;
}

/** A topic for messages that can't be worked on. */
export interface DeadLetterSeen {
  readonly topic: string;
  readonly policy: Fact<IamPolicy | null>;
  /** The one that people read it by. */
  readonly subscription: Fact<Subscription | null>;
}

/** What was asked about one permission question. */
export interface PermissionSeen {
  readonly question: PermissionQuestion;
  /** Those of the question's that are granted. */
  readonly granted: Fact<readonly string[]>;
}

/** A push subscription, and who may do what with it. */
export interface SubscriptionSeen {
  readonly subscription: Fact<Subscription | null>;
  readonly policy: Fact<IamPolicy | null>;
}

/** Everything that the checks go by. Each fact says itself where it could not be read. */
export interface Observations {
  readonly deployment: Deployment;
  readonly clock: Fact<ServerClock>;
  /** The number of the project that the service runs in. */
  readonly projectNumber: Fact<string>;
  readonly apis: Fact<readonly string[]>;
  /** Of the region; those of others too. */
  readonly functions: Fact<readonly DeployedFunction[]>;
  /** By the function that they call; null where there is none. */
  readonly jobs: Readonly<Record<string, Fact<SchedulerJob | null>>>;
  readonly registries: readonly RegistryProjectSeen[];
  /** The subscription of work on repositories. */
  readonly work: SubscriptionSeen;
  /** That of work of the audit; null where there is to be none. */
  readonly audits: SubscriptionSeen | null;
  readonly deadLetters: readonly DeadLetterSeen[];
  /** null where there is no ledger. */
  readonly ledger: Fact<LedgerSeen | null>;
  readonly policies: Fact<PolicySet>;
  readonly permissions: readonly PermissionSeen[];
  /** Questions about permissions that were too many to be asked. */
  readonly unasked: number;
}
