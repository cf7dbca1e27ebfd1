import { http } from '@google-cloud/functions-framework';
import { createPubSubPublisher } from '../shared/adapters/messaging/pubsub-publisher.ts';
import { dispatchHandler } from './handlers/dispatch.ts';
import {
  logger,
  once,
  openConfiguredLedger,
  openConfiguredPolicies,
  openConfiguredRegistry,
  settings,
} from './open-ports.ts';

http(
  'dispatch',
  dispatchHandler(
    logger,
    once(async () => {
      const ledger = await openConfiguredLedger();
      const { reader } = await openConfiguredRegistry(ledger);
      return {
        targets: settings.targets,
        ports: {
          registry: reader,
          ledger,
          policies: await openConfiguredPolicies(),
          publisher: createPubSubPublisher(),
          workTopic: settings.workTopic,
          clock: Date.now,
        },
      };
    }),
  ),
);
