import { http } from '@google-cloud/functions-framework';
import { newId } from '../shared/adapters/identity/new-id.ts';
import { loadHandler } from './load-handler.ts';
import {
  CONCURRENCY,
  logger,
  once,
  openConfiguredCrossChecks,
  openConfiguredLedger,
  openConfiguredPolicies,
  openConfiguredRegistry,
  openConfiguredUsage,
  openPublisher,
  settings,
} from './open-ports.ts';

/** Well within the 540 s that Terraform gives the function: the requests under way have to end and be written down. */
const BUDGET_MS = 420_000;

http(
  'clean',
  loadHandler(async () => {
    const { cleanHandler } = await import('./handlers/clean.ts');
    return cleanHandler(
      logger,
      once(async () => {
        const ledger = await openConfiguredLedger();
        const registry = await openConfiguredRegistry(ledger);
        const publisher = openPublisher();
        const { notificationTopic } = settings;
        const { openPublicReaders } = await import('../shared/adapters/google/open-public-readers.ts');
        const { openTagKeeper } = await import('../shared/adapters/google/tag-keeper.ts');
        const checkedUntil = settings.crossChecks ? await openConfiguredCrossChecks() : null;
        return {
          registry: registry.reader,
          deleter: registry.deleter(),
          forRun: (endByMs) => {
            const access = registry.forRun(endByMs);
            const reader = access.reader;
            return {
              registry: checkedUntil?.(reader, endByMs) ?? reader,
              deleter: access.deleter(),
            };
          },
          ledger,
          usage: await openConfiguredUsage(),
          publicReaders: openPublicReaders(null),
          policies: await openConfiguredPolicies(),
          tags: openTagKeeper(),
          publisher,
          deadLetterTopic: settings.deadLetterTopic,
          ...(notificationTopic === null ? {} : { notifications: { publisher, topic: notificationTopic } }),
          readsPushed: settings.readsPushed,
          targets: settings.targets,
          workTopic: settings.workTopic,
          clock: Date.now,
          newId,
          concurrency: CONCURRENCY,
        };
      }),
      BUDGET_MS,
    );
  }),
);
