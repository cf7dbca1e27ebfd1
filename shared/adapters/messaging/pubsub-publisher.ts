import type { PubSub } from '@google-cloud/pubsub';
import { messageOf, WardenError } from '../../core/error.ts';
import type { Publisher } from '../../ports.ts';

/** A topic's full name: `projects/PROJECT/topics/TOPIC`. */
const TOPIC = /^projects\/([^/]+)\/topics\/[^/]+$/;

/** Pub/Sub takes attributes of at most 1,024 bytes; a reason is cut rather than lost. */
const ATTRIBUTE_LENGTH_MAX = 900;

/** For all attempts at one message; the client decides how many that are. */
const ANSWER_MS = 60_000;

/**
 * Publishes through `@google-cloud/pubsub`. The client is loaded when the first message is published: most starts
 * of most functions publish nothing.
 * @param emulator `HOST:PORT`, which gets no credentials; null for Google
 */
export function createPubSubPublisher(emulator: string | null): Publisher {
  const clients = new Map<string, Promise<PubSub>>();
  const clientOf = (projectId: string): Promise<PubSub> => {
    let client = clients.get(projectId);
    if (client === undefined) {
      const target = emulator === null ? {} : { apiEndpoint: emulator, emulatorMode: true };
      client = import('@google-cloud/pubsub').then(({ PubSub }) => new PubSub({ projectId, ...target }));
      clients.set(projectId, client);
    }
    return client;
  };
  return {
    async publish(topic, data, attributes = {}) {
      const projectId = projectOf(topic);
      try {
        // One message at a time: a handler waits for its own message, so batching would only add delay.
        const publisher = (await clientOf(projectId)).topic(topic, {
          batching: { maxMessages: 1 },
          gaxOpts: { timeout: ANSWER_MS },
        });
        await publisher.publishMessage({
          data: Buffer.from(data, 'utf8'),
          attributes: cutAttributes(attributes),
        });
      } catch (cause) {
        throw new WardenError(
          'PUBLISH_FAILED',
          `Nothing could be published to ${topic}: ${messageOf(cause)}`,
          { cause, retryable: true },
        );
      }
    },
  };
}

/** The project of a topic's full name. @throws WardenError PUBLISH_FAILED where it is none */
export function projectOf(topic: string): string {
  const project = TOPIC.exec(topic)?.[1];
  if (project !== undefined) return project;
  throw new WardenError(
    'PUBLISH_FAILED',
    `${JSON.stringify(topic)} is no topic. Write projects/PROJECT/topics/TOPIC.`,
  );
}

/** Attributes as Pub/Sub takes them. */
export function cutAttributes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const cut = Object.entries(attributes).map(([name, value]) => [name, value.slice(0, ATTRIBUTE_LENGTH_MAX)]);
  return Object.fromEntries(cut);
}
