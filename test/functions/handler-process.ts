/**
 * One function in a process of its own, served as it is when deployed, with a ledger on the disk and everything else
 * over HTTP: `fork(process.ts, [JSON])`. It tells its URL, and, asked by any message, how many boundaries it passed.
 * Where it is told to, it kills itself with SIGKILL at one of them: before or after a call of the ledger, a publish,
 * a pull or an acknowledgement.
 */
import type { HttpFunction } from '@google-cloud/functions-framework';
import { auditHandler } from '../../functions/handlers/audit.ts';
import { cleanHandler } from '../../functions/handlers/clean.ts';
import { dispatchHandler } from '../../functions/handlers/dispatch.ts';
import { recordAuditLogsHandler } from '../../functions/handlers/record-audit-logs.ts';
import { recordImageEventHandler } from '../../functions/handlers/record-image-event.ts';
import { reportHandler } from '../../functions/handlers/report.ts';
import { serveFunction } from '../../local/function-server.ts';
import { openGoogleAccess } from '../../shared/adapters/google/open-access.ts';
import { newId } from '../../shared/adapters/identity/new-id.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { openConfiguredPubSub } from '../../shared/adapters/messaging/open-pubsub.ts';

import { createPubSubSubscriber } from '../../shared/adapters/messaging/pubsub-subscriber.ts';
import { createStandInPublisher } from '../../shared/adapters/messaging/stand-in-publisher.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import { known } from '../../shared/core/fact.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import type { Logger } from '../../shared/ports.ts';

export const HANDLERS = [
  'record-image-event',
  'record-audit-logs',
  'dispatch',
  'clean',
  'audit',
  'report',
] as const;

/** What the process is told. */
export interface HandlerOrder {
  readonly handler: (typeof HANDLERS)[number];
  readonly ledgerPath: string;
  /** `HOST/PROJECT` */
  readonly target: string;
  /** Stands in for Google's APIs and Pub/Sub. */
  readonly googleUrl: string;
  readonly policy: string;
  readonly subscription: string;
  /** How far its clock is ahead. */
  readonly aheadMs: number;
  /** The boundary at which it dies, counted from 1; null for none. */
  readonly dieAt: number | null;
}

export const TOPICS = {
  work: 'projects/acme/topics/work',
  dead: 'projects/acme/topics/dead',
  told: 'projects/acme/topics/told',
} as const;

const BUDGET_MS = 60_000;

const order = JSON.parse(process.argv[2] ?? '') as HandlerOrder;
let passed = 0;

function boundary(): void {
  passed += 1;
  if (passed !== order.dieAt) return;
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way: nothing may be done meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** The same object, with a boundary before and after each of its calls. */
function guarded<T extends object>(target: T): T {
  return new Proxy(target, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name);
      if (typeof value !== 'function') return value;
      return async (...given: unknown[]) => {
        boundary();
        const result: unknown = await Reflect.apply(value, of, given);
        boundary();
        return result;
      };
    },
  });
}

const clock = (): number => Date.now() + order.aheadMs;
const logger: Logger = { log: () => {} };
const ledger = guarded(await openSqliteLedger(order.ledgerPath));
const pubsub = openConfiguredPubSub(null, order.googleUrl);
const publisher = guarded(createStandInPublisher(pubsub));
const registry = openRegistry({
  credentials: fixedCredentials({}),
  clock,
  logger,
  concurrency: 4,
  manifestCache: null,
});
const set = parsePolicyFile({ file: 'services.yaml', text: order.policy, gitRevision: known('4f1c') });
const policies = { read: async () => set };
const targets = [parseTarget(order.target)];
const markPush = createPushMarker(ledger, clock);
const deliveries = { ledger, publisher, deadLetterTopic: TOPICS.dead };
const told = { publisher, topic: TOPICS.told };

const handlers: Readonly<Record<HandlerOrder['handler'], () => HttpFunction>> = {
  'record-image-event': () => recordImageEventHandler(logger, async () => ({ ...deliveries, markPush })),
  'record-audit-logs': () =>
    recordAuditLogsHandler(
      logger,
      async () => ({
        ...deliveries,
        subscriber: guarded(createPubSubSubscriber(pubsub, 0)),
        subscriptions: [order.subscription],
        ownAccounts: new Set(),
        clock,
        concurrency: 4,
      }),
      BUDGET_MS,
    ),
  dispatch: () =>
    dispatchHandler(logger, async () => ({
      targets,
      ports: { ledger, publisher, policies, registry: registry.reader, workTopic: TOPICS.work, clock, newId },
    })),
  clean: () =>
    cleanHandler(
      logger,
      async () => ({
        ...deliveries,
        notifications: told,
        registry: registry.reader,
        deleter: guarded(registry.deleter()),
        usage: { read: async () => ({ version: 1, answers: [] }) },
        policies,
        targets,
        clock,
        newId,
        concurrency: 4,
      }),
      BUDGET_MS,
    ),
  audit: () =>
    auditHandler(logger, async () => ({
      projects: ['acme'],
      policyFiles: { read: async () => ({ files: [], unread: [] }) },
      ports: { access: openGoogleAccess(order.googleUrl).access, ledger, clock, changes: told },
    })),
  report: () => reportHandler(logger, async () => ({ ledger, clock })),
};

const served = await serveFunction(order.handler, handlers[order.handler](), 0);
process.on('message', () => process.send?.({ passed }));
process.on('disconnect', () => process.exit(0));
process.send?.({ url: served.url });
