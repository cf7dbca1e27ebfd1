import type { HttpFunction } from '@google-cloud/functions-framework';
import {
  type RecordEventPorts,
  type RecordedEvent,
  recordImageEvent,
} from '../../shared/app/record-event.ts';
import { answerDelivery } from './reply.ts';

/** Topic `gcr` → one event in the ledger. `onRecorded` is told of what became of each message. */
export function recordImageEventHandler(
  open: () => Promise<RecordEventPorts>,
  onRecorded: (recorded: RecordedEvent) => void = () => {},
): HttpFunction {
  return async (request, response) => {
    const ports = await open();
    await answerDelivery(ports.logger, request, response, async (message) => {
      onRecorded(await recordImageEvent(ports, message));
    });
  };
}
