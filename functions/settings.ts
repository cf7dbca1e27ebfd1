import { type RegistryEnvironment, registryEnvironment } from '../shared/adapters/registry/environment.ts';
import { WardenError } from '../shared/core/error.ts';
import { type LogSeverity, parseLogSeverity } from '../shared/core/log-severity.ts';
import { parseTarget, type Target } from '../shared/core/reference.ts';

/** What a deployed function is told by its environment. Terraform writes these variables. */
export interface Settings {
  /** `firestore:PROJECT/DATABASE` */
  readonly ledger: string;
  /** `gs://BUCKET/PREFIX`, or a folder. */
  readonly policies: string;
  /** The registries that are visited; credentials go to no other host. */
  readonly targets: readonly Target[];
  /** `projects/PROJECT/topics/TOPIC` */
  readonly workTopic: string;
  readonly deadLetterTopic: string;
  /** Both, where the audit hands its projects over one by one; null where it has no such topic. */
  readonly auditWork: { readonly topic: string; readonly deadLetterTopic: string } | null;
  readonly auditProjects: readonly string[];
  /** Where every run is told, `projects/PROJECT/topics/TOPIC`; null: nowhere. */
  readonly notificationTopic: string | null;
  /** Where audits tell what changed: a topic of its own, or the one that runs are told on; null: nowhere. */
  readonly findingTopic: string | null;
  /** `projects/PROJECT/subscriptions/SUBSCRIPTION` of the audit log; none where pulls are not recorded. */
  readonly auditLogSubscriptions: readonly string[];
  /** The warden's own service accounts: what they read is no pull. */
  readonly ownAccounts: readonly string[];
  /** Where to ask what is in use, one source a line as in docs/in-use.md; null where nobody is asked. */
  readonly inUse: string | null;
  /** Whether manifests are read when they were pushed, and not when they are deleted. */
  readonly crossChecks: boolean;
  readonly readsPushed: boolean;
  /**
   * How registries are asked. `GCR_WARDEN_REQUESTS_PER_MINUTE` and `GCR_WARDEN_DELETES_PER_MINUTE` are one
   * instance's share of what all instances together may ask.
   */
  readonly registry: RegistryEnvironment;
  /** What is less severe is not logged; INFO where nothing known is said. */
  readonly logFrom: LogSeverity;
  /** The project that traces are looked for in; null where the ledger names none. */
  readonly traceProject: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

function required(environment: Environment, name: string): string {
  const value = environment[name]?.trim() ?? '';
  if (value === '') {
    throw new WardenError(
      'SETTING_MISSING',
      `The environment variable ${name} is not set. The Terraform module sets it; see terraform/README.md.`,
    );
  }
  return value;
}

function list(environment: Environment, name: string): string[] {
  return (environment[name] ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Reads one setting when it is asked for, so that a function needs only what it uses. */
export function readSettings(environment: Environment): Settings {
  return {
    get ledger() {
      return required(environment, 'GCR_WARDEN_LEDGER');
    },
    get policies() {
      return required(environment, 'GCR_WARDEN_POLICIES');
    },
    get targets() {
      return required(environment, 'GCR_WARDEN_TARGETS')
        .split(',')
        .map((target) => parseTarget(target.trim()));
    },
    get workTopic() {
      return required(environment, 'GCR_WARDEN_WORK_TOPIC');
    },
    get deadLetterTopic() {
      return required(environment, 'GCR_WARDEN_DEAD_LETTER_TOPIC');
    },
    get auditWork() {
      const topic = environment['GCR_WARDEN_WORK_TOPIC']?.trim() ?? '';
      return topic === '' ? null : { topic, deadLetterTopic: this.deadLetterTopic };
    },
    get auditProjects() {
      return list(environment, 'GCR_WARDEN_AUDIT_PROJECTS');
    },
    get notificationTopic() {
      return environment['GCR_WARDEN_NOTIFICATION_TOPIC']?.trim() || null;
    },
    get findingTopic() {
      return environment['GCR_WARDEN_FINDING_TOPIC']?.trim() || this.notificationTopic;
    },
    get auditLogSubscriptions() {
      return list(environment, 'GCR_WARDEN_AUDIT_LOG_SUBSCRIPTIONS');
    },
    get ownAccounts() {
      return list(environment, 'GCR_WARDEN_OWN_ACCOUNTS');
    },
    get inUse() {
      return environment['GCR_WARDEN_IN_USE']?.trim() || null;
    },
    get crossChecks() {
      return environment['GCR_WARDEN_CROSS_CHECK']?.trim() === 'true';
    },
    get readsPushed() {
      return environment['GCR_WARDEN_READ_PUSHED']?.trim() === 'true';
    },
    get logFrom() {
      return parseLogSeverity(environment['GCR_WARDEN_LOG'] ?? '') ?? 'INFO';
    },
    get traceProject() {
      const named = environment['GOOGLE_CLOUD_PROJECT']?.trim() ?? '';
      if (named !== '') return named;
      return /^firestore:([^/]+)\//.exec(environment['GCR_WARDEN_LEDGER'] ?? '')?.[1] ?? null;
    },
    get registry() {
      return registryEnvironment(environment);
    },
  };
}
