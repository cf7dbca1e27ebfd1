import { http } from '@google-cloud/functions-framework';
import { createPubSubPublisher } from '../shared/adapters/messaging/pubsub-publisher.ts';
import { createPushMarker } from '../shared/app/mark-push.ts';
import { recordImageEventHandler } from './handlers/record-image-event.ts';
import { logger, once, openConfiguredLedger, openPubSub, settings } from './open-ports.ts';

http(
  'record-image-event',
  recordImageEventHandler(
    logger,
    once(async () => {
      const ledger = await openConfiguredLedger();
      return {
        ledger,
        markPush: createPushMarker(ledger, Date.now),
        publisher: createPubSubPublisher(openPubSub()),
        deadLetterTopic: settings.deadLetterTopic,
      };
    }),
  ),
);
