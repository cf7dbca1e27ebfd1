import { describe, expect, it } from 'vitest';
import { createPullSubscription } from '../../local/pull-subscription.ts';
import { lookThroughDeadLetters, type ReplayRequest } from '../../shared/app/replay-dead-letters.ts';
import { deadLetterAttributes, deadLetterOf, replayAttributes } from '../../shared/core/dead-letter.ts';
import { WardenError } from '../../shared/core/error.ts';
import type { PushMessage } from '../../shared/core/push-message.ts';
import type { Publisher, Subscriber } from '../../shared/ports.ts';

const DEAD = 'projects/w/subscriptions/dead';
const FROM = 'projects/w/subscriptions/gcr-push';
const GCR = 'projects/acme/topics/gcr';
const PUBLISHED_MS = Date.parse('2026-03-01T10:00:00Z');

/** A dead-letter subscription of this machine, and the topic behind the dead letters: what is put back comes back. */
function openTopics(count: number, attributes: Readonly<Record<string, string>> = { subscription: FROM }) {
  const dead = createPullSubscription();
  const onTopic: { data: string; attributes: Readonly<Record<string, string>> }[] = [];
  let nowMs = 0;
  let messages = 0;
  let replays = 0;
  const newId = (): string => {
    replays += 1;
    return `replay-${replays}`;
  };
  const add = (data: string, more: Readonly<Record<string, string>>): void => {
    messages += 1;
    dead.add({
      data: Buffer.from(data).toString('base64'),
      attributes: more,
      messageId: String(messages),
      publishTime: new Date(PUBLISHED_MS).toISOString(),
    });
  };
  for (let at = 1; at <= count; at += 1)
    add(`poison ${at}`, { code: 'EVENT_INVALID', reason: 'no digest', ...attributes });
  const topics: Readonly<Record<string, string | null>> = {
    [DEAD]: 'projects/w/topics/dead',
    [FROM]: GCR,
    'projects/w/subscriptions/gone': null,
    'projects/w/subscriptions/dead-too': 'projects/w/topics/dead',
    'projects/other/subscriptions/s': 'projects/other/topics/t',
  };
  const subscriber: Subscriber = {
    async pull(_subscription, max) {
      return dead.pull(max, nowMs).map(({ ackId, message }) => ({
        ackId,
        message: {
          messageId: message.messageId,
          publishedAtMs: Date.parse(message.publishTime),
          data: Buffer.from(message.data, 'base64').toString('utf8'),
          attributes: message.attributes,
        },
      }));
    },
    acknowledge: async (_subscription, ackIds) => dead.acknowledge(ackIds),
    release: async (_subscription, ackIds) => dead.extend(ackIds, nowMs),
    async topicOf(subscription) {
      const topic = topics[subscription];
      if (topic === undefined) throw new WardenError('SUBSCRIPTION_UNREADABLE', `${subscription}: 404`);
      return topic;
    },
  };
  const publisher: Publisher = {
    async publish(_topic, data, more = {}) {
      onTopic.push({ data, attributes: more });
    },
  };
  return {
    subscriber,
    publisher,
    onTopic,
    /** The handler finds that the newest message on the topic still can't be read. */
    sendBack: () => {
      const last = onTopic.at(-1);
      if (last !== undefined)
        add(last.data, { ...last.attributes, code: 'EVENT_INVALID', subscription: FROM });
    },
    waiting: () => {
      nowMs += 3_600_000;
      const found = dead.pull(1_000, nowMs);
      dead.extend(
        found.map(({ ackId }) => ackId),
        nowMs,
      );
      return found.map(({ message }) => Buffer.from(message.data, 'base64').toString('utf8'));
    },
    look(more: Partial<ReplayRequest> = {}, ports: { subscriber?: Subscriber; publisher?: Publisher } = {}) {
      return lookThroughDeadLetters(
        { subscriber, publisher, newId, ...ports },
        { subscription: DEAD, max: 1_000, replay: false, isStopped: () => false, ...more },
      );
    },
  };
}

describe('looking at dead letters', () => {
  it('takes none away, and has them there again at once', async () => {
    const topics = openTopics(250);
    for (let time = 0; time < 2; time += 1) {
      const { letters, mayBeMore } = await topics.look();
      expect(letters).toHaveLength(250);
      expect(mayBeMore).toBe(false);
      expect(letters[0]).toMatchObject({
        letter: {
          messageId: '1',
          atMs: PUBLISHED_MS,
          code: 'EVENT_INVALID',
          reason: 'no digest',
          replays: 0,
        },
        done: { kind: 'left' },
      });
    }
    expect(topics.onTopic).toEqual([]);
  });

  it('looks at no more than it is asked to', async () => {
    const { letters, mayBeMore } = await openTopics(30).look({ max: 20 });
    expect([letters.length, mayBeMore]).toEqual([20, true]);
  });

  it('tells what Pub/Sub gave up by itself', () => {
    const attributes = {
      own: 'x',
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
      CloudPubSubDeadLetterSourceSubscription: 'work-push',
      CloudPubSubDeadLetterSourceSubscriptionProject: 'w',
      CloudPubSubDeadLetterSourceTopicPublishTime: '2026-03-01T10:00:00Z',
    };
    const message: PushMessage = { messageId: '9', publishedAtMs: 1, data: '{}', attributes };
    expect(deadLetterOf(message)).toMatchObject({
      code: null,
      reason: 'given up by Pub/Sub after 5 deliveries; the log of the function says why',
      subscription: 'projects/w/subscriptions/work-push',
    });
    expect(replayAttributes(message, 'r')).toEqual({ own: 'x', replays: '1', replayedBy: 'r' });
  });
});

