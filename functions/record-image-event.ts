import { http } from '@google-cloud/functions-framework';
import { createPushMarker } from '../shared/app/mark-push.ts';
import { recordImageEventHandler } from './handlers/record-image-event.ts';
import { logger, once, openConfiguredLedger, openPublisher, settings } from './open-ports.ts';

http(
  'record-image-event',
  recordImageEventHandler(
    logger,
    once(async () => {
      const ledger = await openConfiguredLedger();
      return {
        ledger,
        markPush: createPushMarker(ledger, Date.now),
        publisher: openPublisher(),
        deadLetterTopic: settings.deadLetterTopic,
      };
    }),
  ),
);
