import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { auditHandler } from '../functions/handlers/audit.ts';
import { type CleanWatch, cleanHandler } from '../functions/handlers/clean.ts';
import { dispatchHandler } from '../functions/handlers/dispatch.ts';
import { recordImageEventHandler } from '../functions/handlers/record-image-event.ts';
import { reportHandler } from '../functions/handlers/report.ts';
import { openGoogleAccess } from '../shared/adapters/google/open-access.ts';
import { newId } from '../shared/adapters/identity/new-id.ts';
import { openSqliteLedger } from '../shared/adapters/ledger/sqlite/ledger.ts';
import { readPolicyFiles, readPolicyFolder } from '../shared/adapters/policies/folder.ts';
import { fixedCredentials } from '../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../shared/adapters/registry/open.ts';
import { readPodsFile } from '../shared/adapters/usage/pods-file.ts';
import type { Dispatched } from '../shared/app/dispatch.ts';
import { createPushMarker } from '../shared/app/mark-push.ts';
import type { RecordedEvent } from '../shared/app/record-event.ts';
import type { AuditReport } from '../shared/core/audit/report.ts';
import { parseTarget, type Target } from '../shared/core/reference.ts';
import { DAY_MS } from '../shared/core/units.ts';
import { DEFAULT_ROLLBACK_DEPTH } from '../shared/core/usage/kubernetes.ts';
import type { Ledger, Logger, PolicyReader } from '../shared/ports.ts';
import { serveFunction } from './function-server.ts';
import { acmeEstate, type StandInTopics, startGoogleApis } from './google-apis/index.ts';
import { portIfFree } from './port.ts';
import { type LocalRegistry, startLocalRegistry } from './registry/index.ts';
import { createLocalTopics, type LocalTopics, subscriptionOf } from './topics.ts';

export const TOPICS = {
  events: 'projects/acme/topics/gcr',
  work: 'projects/acme/topics/work',
  deadLetters: 'projects/acme/topics/gcr-dead-letter',
} as const;

/** The subscription that dead letters wait in. */
export const DEAD_LETTERS = 'projects/acme/subscriptions/gcr-dead-letter';

export interface LocalStackOptions {
  /** Where the ledger, the blobs and the file of pods are; empty or missing when the stack starts. */
  readonly directory: string;
  readonly policies: string;
  /** Wanted ports; a free one is taken where somebody listens there. */
  readonly ports: { readonly registry: number; readonly report: number };
  readonly logger: Logger;
  readonly onRecorded: (recorded: RecordedEvent) => void;
  readonly clean: CleanWatch;
  readonly onAudit: (report: AuditReport) => void;
}

/** The whole service on one machine: the same handlers, use cases and adapters as deployed, on loopback. */
export interface LocalStack {
  readonly registry: LocalRegistry;
  readonly ledger: Ledger;
  readonly ledgerPath: string;
  readonly podsPath: string;
  readonly policies: PolicyReader;
  readonly topics: LocalTopics;
  readonly targets: readonly Target[];
  /** Sets the registry's clock; null gives it the system's again. */
  setRegistryClock(atMs: number | null): void;
  /** Sends what Cloud Scheduler sends. */
  tick(): Promise<Dispatched>;
  /** Sends what Cloud Scheduler sends once a day. */
  audit(): Promise<void>;
  /** Where Google's REST APIs are stood in for. */
  readonly googleUrl: string;
  readonly reportUrl: string;
  close(): Promise<void>;
}

/** A run on one machine is watched by a person; it need not end within a function's timeout. */
const CLEAN_BUDGET_MS = 10 * 60_000;

/** A reader who pushed an image waits no longer than this for its run, whatever the policies say. */
export const PUSH_WAIT_MAX_MS = 3_000;

/** Projects that the stack's policies and people use. */
const PROJECTS = ['acme', 'example.com/playground'] as const;