describe('putting dead letters back', () => {
  it('gives each its own attributes again, says how often it was put back, and leaves none', async () => {
    const message: PushMessage = {
      messageId: '7',
      publishedAtMs: PUBLISHED_MS,
      data: 'poison',
      attributes: { traceparent: '00-1', replays: '1', replayedBy: 'earlier' },
      subscription: FROM,
    };
    const attributes = deadLetterAttributes(message, new WardenError('EVENT_INVALID', 'no digest'));
    const topics = openTopics(1, attributes);
    const { letters } = await topics.look({ replay: true });
    expect(letters.map(({ done }) => done)).toEqual([{ kind: 'put back', topic: GCR }]);
    expect(topics.onTopic[0]?.attributes).toEqual({
      traceparent: '00-1',
      replays: '2',
      replayedBy: 'replay-1',
    });
    expect(topics.waiting()).toEqual([]);
  });

  it('does not go round with what still can’t be read', async () => {
    const topics = openTopics(3);
    const publisher: Publisher = {
      async publish(...message) {
        await topics.publisher.publish(...message);
        topics.sendBack();
      },
    };
    const { letters } = await topics.look({ replay: true }, { publisher });
    expect(letters.map(({ letter }) => letter.data)).toEqual(['poison 1', 'poison 2', 'poison 3']);
    expect(topics.onTopic).toHaveLength(3);
    expect(topics.waiting()).toHaveLength(3);
    expect((await topics.look()).letters.map(({ letter }) => letter.replays)).toEqual([1, 1, 1]);
  });

  it('loses none where the topic takes some of them only', async () => {
    const topics = openTopics(4);
    let count = 0;
    const publisher: Publisher = {
      async publish(...message) {
        count += 1;
        if (count % 2 === 0) throw new WardenError('PUBLISH_FAILED', '503');
        await topics.publisher.publish(...message);
      },
    };
    const { letters } = await topics.look({ replay: true }, { publisher });
    expect(letters.map(({ done }) => done.kind)).toEqual([
      'put back',
      'not put back',
      'put back',
      'not put back',
    ]);
    expect(topics.waiting()).toEqual(['poison 2', 'poison 4']);
  });

  it.each([
    ['before a message was durable', false],
    ['before it was taken away', true],
  ])('loses none where it is killed %s', async (_when, isPublished) => {
    const topics = openTopics(3);
    const never = new Promise<never>(() => {});
    await new Promise<void>((reached) => {
      const stop = async (): Promise<never> => {
        reached();
        return never;
      };
      const ports = isPublished
        ? { subscriber: { ...topics.subscriber, acknowledge: stop } }
        : { publisher: { publish: stop } };
      void topics.look({ replay: true }, ports);
    });
    const there = new Set([...topics.onTopic.map(({ data }) => data), ...topics.waiting()]);
    expect([...there].sort()).toEqual(['poison 1', 'poison 2', 'poison 3']);
    await topics.look({ replay: true });
    expect(topics.waiting()).toEqual([]);
    expect(topics.onTopic).toHaveLength(isPublished ? 4 : 3);
  });

  it('ends after the message under way where it is stopped', async () => {
    const topics = openTopics(5);
    const { letters } = await topics.look({ replay: true, isStopped: () => topics.onTopic.length >= 2 });
    expect(letters.filter(({ done }) => done.kind === 'put back')).toHaveLength(2);
    expect(topics.waiting()).toHaveLength(3);
  });

  it.each([
    ['does not say where it came from', {}, 'does not say'],
    [
      'names a subscription of another project',
      { subscription: 'projects/other/subscriptions/s' },
      'another project',
    ],
    [
      'names a subscription of the dead letters',
      { subscription: 'projects/w/subscriptions/dead-too' },
      'dead letters themselves',
    ],
    [
      'names a subscription whose topic is deleted',
      { subscription: 'projects/w/subscriptions/gone' },
      'is deleted',
    ],
    ['names a subscription that is none', { subscription: 'projects/w/subscriptions/none' }, '404'],
  ])('leaves what %s, and says so', async (_what, attributes, reason) => {
    const topics = openTopics(2, attributes as Record<string, string>);
    const { letters } = await topics.look({ replay: true });
    for (const { done } of letters)
      expect(done).toEqual({ kind: 'not put back', reason: expect.stringContaining(reason) });
    expect(topics.onTopic).toEqual([]);
    expect(topics.waiting()).toHaveLength(2);
  });
});
