import type { PolicySet } from '../policy.ts';
import { deletablePlaces } from './deletable-places.ts';
import {
  accountOf,
  auditsByWork,
  type Deployment,
  expectedFunctions,
  type RegistryPlace,
  registryPlace,
} from './deployment.ts';

/** What permissions are asked about. */
export type PermissionPlace =
  | { readonly kind: 'project'; readonly project: string }
  | {
      readonly kind: 'repository';
      readonly project: string;
      readonly location: string;
      readonly repository: string;
    }
  | { readonly kind: 'topic'; readonly project: string; readonly topic: string }
  | { readonly kind: 'subscription'; readonly project: string; readonly subscription: string }
  | { readonly kind: 'bucket'; readonly bucket: string };

/** One question to `testIamPermissions`. */
export interface PermissionQuestion {
  /** The function whose account is asked about; null for the caller's own. */
  readonly functionName: string | null;
  /** E-mail address; null for the caller's own. */
  readonly account: string | null;
  readonly place: PermissionPlace;
  readonly permissions: readonly string[];
  /** What they are needed for. */
  readonly purpose: string;
  /** What grants them. */
  readonly grantedBy: string;
}

/** Of what reading a registry needs, what no listing can do without. */
const READ_REGISTRY = [
  'artifactregistry.packages.list',
  'artifactregistry.repositories.downloadArtifacts',
  'artifactregistry.tags.list',
  'artifactregistry.versions.list',
];

const DELETE = ['artifactregistry.repositories.deleteArtifacts'];

/** What whoever deploys needs in the service's project; the projects of targets take a part of it. */
const DEPLOY = [
  'cloudfunctions.functions.create',
  'cloudscheduler.jobs.create',
  'datastore.databases.create',
  'iam.roles.create',
  'iam.serviceAccounts.create',
  'logging.logMetrics.create',
  'monitoring.alertPolicies.create',
  'pubsub.subscriptions.create',
  'pubsub.topics.create',
  'resourcemanager.projects.setIamPolicy',
  'serviceusage.services.enable',
  'storage.buckets.create',
];

/** The permissions that the audit can't do without; docs/audit-reads.md has all. */
const AUDIT = [
  'artifactregistry.repositories.list',
  'iam.serviceAccountKeys.list',
  'iam.serviceAccounts.list',
  'resourcemanager.projects.getIamPolicy',
];

/** More questions than this are not asked, and what they would have told is unknown. */
export const QUESTIONS_MAX = 1_000;

/** All that is asked about permissions, given what is known of a deployment. */
export function permissionQuestions(
  deployment: Deployment,
  policies: PolicySet | null,
  isDeployed: boolean,
): readonly PermissionQuestion[] {
  const places = registryPlaces(deployment);
  const caller = { functionName: null, account: null } as const;
  const questions: PermissionQuestion[] = places.map((place) => ({
    ...caller,
    place: permissionPlace(place),
    permissions: READ_REGISTRY,
    purpose: 'reads the registry for list and plan',
    grantedBy: 'roles/artifactregistry.reader',
  }));
  if (!isDeployed) {
    questions.push({
      ...caller,
      place: { kind: 'project', project: deployment.project },
      permissions: DEPLOY,
      purpose: 'deploys with Terraform',
      grantedBy: 'roles/owner, or a role with these permissions',
    });
    return questions;
  }
  return [...questions, ...functionQuestions(deployment, places, policies)];
}

function functionQuestions(
  deployment: Deployment,
  places: readonly RegistryPlace[],
  policies: PolicySet | null,
): PermissionQuestion[] {
  const { project, name } = deployment;
  const there = new Set(expectedFunctions(deployment));
  const questions: PermissionQuestion[] = [];
  const ask = (
    functionName: string,
    place: PermissionPlace,
    permissions: readonly string[],
    purpose: string,
    grantedBy: string,
  ): void => {
    if (!there.has(functionName)) return;
    const account = accountOf(deployment, functionName);
    questions.push({ functionName, account, place, permissions, purpose, grantedBy });
  };
  const publish = (functionName: string, topic: string): void =>
    ask(
      functionName,
      { kind: 'topic', project, topic },
      ['pubsub.topics.publish'],
      `publishes to ${topic}`,
      'google_pubsub_topic_iam_member.function',
    );

  for (const place of places) {
    for (const functionName of ['clean', 'dispatch']) {
      const reader = 'google_artifact_registry_repository_iam_member.reader';
      ask(functionName, permissionPlace(place), READ_REGISTRY, 'reads the registry', reader);
    }
  }
  const enforcing = policies?.policies.filter(({ mode }) => mode === 'enforce') ?? [];
  const targets = deployment.targets.kind === 'known' ? deployment.targets.value : [];
  const selections = enforcing.map(({ repositories }) => repositories);
  for (const place of deletablePlaces(targets, selections)) {
    const purpose = 'deletes what policies in mode: enforce let go';
    ask('clean', permissionPlace(place), DELETE, purpose, 'allow_deletion = true');
  }
  for (const functionName of ['clean', 'dispatch']) publish(functionName, 'work');
  publish('clean', 'work-dead-letter');
  if (auditsByWork(deployment)) for (const topic of ['work', 'work-dead-letter']) publish('audit', topic);
  for (const functionName of ['record-audit-logs', 'record-image-event'])
    publish(functionName, 'gcr-dead-letter');
  for (const functionName of ['audit', 'clean']) publish(functionName, `${name}-notifications`);
  const log = deployment.auditLogSubscriptions;
  for (const text of log.kind === 'known' ? log.value : []) {
    const [, owner, subscription] = /^projects\/([^/]+)\/subscriptions\/([^/]+)$/.exec(text) ?? [];
    if (owner === undefined || subscription === undefined) continue;
    const place: PermissionPlace = { kind: 'subscription', project: owner, subscription };
    const consume = ['pubsub.subscriptions.consume'];
    ask('record-audit-logs', place, consume, 'reads the audit log', 'record_pulls = true');
  }
  const [, bucket] =
    /^gs:\/\/([^/]+)/.exec(deployment.policies.kind === 'known' ? deployment.policies.value : '') ?? [];
  if (bucket !== undefined) {
    for (const functionName of ['audit', 'clean', 'dispatch']) {
      const objects = ['storage.objects.get', 'storage.objects.list'];
      const grant = 'google_storage_bucket_iam_member.policies';
      ask(functionName, { kind: 'bucket', bucket }, objects, 'reads the policies', grant);
    }
  }
  const audited = deployment.auditProjects;
  for (const each of audited.kind === 'known' ? audited.value : []) {
    const grant = 'google_project_iam_member.auditor';
    ask('audit', { kind: 'project', project: each }, AUDIT, 'audits keys and permissions', grant);
  }
  return questions;
}

function registryPlaces({ targets }: Deployment): readonly RegistryPlace[] {
  if (targets.kind === 'unknown') return [];
  return targets.value.flatMap((target) => registryPlace(target) ?? []);
}

/** A target without a repository is granted in its project. */
function permissionPlace({ project, location, repository }: RegistryPlace): PermissionPlace {
  return repository === null
    ? { kind: 'project', project }
    : { kind: 'repository', project, location, repository };
}

/** A place as a sentence names it. */
export function placeText(place: PermissionPlace): string {
  switch (place.kind) {
    case 'project':
      return `project ${place.project}`;
    case 'repository':
      return `repository ${place.project}/${place.location}/${place.repository}`;
    case 'topic':
      return `topic ${place.topic}`;
    case 'subscription':
      return `subscription ${place.subscription}`;
    case 'bucket':
      return `bucket ${place.bucket}`;
  }
}
