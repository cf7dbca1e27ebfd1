import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WardenError } from '../shared/core/error.ts';
import type { Logger, Publisher } from '../shared/ports.ts';
import { createPullSubscription, type PullSubscription } from './pull-subscription.ts';

/** Topics whose messages are posted to push endpoints of this machine, as Pub/Sub's push subscriptions do. */
export interface LocalTopics extends Publisher {
  /** Delivers a topic's messages to a URL from now on, so many at once. */
  subscribe(topic: string, endpoint: string, inFlightMax: number): void;
  /** Keeps a topic's messages from now on for whoever pulls them; one that is subscribed to gets them besides. */
  keep(topic: string): PullSubscription;
  /** Publishes with a publish time of its own: an estate's pushes lie in the past. */
  publishAt(topic: string, data: string, publishedAtMs: number): Promise<void>;
  /** Resolves when every message published so far was acknowledged or given up. */
  idle(): Promise<void>;
  close(): void;
}

/** Deliveries of one message before it goes to the dead-letter topic, as the deployed subscriptions have it. */
const DELIVERIES_MAX = 5;
const RETRY_DELAY_MS = 500;
const DELIVERY_TIMEOUT_MS = 60_000;

interface Subscription {
  readonly endpoint: string;
  readonly inFlightMax: number;
  readonly waiting: (() => Promise<void>)[];
  inFlight: number;
}

/** Makes topics without any subscription: a message to a topic that nobody subscribed to is lost, as in Pub/Sub. */
export function createLocalTopics(deadLetterTopic: string, logger: Logger): LocalTopics {
  const subscriptions = new Map<string, Subscription>();
  const kept = new Map<string, PullSubscription>();
  const underWay = new Set<Promise<void>>();
  let closed = false;

  const pump = (subscription: Subscription): void => {
    while (subscription.inFlight < subscription.inFlightMax) {
      const deliver = subscription.waiting.shift();
      if (deliver === undefined) return;
      subscription.inFlight += 1;
      void deliver().finally(() => {
        subscription.inFlight -= 1;
        pump(subscription);
      });
    }
  };

  const publishAt = async (
    topic: string,
    data: string,
    publishedAtMs: number,
    attributes: Readonly<Record<string, string>>,
  ): Promise<void> => {
    const subscription = subscriptions.get(topic);
    const message = {
      data: Buffer.from(data, 'utf8').toString('base64'),
      attributes,
      messageId: String(randomInt(2 ** 47)),
      publishTime: new Date(publishedAtMs).toISOString(),
    };
    kept.get(topic)?.add(message);
    if (subscription === undefined || closed) return;
    const delivered = new Promise<void>((resolve) => {
      subscription.waiting.push(async () => {
        try {
          await deliver(subscription.endpoint, topic, message);
        } catch (problem) {
          logger.log('ERROR', 'a message was given up', {
            topic,
            messageId: message.messageId,
            reason: String(problem),
          });
          const reason = problem instanceof Error ? problem.message : String(problem);
          const given = { ...attributes, reason, subscription: subscriptionOf(topic) };
          if (topic !== deadLetterTopic) await publishAt(deadLetterTopic, data, Date.now(), given);
        } finally {
          resolve();
        }
      });
    });
    underWay.add(delivered);
    void delivered.finally(() => underWay.delete(delivered));
    pump(subscription);
  };

  const deliver = async (
    endpoint: string,
    topic: string,
    message: Readonly<Record<string, unknown>>,
  ): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const status = await post(endpoint, {
        message,
        subscription: subscriptionOf(topic),
        deliveryAttempt: attempt,
      });
      if (status >= 200 && status < 300) return;
      if (attempt === DELIVERIES_MAX || closed) {
        throw new WardenError('PUBLISH_FAILED', `${endpoint} answered ${status} to delivery ${attempt}`);
      }
      await sleep(RETRY_DELAY_MS * attempt);
    }
  };

  return {
    subscribe(topic, endpoint, inFlightMax) {
      subscriptions.set(topic, { endpoint, inFlightMax, waiting: [], inFlight: 0 });
    },
    keep(topic) {
      const subscription = kept.get(topic) ?? createPullSubscription();
      kept.set(topic, subscription);
      return subscription;
    },
    publish: (topic, data, attributes = {}) => publishAt(topic, data, Date.now(), attributes),
    publishAt: (topic, data, publishedAtMs) => publishAt(topic, data, publishedAtMs, {}),
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close() {
      closed = true;
      for (const subscription of subscriptions.values()) subscription.waiting.length = 0;
    },
  };
}

/** The subscription that a topic's messages are delivered by. */
export function subscriptionOf(topic: string): string {
  return `${topic.replace('/topics/', '/subscriptions/')}-push`;
}

/** The status of a push; 0 where there was no answer. */
async function post(endpoint: string, body: unknown): Promise<number> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}
