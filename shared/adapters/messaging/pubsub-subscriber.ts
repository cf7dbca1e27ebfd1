import { setTimeout as pause } from 'node:timers/promises';
import { WardenError } from '../../core/error.ts';
import type { Subscriber, WaitingMessage } from '../../ports.ts';
import { type PubSubRest, whyOf } from './pubsub-rest.ts';

/** A subscription's full name: `projects/PROJECT/subscriptions/SUBSCRIPTION`. */
const SUBSCRIPTION = /^projects\/[^/]+\/subscriptions\/[^/]+$/;

/** For what has to be answered at once. */
const ANSWER_MS = 30_000;
const ATTEMPTS = 3;

/** How often and how far apart is asked of a subscription that does not wait: it may say that there is none though there is. */
const LOOKS = 3;
const LOOK_PAUSE_MS = 400;

/**
 * Reads subscriptions that nobody pushes from.
 * @param idleMs after so long without any message there is none; Pub/Sub keeps a request waiting for up to 90 s. 0
 * looks without waiting: a request that is given up may still be given a message, which is then missing for a while
 * where whoever asks next wants all of them.
 */
export function createPubSubSubscriber(pubsub: PubSubRest, idleMs: number): Subscriber {
  const call = async (subscription: string, verb: string, body: object | null): Promise<unknown> => {
    if (!SUBSCRIPTION.test(subscription)) {
      throw new WardenError(
        'SUBSCRIPTION_UNREADABLE',
        `${JSON.stringify(subscription)} is no subscription. Write projects/PROJECT/subscriptions/SUBSCRIPTION.`,
      );
    }
    const isPull = verb === ':pull';
    const reply = await pubsub({
      path: `${subscription}${verb}`,
      body,
      deadlineMs: isPull && idleMs > 0 ? idleMs : ANSWER_MS,
      attempts: isPull ? 1 : ATTEMPTS,
    });
    if (reply.kind === 'read') return reply.body;
    if (isPull && reply.kind === 'late') return {};
    const asked = verb === '' ? 'be looked up' : `be asked to ${verb.slice(1)}`;
    throw new WardenError('SUBSCRIPTION_UNREADABLE', `${subscription} could not ${asked}: ${whyOf(reply)}`, {
      retryable: reply.kind === 'late' || reply.retryable,
    });
  };

  return {
    async pull(subscription, max) {
      const body = { maxMessages: max, ...(idleMs === 0 ? { returnImmediately: true } : {}) };
      for (let look = 1; ; look += 1) {
        const reply = await call(subscription, ':pull', body);
        const received = fieldsOf(reply)?.['receivedMessages'] ?? [];
        if (!Array.isArray(received)) throw unreadable(subscription);
        if (received.length > 0 || idleMs > 0 || look === LOOKS)
          return received.map((one) => waitingOf(one, subscription) ?? refuse(subscription));
        await pause(LOOK_PAUSE_MS);
      }
    },
    async acknowledge(subscription, ackIds) {
      if (ackIds.length > 0) await call(subscription, ':acknowledge', { ackIds });
    },
    async release(subscription, ackIds) {
      if (ackIds.length > 0)
        await call(subscription, ':modifyAckDeadline', { ackIds, ackDeadlineSeconds: 0 });
    },
    async topicOf(subscription) {
      const topic = fieldsOf(await call(subscription, '', null))?.['topic'];
      return typeof topic === 'string' && topic.startsWith('projects/') ? topic : null;
    },
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>) : null;
}

function waitingOf(received: unknown, subscription: string): WaitingMessage | null {
  const ackId = fieldsOf(received)?.['ackId'];
  const message = fieldsOf(fieldsOf(received)?.['message']);
  const messageId = message?.['messageId'];
  const publishedAtMs = Date.parse(String(message?.['publishTime']));
  const data = message?.['data'] ?? '';
  const attributes = Object.entries(fieldsOf(message?.['attributes']) ?? {});
  const isRead = typeof ackId === 'string' && typeof messageId === 'string' && typeof data === 'string';
  if (!isRead || !Number.isFinite(publishedAtMs)) return null;
  return {
    ackId,
    message: {
      messageId,
      publishedAtMs,
      data: Buffer.from(data, 'base64').toString('utf8'),
      attributes: Object.fromEntries(attributes.map(([name, value]) => [name, String(value)])),
      subscription,
    },
  };
}

function refuse(subscription: string): never {
  throw unreadable(subscription);
}

function unreadable(subscription: string): WardenError {
  return new WardenError(
    'SUBSCRIPTION_UNREADABLE',
    `${subscription} answered with something that holds no messages.`,
    { retryable: true },
  );
}
