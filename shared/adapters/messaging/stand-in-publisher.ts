import { WardenError } from '../../core/error.ts';
import type { Publisher } from '../../ports.ts';
import { cutAttributes, projectOf } from './pubsub-publisher.ts';
import { type PubSubRest, whyOf } from './pubsub-rest.ts';

const ANSWER_MS = 20_000;
const ATTEMPTS = 4;

/** Publishes to a stand-in for Google's APIs, which speaks REST and not what Google's client speaks. */
export function createStandInPublisher(pubsub: PubSubRest): Publisher {
  return {
    async publish(topic, data, attributes = {}) {
      projectOf(topic);
      const message = {
        data: Buffer.from(data, 'utf8').toString('base64'),
        attributes: cutAttributes(attributes),
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
