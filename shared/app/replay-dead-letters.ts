import { cameBack, type DeadLetter, deadLetterOf, replayAttributes } from '../core/dead-letter.ts';
import { messageOf } from '../core/error.ts';
import type { NewId, Publisher, Subscriber, WaitingMessage } from '../ports.ts';

export interface ReplayPorts {
  readonly subscriber: Subscriber;
  readonly publisher: Publisher;
  readonly newId: NewId;
}

export interface ReplayRequest {
  /** `projects/P/subscriptions/S` of the dead-letter topic. */
  readonly subscription: string;
  /** Messages to look at, at most. */
  readonly max: number;
  /** Whether to put them back. */
  readonly replay: boolean;
  /** Asked before every message; true ends it. */
  readonly isStopped: () => boolean;
}

/** One dead letter and what was done with it. */
export interface LookedAt {
  readonly letter: DeadLetter;
  readonly done:
    | { readonly kind: 'left' }
    /** On its topic again, and no dead letter any more. */
    | { readonly kind: 'put back'; readonly topic: string }
    | { readonly kind: 'not put back'; readonly reason: string };
}

export interface LookedThrough {
  readonly letters: readonly LookedAt[];
  /** Whether more may be waiting than were looked at. */
  readonly mayBeMore: boolean;
}

/** Messages that one request asks for. */
const BATCH_MESSAGES = 100;

/**
 * Looks through the dead letters and, where that is asked for, puts each back on the topic that it came from. A
 * dead letter is acknowledged only after it is durable on its topic: whoever is interrupted loses nothing, and may
 * put one back twice. Each is put back once: what comes back meanwhile, because it still can't be read, is left.
 * What is left is given back, and there at once for whoever looks next.
 * @throws WardenError SUBSCRIPTION_UNREADABLE
 */
export async function lookThroughDeadLetters(
  ports: ReplayPorts,
  request: ReplayRequest,
): Promise<LookedThrough> {
  const { subscriber } = ports;
  const { subscription, max, isStopped } = request;
  const replayId = ports.newId();
  const topics = topicsBehind(ports, subscription);
  const seen = new Set<string>();
  const letters: LookedAt[] = [];
  const kept: string[] = [];
  let mayBeMore = true;
  try {
    while (letters.length < max && !isStopped()) {
      const batch = await subscriber.pull(subscription, Math.min(BATCH_MESSAGES, max - letters.length));
      const fresh = batch.filter(
        ({ message }) => !seen.has(message.messageId) && !cameBack(message, replayId),
      );
      kept.push(...batch.filter((one) => !fresh.includes(one)).map(({ ackId }) => ackId));
      if (fresh.length === 0) {
        mayBeMore = false;
        break;
      }
      for (const waiting of fresh) {
        seen.add(waiting.message.messageId);
        const letter = deadLetterOf(waiting.message);
        const done: LookedAt['done'] =
          request.replay && !isStopped()
            ? await putBack(ports, subscription, waiting, { topic: await topics(letter), replayId })
            : { kind: 'left' };
        if (done.kind !== 'put back') kept.push(waiting.ackId);
        letters.push({ letter, done });
      }
    }
  } finally {
    // What can't be given back is delivered again when its time is over.
    for (let from = 0; from < kept.length; from += BATCH_MESSAGES) {
      await subscriber.release(subscription, kept.slice(from, from + BATCH_MESSAGES)).catch(() => {});
    }
  }
  return { letters, mayBeMore };
}

/** The topic of a dead letter, or why it has none. */
type Behind = { readonly name: string } | { readonly none: string };

/**
 * Finds the topics that dead letters came from, each looked up once. A message says itself where it came from, and
 * whoever may publish to the dead-letter topic may say what he likes: only subscriptions of the project that the
 * dead letters are kept in are believed, and never one of the dead-letter topic.
 */
function topicsBehind(
  { subscriber }: ReplayPorts,
  deadLetters: string,
): (letter: DeadLetter) => Promise<Behind> {
  const project = deadLetters.split('/subscriptions/')[0] ?? '';
  const known = new Map<string, Promise<Behind>>();
  const own = subscriber.topicOf(deadLetters);
  own.catch(() => {});
  const lookUp = async (subscription: string): Promise<Behind> => {
    try {
      const topic = await subscriber.topicOf(subscription);
      if (topic === null) return { none: `the topic of ${subscription} is deleted` };
      if (topic === (await own)) return { none: `${subscription} is one of the dead letters themselves` };
      return { name: topic };
    } catch (problem) {
      return { none: messageOf(problem) };
    }
  };
  return async ({ subscription }) => {
    if (subscription === null) return { none: 'it does not say which subscription it came from' };
    if (!subscription.startsWith(`${project}/subscriptions/`))
      return { none: `${subscription} is of another project than the dead letters` };
    const found = known.get(subscription) ?? lookUp(subscription);
    known.set(subscription, found);
    return found;
  };
}

async function putBack(
  ports: ReplayPorts,
  subscription: string,
  { ackId, message }: WaitingMessage,
  { topic, replayId }: { readonly topic: Behind; readonly replayId: string },
): Promise<LookedAt['done']> {
  if ('none' in topic) return { kind: 'not put back', reason: topic.none };
  try {
    await ports.publisher.publish(topic.name, message.data, replayAttributes(message, replayId));
  } catch (problem) {
    return { kind: 'not put back', reason: messageOf(problem) };
  }
  try {
    await ports.subscriber.acknowledge(subscription, [ackId]);
  } catch {
    // It is on its topic, and among the dead letters until somebody puts it back once more.
  }
  return { kind: 'put back', topic: topic.name };
}