/** Starts every part and connects them. */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const { directory, logger } = options;
  await mkdir(directory, { recursive: true });
  const ledgerPath = join(directory, 'ledger.sqlite');
  const podsPath = join(directory, 'pods.json');
  const ledger = await openSqliteLedger(ledgerPath);
  const topics = createLocalTopics(TOPICS.deadLetters, logger);
  let standingAtMs: number | null = null;
  const registry = await startLocalRegistry({
    port: await portIfFree(options.ports.registry),
    directory: join(directory, 'registry'),
    now: () => standingAtMs ?? Date.now(),
    notify: (notification, atMs) => topics.publishAt(TOPICS.events, JSON.stringify(notification), atMs),
  });
  const targets = PROJECTS.map((project) => parseTarget(`${registry.host}/${project}`));
  const policies = readPolicyFolder(options.policies);
  const client = openRegistry({
    credentials: fixedCredentials({}),
    clock: Date.now,
    logger,
    concurrency: 8,
    manifestCache: ledger,
  });
  const google = await startGoogleApis({
    estate: acmeEstate(Date.now()),
    now: Date.now(),
    topics: standInTopics(topics),
  });
  const googleAccess = openGoogleAccess(google.url);
  const markPush = createPushMarker(ledger, Date.now, { lengthMs: 1_000, skewMs: 0 });
  const deliveries = { publisher: topics, deadLetterTopic: TOPICS.deadLetters };

  const functions = {
    recordImageEvent: await serveFunction(
      'record-image-event',
      recordImageEventHandler(logger, async () => ({ ...deliveries, ledger, markPush }), options.onRecorded),
      0,
    ),
    dispatch: await serveFunction(
      'dispatch',
      dispatchHandler(logger, async () => ({
        targets,
        ports: {
          registry: client.reader,
          ledger,
          policies,
          publisher: topics,
          workTopic: TOPICS.work,
          clock: Date.now,
          newId,
          pushWaitMaxMs: PUSH_WAIT_MAX_MS,
        },
      })),
      0,
    ),
    clean: await serveFunction(
      'clean',
      cleanHandler(
        logger,
        async () => ({
          ...deliveries,
          registry: client.reader,
          deleter: client.deleter(),
          ledger,
          usage: readPodsFile({
            path: podsPath,
            clock: Date.now,
            ageMaxMs: DAY_MS,
            rollbackDepth: DEFAULT_ROLLBACK_DEPTH,
          }),
          policies,
          readsPushed: true,
          targets,
          clock: Date.now,
          newId,
          concurrency: 8,
        }),
        CLEAN_BUDGET_MS,
        options.clean,
      ),
      0,
    ),
    audit: await serveFunction(
      'audit',
      auditHandler(
        logger,
        async () => ({
          projects: ['acme'],
          policyFiles: { read: () => readPolicyFiles(options.policies) },
          ports: { access: googleAccess.access, ledger, clock: Date.now },
        }),
        options.onAudit,
      ),
      0,
    ),
    report: await serveFunction(
      'report',
      reportHandler(logger, async () => ({ ledger, clock: Date.now })),
      await portIfFree(options.ports.report),
    ),
  };
  topics.subscribe(TOPICS.events, functions.recordImageEvent.url, 4);
  // One repository after the other, so that a reader can follow.
  topics.subscribe(TOPICS.work, functions.clean.url, 1);

  return {
    registry,
    ledger,
    ledgerPath,
    podsPath,
    policies,
    topics,
    targets,
    setRegistryClock: (atMs) => {
      standingAtMs = atMs;
    },
    tick: async () => JSON.parse(await request(functions.dispatch.url)) as Dispatched,
    audit: async () => void (await request(functions.audit.url)),
    googleUrl: google.url,
    reportUrl: functions.report.url,
    async close() {
      topics.close();
      await Promise.all(Object.values(functions).map((served) => served.close()));
      await Promise.all([registry.close(), client.close(), googleAccess.close()]);
      await google.close();
      await ledger.close();
    },
  };
}

/** The local topics, as Pub/Sub's REST API shows them: the dead letters can be read and put back. */
function standInTopics(topics: LocalTopics): StandInTopics {
  const pushed = [TOPICS.events, TOPICS.work].map((topic) => [subscriptionOf(topic), topic] as const);
  return {
    publish: (topic, data, attributes) => void topics.publish(topic, data, attributes),
    topicOf: { ...Object.fromEntries(pushed), [DEAD_LETTERS]: TOPICS.deadLetters },
    pulled: { [DEAD_LETTERS]: topics.keep(TOPICS.deadLetters) },
  };
}

async function request(url: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${body.slice(0, 300)}`);
  return body;
}
