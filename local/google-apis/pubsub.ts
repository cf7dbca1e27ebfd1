import type { PullSubscription } from '../pull-subscription.ts';
import { policyJson } from './policy.ts';
import { ok, problem } from './reply.ts';
import { forProject, type Route, V } from './route.ts';

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

/** pubsub.googleapis.com: who may publish to a topic, publishing, and reading subscriptions. */
export const PUBSUB: readonly Route[] = [
  {
    name: 'topic policy',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/topics/${V}:getIamPolicy$`),
    permission: 'pubsub.topics.getIamPolicy',
    subjects: ([project = '']) => [project, 'pubsub'],
    reply: (request) =>
      forProject(request, ({ topics = {} }) => {
        const [, topic = ''] = request.values;
        const bindings = Object.hasOwn(topics, topic) ? topics[topic] : undefined;
        if (bindings === undefined) {
          return problem(404, 'NOT_FOUND', `Resource not found (resource=${topic}).`);
        }
        const version = request.query.get('options.requestedPolicyVersion') === '3' ? 3 : 1;
        return ok(policyJson(bindings, version));
      }),
  },
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
  {
    name: 'subscription',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/subscriptions/${V}$`),
    permission: 'pubsub.subscriptions.get',
    subjects: ([project = '']) => [project, 'pubsub'],
    reply({ values: [project, subscription], options }) {
      const name = `projects/${project}/subscriptions/${subscription}`;
      const topic = options.topics?.topicOf[name];
      return topic === undefined ? NOT_FOUND : ok({ name, topic });
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
