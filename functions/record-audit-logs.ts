import { http } from '@google-cloud/functions-framework';
import { createPubSubSubscriber } from '../shared/adapters/messaging/pubsub-subscriber.ts';
import { loadHandler } from './load-handler.ts';
import {
  CONCURRENCY,
  logger,
  once,
  openConfiguredLedger,
  openPublisher,
  openPubSub,
  settings,
} from './open-ports.ts';

/** Well within the 300 s that Cloud Scheduler waits. */
const BUDGET_MS = 200_000;
const IDLE_MS = 10_000;

http(
  'record-audit-logs',
  loadHandler(async () => {
    const { recordAuditLogsHandler } = await import('./handlers/record-audit-logs.ts');
    return recordAuditLogsHandler(
      logger,
      once(async () => {
        const pubsub = openPubSub();
        return {
          ledger: await openConfiguredLedger(),
          subscriber: createPubSubSubscriber(pubsub, IDLE_MS),
          publisher: openPublisher(),
          deadLetterTopic: settings.deadLetterTopic,
          subscriptions: settings.auditLogSubscriptions,
          ownAccounts: new Set(settings.ownAccounts.map((account) => account.toLowerCase())),
          clock: Date.now,
          concurrency: CONCURRENCY,
        };
      }),
      BUDGET_MS,
    );
  }),
);
