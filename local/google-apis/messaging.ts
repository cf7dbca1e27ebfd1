import type { PullSubscription } from '../pull-subscription.ts';
import { ok, problem } from './reply.ts';
import { type Route, V } from './route.ts';

const NOT_FOUND = problem(404, 'NOT_FOUND', 'Resource not found.');

/** A verb on a subscription that is pulled from. */
function subscriptionRoute(
  verb: string,
  reply: (subscription: PullSubscription, body: Readonly<Record<string, unknown>>) => object,
): Route {
  return {
    name: `subscription ${verb}`,
    method: 'POST',
    pattern: new RegExp(`^/v1/projects/${V}/subscriptions/${V}:${verb}$`),
    permission: 'pubsub.subscriptions.consume',
    subjects: ([project = '']) => [project, 'pubsub'],
    reply: ({ values: [project, name], options, body }) => {
      const subscription = options.topics?.pulled[`projects/${project}/subscriptions/${name}`];
      return subscription === undefined ? NOT_FOUND : ok(reply(subscription, JSON.parse(body)));
    },
  };
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** pubsub.googleapis.com: publishing to topics, and reading subscriptions that are pulled from. */
export const MESSAGING: readonly Route[] = [
  {
    name: 'publish',
    method: 'POST',
    pattern: new RegExp(`^/v1/projects/${V}/topics/${V}:publish$`),
    permission: 'pubsub.topics.publish',
    subjects: ([project = '']) => [project, 'pubsub'],
    reply({ values: [project, name], options, body }) {
      const { messages = [] } = JSON.parse(body) as {
        messages?: readonly { data?: string; attributes?: Record<string, string> }[];
      };
      for (const { data = '', attributes = {} } of messages) {
        const text = Buffer.from(data, 'base64').toString('utf8');
        options.topics?.publish(`projects/${project}/topics/${name}`, text, attributes);
      }
      return options.topics === undefined
        ? NOT_FOUND
        : ok({ messageIds: messages.map((_, at) => String(at + 1)) });
    },
  },
  subscriptionRoute('pull', (subscription, { maxMessages }) => ({
    receivedMessages: subscription.pull(Number(maxMessages), Date.now()),
  })),
  subscriptionRoute('acknowledge', (subscription, { ackIds }) => {
    subscription.acknowledge(textsIn(ackIds));
    return {};
  }),
  subscriptionRoute('modifyAckDeadline', (subscription, { ackIds, ackDeadlineSeconds }) => {
    subscription.extend(textsIn(ackIds), Date.now() + Number(ackDeadlineSeconds) * 1000);
    return {};
  }),
];
