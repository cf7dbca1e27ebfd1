import { randomUUID } from 'node:crypto';

/** A message as Pub/Sub's REST API writes it. */
export interface StoredMessage {
  /** base64 */
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageId: string;
  readonly publishTime: string;
}

/** A subscription that is pulled from: what is not acknowledged in time is there again. */
export interface PullSubscription {
  add(message: StoredMessage): void;
  pull(max: number, nowMs: number): readonly { readonly ackId: string; readonly message: StoredMessage }[];
  acknowledge(ackIds: readonly string[]): void;
  /** Makes messages wait for so long before they are there again; 0: not at all. */
  extend(ackIds: readonly string[], untilMs: number): void;
}

const ACK_DEADLINE_MS = 10_000;
/** The oldest go where nobody looks at them. */
const MESSAGES_MAX = 1_000;

export function createPullSubscription(): PullSubscription {
  const waiting = new Map<string, { message: StoredMessage; ackId: string; hiddenUntilMs: number }>();
  const each = (ackIds: readonly string[], change: (messageId: string) => void): void => {
    for (const [messageId, { ackId }] of waiting) if (ackIds.includes(ackId)) change(messageId);
  };
  return {
    add(message) {
      waiting.set(message.messageId, { message, ackId: '', hiddenUntilMs: 0 });
      const [oldest] = waiting.keys();
      if (waiting.size > MESSAGES_MAX && oldest !== undefined) waiting.delete(oldest);
    },
    pull(max, nowMs) {
      const found = [...waiting.values()].filter(({ hiddenUntilMs }) => hiddenUntilMs <= nowMs).slice(0, max);
      for (const one of found) {
        one.ackId = randomUUID();
        one.hiddenUntilMs = nowMs + ACK_DEADLINE_MS;
      }
      return found.map(({ ackId, message }) => ({ ackId, message }));
    },
    acknowledge: (ackIds) => each(ackIds, (messageId) => waiting.delete(messageId)),
    extend: (ackIds, untilMs) =>
      each(ackIds, (messageId) => {
        const one = waiting.get(messageId);
        if (one !== undefined) one.hiddenUntilMs = untilMs;
      }),
  };
}
