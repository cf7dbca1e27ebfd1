import { messageOf, WardenError } from '../../core/error.ts';
import type { Subscriber, WaitingMessage } from '../../ports.ts';

/** A subscription's full name: `projects/PROJECT/subscriptions/SUBSCRIPTION`. */
const SUBSCRIPTION = /^projects\/[^/]+\/subscriptions\/[^/]+$/;

const ENDPOINT = 'https://pubsub.googleapis.com';

/** For what has to be answered at once. */
const ANSWER_MS = 30_000;

export interface SubscriberOptions {
  /** An access token, or null where none is needed. */
  readonly token: () => Promise<string | null>;
  /** `HOST:PORT` of an emulator, spoken to over plain HTTP and without a token; null for Google. */
  readonly emulator: string | null;
  /** After so long without any message there is none. Pub/Sub keeps a request waiting for up to 90 s. */
  readonly idleMs: number;
}

/**
 * Reads subscriptions by Pub/Sub's REST API (`projects.subscriptions.pull`, `.acknowledge`): two requests, for which
 * Google's client would be most of what a function loads.
 */
export function createPubSubSubscriber(options: SubscriberOptions): Subscriber {
  const call = async (
    subscription: string,
    verb: 'pull' | 'acknowledge',
    body: object,
    deadlineMs: number,
  ): Promise<unknown> => {
    if (!SUBSCRIPTION.test(subscription)) {
      throw new WardenError(
        'SUBSCRIPTION_UNREADABLE',
        `${JSON.stringify(subscription)} is no subscription. Write projects/PROJECT/subscriptions/SUBSCRIPTION.`,
      );
    }
    const { emulator } = options;
    const token = emulator === null ? await options.token() : null;
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      const reply = await fetch(
        `${emulator === null ? ENDPOINT : `http://${emulator}`}/v1/${subscription}:${verb}`,
        {
          method: 'POST',
          redirect: 'error',
          signal,
          headers: {
            'content-type': 'application/json',
            ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify(body),
        },
      );
      const text = await reply.text();
      if (!reply.ok) throw new Error(`${reply.status} ${text.slice(0, 300)}`);
      return JSON.parse(text);
    } catch (cause) {
      if (verb === 'pull' && signal.aborted) return {};
      throw new WardenError(
        'SUBSCRIPTION_UNREADABLE',
        `${subscription} could not be asked to ${verb}: ${messageOf(cause)}`,
        { cause, retryable: true },
      );
    }
  };

  return {
    async pull(subscription, max) {
      const reply = await call(subscription, 'pull', { maxMessages: max }, options.idleMs);
      const received = fieldsOf(reply)?.['receivedMessages'] ?? [];
      if (!Array.isArray(received)) throw unreadable(subscription);
      return received.map((one) => waitingOf(one) ?? refuse(subscription));
    },
    async acknowledge(subscription, ackIds) {
      if (ackIds.length > 0) await call(subscription, 'acknowledge', { ackIds }, ANSWER_MS);
    },
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>) : null;
}

function waitingOf(received: unknown): WaitingMessage | null {
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
