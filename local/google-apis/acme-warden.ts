import { REQUIRED_APIS } from '../../shared/core/doctor/api.ts';
import { EXPIRING_COLLECTIONS } from '../../shared/core/doctor/checks/ledger.ts';
import type { EstateProject, EstateSubscription } from './estate.ts';

const PROJECT = 'acme-warden';
const NUMBER = '210987654321';
const REGION = 'europe-west1';
const PUBSUB_AGENT = `serviceAccount:service-${NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com`;

/**
 * A project with the service as the Terraform module deploys it, and nothing missing. It belongs to no organisation,
 * so that audits of Acme's do not see it.
 * @param nowMs what all ages are relative to
 */
export function acmeWarden(nowMs: number): EstateProject {
  const account = (name: string): string => `gcr-warden-${name}@${PROJECT}.iam.gserviceaccount.com`;
  const minutesAgo = (minutes: number): string => new Date(nowMs - minutes * 60_000).toISOString();
  const topic = (name: string): string => `projects/${PROJECT}/topics/${name}`;
  const auditLog = `projects/${PROJECT}/subscriptions/gcr-warden-audit-log`;
  const environment = {
    GCR_WARDEN_AUDIT_PROJECTS: PROJECT,
    GCR_WARDEN_LEDGER: `firestore:${PROJECT}/gcr-warden`,
    GCR_WARDEN_TARGETS: `${REGION}-docker.pkg.dev/${PROJECT}/images`,
  };
  const policies = { GCR_WARDEN_POLICIES: `gs://${PROJECT}-gcr-warden-policies/policies/0123456789abcdef` };
  const deployed = (name: string, more: Readonly<Record<string, string>> = {}) => ({
    name: `gcr-warden-${name}`,
    location: REGION,
    state: 'ACTIVE',
    account: account(name),
    environment: { ...environment, ...more },
  });
  const job = (name: string, minutes: number) => ({
    name: `gcr-warden-${name}`,
    location: REGION,
    state: 'ENABLED',
    lastAttempt: minutesAgo(minutes),
  });
  const pushed = (from: string, to: string, deadLetters: string): EstateSubscription => ({
    topic: topic(from),
    push: { endpoint: `https://gcr-warden-${to}-x.a.run.app`, account: account('push') },
    deadLetterTopic: topic(deadLetters),
    bindings: [{ role: 'roles/pubsub.subscriber', members: [PUBSUB_AGENT] }],
  });
  return {
    project: PROJECT,
    projectNumber: NUMBER,
    redirection: 'REDIRECTION_FROM_GCR_IO_ENABLED',
    locations: [REGION],
    bindings: [],
    auditConfigs: [
      { service: 'artifactregistry.googleapis.com', auditLogConfigs: [{ logType: 'DATA_READ' }] },
    ],
    accounts: [],
    buckets: [],
    repositories: [
      { location: REGION, id: 'images', format: 'DOCKER', mode: 'STANDARD_REPOSITORY', bindings: [] },
    ],
    roles: {},
    services: REQUIRED_APIS,
    functions: [
      deployed('audit', policies),
      deployed('clean', policies),
      deployed('dispatch', policies),
      deployed('record-audit-logs', { GCR_WARDEN_AUDIT_LOG_SUBSCRIPTIONS: auditLog }),
      deployed('record-image-event'),
      deployed('report'),
    ],
    jobs: [job('audit', 600), job('dispatch', 3), job('record-audit-logs', 9)],
    topics: {
      gcr: [
        {
          role: 'roles/pubsub.publisher',
          members: [`serviceAccount:service-${NUMBER}@gcp-sa-artifactregistry.iam.gserviceaccount.com`],
        },
      ],
      work: [],
      'gcr-dead-letter': [{ role: 'roles/pubsub.publisher', members: [PUBSUB_AGENT] }],
      'work-dead-letter': [{ role: 'roles/pubsub.publisher', members: [PUBSUB_AGENT] }],
      'gcr-warden-notifications': [],
    },
    subscriptions: {
      [`gcr-warden-events-${PROJECT}`]: pushed('gcr', 'record-image-event', 'gcr-dead-letter'),
      'gcr-warden-work': pushed('work', 'clean', 'work-dead-letter'),
      'gcr-warden-gcr-dead-letter': { topic: topic('gcr-dead-letter'), bindings: [] },
      'gcr-warden-work-dead-letter': { topic: topic('work-dead-letter'), bindings: [] },
      'gcr-warden-audit-log': { topic: topic('gcr-warden-audit-log'), bindings: [] },
    },
    databases: {
      'gcr-warden': {
        type: 'FIRESTORE_NATIVE',
        documents: { events: 1, runs: 1 },
        expiring: EXPIRING_COLLECTIONS,
      },
    },
  };
}
