import { WardenError } from '../core/error.ts';
import { type ImageEvent, parseImageEvent } from '../core/image-event.ts';
import type { PushMessage } from '../core/push-message.ts';
import type { EventLedger, Logger, Publisher } from '../ports.ts';

export interface RecordEventPorts {
  readonly ledger: EventLedger;
  readonly publisher: Publisher;
  readonly deadLetterTopic: string;
  readonly logger: Logger;
}

/** What became of one message. All three mean: acknowledge it. */
export type RecordedEvent =
  | { readonly kind: 'recorded' | 'duplicate'; readonly event: ImageEvent }
  | { readonly kind: 'dead letter'; readonly reason: string };

/**
 * Writes one registry notification to the ledger, once. What is no notification is published to the
 * dead-letter topic with its reason, since delivering it again would change nothing. When it resolves, the
 * work is durable; whatever throws has to be delivered again.
 */
export async function recordImageEvent(
  ports: RecordEventPorts,
  message: PushMessage,
): Promise<RecordedEvent> {
  let event: ImageEvent;
  try {
    event = parseImageEvent(message);
  } catch (problem) {
    if (!(problem instanceof WardenError)) throw problem;
    await ports.publisher.publish(ports.deadLetterTopic, message.data, {
      reason: problem.message,
      code: problem.code,
      messageId: message.messageId,
      publishTime: new Date(message.publishedAtMs).toISOString(),
    });
    ports.logger.log('WARNING', 'event sent to the dead-letter topic', {
      messageId: message.messageId,
      reason: problem.message,
    });
    return { kind: 'dead letter', reason: problem.message };
  }
  const kind = await ports.ledger.recordEvent(event);
  ports.logger.log('INFO', kind === 'recorded' ? 'event recorded' : 'event known already', {
    messageId: event.messageId,
    action: event.action,
    repository: event.repository,
    digest: event.digest,
    tag: event.tag,
  });
  return { kind, event };
}
