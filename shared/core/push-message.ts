import { WardenError } from './error.ts';

/** A Pub/Sub message as it was delivered, before its data is believed. */
export interface PushMessage {
  readonly messageId: string;
  readonly publishedAtMs: number;
  /** The message's data as text. */
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** `projects/P/subscriptions/S` that delivered it; left out where nobody says. */
  readonly subscription?: string;
}

/** Pub/Sub's limit for one message, with room for base64 and the envelope. */
const DATA_LENGTH_MAX = 14_000_000;

const SUBSCRIPTION = /^projects\/[^/\s]{1,100}\/subscriptions\/[^/\s]{1,255}$/;

/** Standard or URL alphabet. Decoding skips whatever is in neither, so a text that is no base64 has to be seen first. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function isBase64(text: string): boolean {
  // Four characters are three bytes; one that is left over holds no whole byte.
  return BASE64.test(text) && text.replace(/=+$/, '').length % 4 !== 1;
}

function record(value: unknown): Record<string, unknown> | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function refuse(why: string): never {
  throw new WardenError('PUSH_INVALID', `The request is no Pub/Sub delivery: ${why}.`);
}

function messageIn(body: unknown): Record<string, unknown> | null {
  const envelope = record(body);
  return record(envelope?.['message']) ?? record(record(envelope?.['data'])?.['message']);
}

/** Whether a request is meant as a delivery, by which one of them is told from a scheduler's. */
export function isPushMessage(body: unknown): boolean {
  return messageIn(body) !== null;
}

/**
 * Reads a delivery: the body of a push subscription (`{"message":{…},"subscription"}`), the data of a
 * CloudEvent in binary mode, which is the same, or a structured CloudEvent, which has it under `data`.
 * Real deliveries may write `message_id` and `publish_time` beside the camel-case names.
 * @throws WardenError PUSH_INVALID where there is no message with an id and a time in it
 */
export function parsePushMessage(body: unknown): PushMessage {
  const envelope = record(body);
  const message = messageIn(body);
  if (message === null) refuse('there is no "message" in it');
  const messageId = message['messageId'] ?? message['message_id'];
  if (typeof messageId !== 'string' || messageId === '' || messageId.length > 256)
    refuse('"messageId" is missing');
  const publishTime = message['publishTime'] ?? message['publish_time'];
  const publishedAtMs = typeof publishTime === 'string' ? Date.parse(publishTime) : Number.NaN;
  if (!Number.isFinite(publishedAtMs)) refuse(`message ${messageId} has no readable "publishTime"`);
  const data = message['data'] ?? '';
  if (typeof data !== 'string' || data.length > DATA_LENGTH_MAX || !isBase64(data))
    refuse(`"data" of message ${messageId} is not base64`);
  const attributes = Object.entries(record(message['attributes']) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const subscription = envelope?.['subscription'] ?? record(envelope?.['data'])?.['subscription'];
  return {
    messageId,
    publishedAtMs,
    data: Buffer.from(data, 'base64').toString('utf8'),
    attributes: Object.fromEntries(attributes),
    ...(typeof subscription === 'string' && SUBSCRIPTION.test(subscription) ? { subscription } : {}),
  };
}
