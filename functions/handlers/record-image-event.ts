import type { HttpFunction } from '@google-cloud/functions-framework';
import {
  type RecordEventPorts,
  type RecordedEvent,
  recordImageEvent,
} from '../../shared/app/record-event.ts';
import type { Logger } from '../../shared/ports.ts';
import { answerDelivery } from './reply.ts';

/** Topic `gcr` → one event in the ledger. `onRecorded` is told of what became of each message. */
export function recordImageEventHandler(
  logger: Logger,
  open: () => Promise<Omit<RecordEventPorts, 'logger'>>,
  onRecorded: (recorded: RecordedEvent) => void = () => {},
): HttpFunction {
  return async (request, response) => {
    await answerDelivery(logger, request, response, async (message, span) => {
      const ports = await open();
      const publisher = span.carrying(ports.publisher);
      onRecorded(await recordImageEvent({ ...ports, publisher, logger: span.logger }, message));
    });
  };
}
