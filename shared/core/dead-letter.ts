import type { WardenError } from './error.ts';
import type { PushMessage } from './push-message.ts';

/** What of a message that could not be read is known. */
export interface DeadLetter {
  /** Of the message on the dead-letter topic. */
  readonly messageId: string;
  /** When it came there. */
  readonly atMs: number;
  /** Of `docs/errors.md`; null where Pub/Sub itself gave the message up. */
  readonly code: string | null;
  readonly reason: string;
  /** `projects/P/subscriptions/S` that it came from; null where nobody says. */
  readonly subscription: string | null;
  /** How many times it was put back before. */
  readonly replays: number;
  readonly data: string;
}

/** Attributes that tell what became of a message, and are none of its own. */
const TOLD = ['code', 'reason', 'messageId', 'publishTime', 'subscription'] as const;
const REPLAYS = 'replays';
const REPLAYED_BY = 'replayedBy';
/** Those that Pub/Sub adds where it forwards a message by itself. */
const GOOGLE = 'CloudPubSubDeadLetterSource';

/** The attributes of a message that no delivery will ever make readable: its own, and why. */
export function deadLetterAttributes(message: PushMessage, problem: WardenError): Record<string, string> {
  const { messageId, publishedAtMs, subscription } = message;
  return {
    ...ownAttributes(message),
    reason: problem.message,
    code: problem.code,
    messageId,
    publishTime: new Date(publishedAtMs).toISOString(),
    ...(subscription === undefined ? {} : { subscription }),
  };
}

/** Reads what the dead-letter topic holds. */
export function deadLetterOf({ messageId, publishedAtMs, data, attributes }: PushMessage): DeadLetter {
  const code = attributes['code'] ?? null;
  const deliveries = attributes[`${GOOGLE}DeliveryCount`];
  const project = attributes[`${GOOGLE}SubscriptionProject`];
  const name = attributes[`${GOOGLE}Subscription`];
  const forwarded =
    project === undefined || name === undefined ? null : `projects/${project}/subscriptions/${name}`;
  const unknown =
    deliveries === undefined
      ? 'nobody says why'
      : `given up by Pub/Sub after ${deliveries} deliveries; the log of the function says why`;
  const replays = Number(attributes[REPLAYS] ?? '0');
  return {
    messageId,
    atMs: publishedAtMs,
    code,
    reason: attributes['reason'] ?? unknown,
    subscription: attributes['subscription'] ?? forwarded,
    replays: Number.isSafeInteger(replays) && replays > 0 ? replays : 0,
    data,
  };
}

/** The attributes of a dead letter that is put back: its own again, how often that was done, and by which replay. */
export function replayAttributes(message: PushMessage, replayId: string): Record<string, string> {
  return {
    ...ownAttributes(message),
    [REPLAYS]: String(deadLetterOf(message).replays + 1),
    [REPLAYED_BY]: replayId,
  };
}

/** Whether a message came back after this very replay had put it back. */
export function cameBack(message: PushMessage, replayId: string): boolean {
  return message.attributes[REPLAYED_BY] === replayId;
}

/** Pub/Sub takes a hundred; there has to be room for what is told. */
const OWN_ATTRIBUTES_MAX = 90;

function ownAttributes({ attributes }: PushMessage): Record<string, string> {
  const told: readonly string[] = TOLD;
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => !told.includes(name) && !name.startsWith(GOOGLE))
      .slice(0, OWN_ATTRIBUTES_MAX),
  );
}
