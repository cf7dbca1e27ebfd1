import { WardenError } from '../core/error.ts';
import { type ImageEvent, parseImageEvent } from '../core/image-event.ts';
import type { PushMessage } from '../core/push-message.ts';
import type { EventLedger } from '../ports.ts';
import { type DeadLetterPorts, publishDeadLetter } from './dead-letter.ts';
import type { PushMarker } from './mark-push.ts';

export interface RecordEventPorts extends DeadLetterPorts {
  readonly ledger: EventLedger;
  readonly markPush: PushMarker;
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
    await publishDeadLetter(ports, message, problem);
    return { kind: 'dead letter', reason: problem.message };
  }
  // Side by side: both are durable before the message is acknowledged, and each may be done twice.
  const [kind] = await Promise.all([
    ports.ledger.recordEvent(event),
    event.action === 'INSERT' ? ports.markPush(event.repository) : null,
  ]);
  ports.logger.log('INFO', kind === 'recorded' ? 'event recorded' : 'event known already', {
    messageId: event.messageId,
    action: event.action,
    repository: event.repository,
    digest: event.digest,
    tag: event.tag,
  });
  return { kind, event };
}
