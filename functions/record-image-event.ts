import { http } from '@google-cloud/functions-framework';
import { createPubSubPublisher } from '../shared/adapters/messaging/pubsub-publisher.ts';
import { recordImageEventHandler } from './handlers/record-image-event.ts';
import { logger, once, openConfiguredLedger, settings } from './open-ports.ts';

http(
  'record-image-event',
  recordImageEventHandler(
    logger,
    once(async () => ({
      ledger: await openConfiguredLedger(),
      publisher: createPubSubPublisher(),
      deadLetterTopic: settings.deadLetterTopic,
    })),
  ),
);
