import { deadLetterAttributes } from '../core/dead-letter.ts';
import type { WardenError } from '../core/error.ts';
import type { PushMessage } from '../core/push-message.ts';
import type { Logger, Publisher } from '../ports.ts';

export interface DeadLetterPorts {
  readonly publisher: Publisher;
  /** `projects/PROJECT/topics/TOPIC` */
  readonly deadLetterTopic: string;
  readonly logger: Logger;
}

/**
 * Publishes a message that no delivery will ever make readable to the dead-letter topic, as it came, with the
 * reason as attributes. When it resolves the message may be acknowledged.
 */
export async function publishDeadLetter(
  ports: DeadLetterPorts,
  message: PushMessage,
  problem: WardenError,
): Promise<void> {
  const attributes = deadLetterAttributes(message, problem);
  await ports.publisher.publish(ports.deadLetterTopic, message.data, attributes);
  ports.logger.log('WARNING', 'message sent to the dead-letter topic', {
    messageId: message.messageId,
    code: problem.code,
    reason: problem.message,
  });
}
