import { WardenError } from '../../core/error.ts';
import type { Publisher } from '../../ports.ts';
import { type PubSubRest, whyOf } from './pubsub-rest.ts';

/** A topic's full name: `projects/PROJECT/topics/TOPIC`. */
const TOPIC = /^projects\/[^/]+\/topics\/[^/]+$/;

/** Pub/Sub takes attributes of at most 1,024 bytes; a reason is cut rather than lost. */
const ATTRIBUTE_LENGTH_MAX = 900;

const ANSWER_MS = 20_000;
const ATTEMPTS = 4;

/** Publishes message by message: a handler waits for its own, so that putting them together would only add delay. */
export function createPubSubPublisher(pubsub: PubSubRest): Publisher {
  return {
    async publish(topic, data, attributes = {}) {
      if (!TOPIC.test(topic)) {
        throw new WardenError(
          'PUBLISH_FAILED',
          `${JSON.stringify(topic)} is no topic. Write projects/PROJECT/topics/TOPIC.`,
        );
      }
      const cut = Object.entries(attributes).map(([name, value]) => [
        name,
        value.slice(0, ATTRIBUTE_LENGTH_MAX),
      ]);
      const message = {
        data: Buffer.from(data, 'utf8').toString('base64'),
        attributes: Object.fromEntries(cut),
      };
      const reply = await pubsub({
        path: `${topic}:publish`,
        body: { messages: [message] },
        deadlineMs: ANSWER_MS,
        attempts: ATTEMPTS,
      });
      if (reply.kind === 'read') return;
      const retryable = reply.kind === 'late' || reply.retryable;
      throw new WardenError('PUBLISH_FAILED', `Nothing could be published to ${topic}: ${whyOf(reply)}`, {
        retryable,
      });
    },
  };
}
