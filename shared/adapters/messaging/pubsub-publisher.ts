import type { PubSub } from '@google-cloud/pubsub';
import { messageOf, WardenError } from '../../core/error.ts';
import type { Publisher } from '../../ports.ts';

/** A topic's full name: `projects/PROJECT/topics/TOPIC`. */
const TOPIC = /^projects\/([^/]+)\/topics\/[^/]+$/;

/** Pub/Sub takes attributes of at most 1,024 bytes; a reason is cut rather than lost. */
const ATTRIBUTE_LENGTH_MAX = 900;

/**
 * Publishes through `@google-cloud/pubsub`, which honours `PUBSUB_EMULATOR_HOST`. The client is loaded when
 * the first message is published: most starts of most functions publish nothing.
 */
export function createPubSubPublisher(): Publisher {
  const clients = new Map<string, Promise<PubSub>>();
  const clientOf = (projectId: string): Promise<PubSub> => {
    let client = clients.get(projectId);
    if (client === undefined) {
      client = import('@google-cloud/pubsub').then(({ PubSub }) => new PubSub({ projectId }));
      clients.set(projectId, client);
    }
    return client;
  };
  return {
    async publish(topic, data, attributes = {}) {
      const projectId = TOPIC.exec(topic)?.[1];
      if (projectId === undefined) {
        throw new WardenError(
          'PUBLISH_FAILED',
          `${JSON.stringify(topic)} is no topic. Write projects/PROJECT/topics/TOPIC.`,
        );
      }
      const cut = Object.entries(attributes).map(
        ([name, value]) => [name, value.slice(0, ATTRIBUTE_LENGTH_MAX)] as const,
      );
      try {
        // One message at a time: a handler waits for its own message, so batching would only add delay.
        const publisher = (await clientOf(projectId)).topic(topic, { batching: { maxMessages: 1 } });
        await publisher.publishMessage({
          data: Buffer.from(data, 'utf8'),
          attributes: Object.fromEntries(cut),
        });
      } catch (cause) {
        throw new WardenError(
          'PUBLISH_FAILED',
          `Nothing could be published to ${topic}: ${messageOf(cause)}`,
          {
            cause,
            retryable: true,
          },
        );
      }
    },
  };
}
