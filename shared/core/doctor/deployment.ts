import type { Fact } from '../fact.ts';
import { locationOf, projectOf, type Target } from '../reference.ts';

/** The functions that the Terraform module deploys, by what it needs them for. */
export const CLEANING_FUNCTIONS = ['clean', 'dispatch', 'record-audit-logs', 'record-image-event'] as const;
export const AUDIT_FUNCTIONS = ['audit', 'report'] as const;

/** What is examined, and by which names the Terraform module made its parts. */
export interface Deployment {
  readonly project: string;
  readonly region: string;
  /** The module's `name`: what names of accounts, jobs and subscriptions begin with. */
  readonly name: string;
  /** What it looks after; unknown where neither an option nor a deployed function says it. Empty: it only audits. */
  readonly targets: Fact<readonly Target[]>;
  readonly auditProjects: Fact<readonly string[]>;
  /** `firestore:PROJECT/DATABASE`, or a SQLite file. */
  readonly ledger: string;
  /** `gs://BUCKET/PREFIX`, or a folder. */
  readonly policies: Fact<string>;
  /** Subscriptions of the audit log; empty where pulls are not recorded. */
  readonly auditLogSubscriptions: Fact<readonly string[]>;
}

/** Where a target lies in Artifact Registry. */
export interface RegistryPlace {
  readonly project: string;
  readonly location: string;
  /** null: every repository of the location. */
  readonly repository: string | null;
}

/** Where a target lies; null where its host is none of Google's, so that Google's APIs know nothing of it. */
export function registryPlace(target: Target): RegistryPlace | null {
  const location = locationOf(target.host);
  if (location === null) return null;
  const project = projectOf({ host: target.host, name: target.prefix });
  // A domain-scoped project takes two components of the path.
  const [repository] = target.prefix.split('/').slice(project.includes(':') ? 2 : 1);
  const isContainerRegistry = !target.host.endsWith('.pkg.dev');
  return { project, location, repository: isContainerRegistry ? target.host : (repository ?? null) };
}

/** The projects with registries that are looked after, sorted. */
export function registryProjects({ targets }: Deployment): readonly string[] {
  if (targets.kind === 'unknown') return [];
  const projects = targets.value.flatMap((target) => registryPlace(target)?.project ?? []);
  return [...new Set(projects)].sort();
}

/** The functions that should be there; those of the audit alone where there are no targets. */
export function expectedFunctions({ targets }: Deployment): readonly string[] {
  const isAuditOnly = targets.kind === 'known' && targets.value.length === 0;
  return [...AUDIT_FUNCTIONS, ...(isAuditOnly ? [] : CLEANING_FUNCTIONS)].sort();
}

/** The jobs of Cloud Scheduler that should be there, by the function that they call. */
export function expectedJobs(deployment: Deployment): readonly string[] {
  const { auditLogSubscriptions: log } = deployment;
  const recordsPulls = log.kind === 'known' && log.value.length > 0;
  return expectedFunctions(deployment).filter(
    (name) => name === 'audit' || name === 'dispatch' || (name === 'record-audit-logs' && recordsPulls),
  );
}

/** Whether the audit hands its projects over on topic `work`, one by one: where it has several. */
export function auditsByWork({ auditProjects }: Deployment): boolean {
  return auditProjects.kind === 'known' && auditProjects.value.length > 1;
}

/** The account that a function runs as. */
export function accountOf({ name, project }: Deployment, functionName: string): string {
  const [id, domain] = project.split(':').reverse();
  const host = domain === undefined ? `${id}` : `${id}.${domain}`;
  return `${name}-${functionName}@${host}.iam.gserviceaccount.com`;
}

/** The subscription of a project's topic `gcr`, by its short name. */
export function eventSubscription({ name }: Deployment, project: string): string {
  return `${name}-events-${project.replace(':', '.')}`;
}

/** Topics that messages go to which can't be worked on. */
const DEAD_LETTER_TOPICS = ['gcr-dead-letter', 'work-dead-letter'] as const;

/** Those that should be there. */
export function deadLetterTopics(deployment: Deployment): readonly string[] {
  const { targets } = deployment;
  const isAuditOnly = targets.kind === 'known' && targets.value.length === 0;
  return DEAD_LETTER_TOPICS.filter(
    (topic) => !isAuditOnly || (topic === 'work-dead-letter' && auditsByWork(deployment)),
  );
}

/** Pub/Sub's own account in a project. */
export function pubsubAgent(projectNumber: string): string {
  return `serviceAccount:service-${projectNumber}@gcp-sa-pubsub.iam.gserviceaccount.com`;
}

/** Artifact Registry's own account in a project: it publishes the notifications. */
export function artifactRegistryAgent(projectNumber: string): string {
  return `serviceAccount:service-${projectNumber}@gcp-sa-artifactregistry.iam.gserviceaccount.com`;
}
