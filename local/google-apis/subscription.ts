import type { EstateSubscription } from './estate.ts';
import { policyJson } from './policy.ts';
import { type ApiReply, ok, problem } from './reply.ts';
import { forProject, type Request, type Route, V } from './route.ts';

/** pubsub.googleapis.com: where subscriptions push, and who may read them. */
export const SUBSCRIPTIONS: readonly Route[] = [
  {
    name: 'subscription',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/subscriptions/${V}$`),
    permission: 'pubsub.subscriptions.get',
    subjects: ([project = '']) => [project, 'pubsub'],
    reply: (request) =>
      forSubscription(request, (name, { topic, push, deadLetterTopic }) =>
        ok({
          name,
          topic,
          pushConfig:
            push === undefined
              ? {}
              : {
                  pushEndpoint: push.endpoint,
                  ...(push.account === undefined ? {} : { oidcToken: { serviceAccountEmail: push.account } }),
                },
          ackDeadlineSeconds: 60,
          messageRetentionDuration: '604800s',
          ...(deadLetterTopic === undefined
            ? {}
            : { deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 10 } }),
          state: 'ACTIVE',
        }),
      ),
  },
  {
    name: 'subscription policy',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/subscriptions/${V}:getIamPolicy$`),
    permission: 'pubsub.subscriptions.getIamPolicy',
    subjects: ([project = '']) => [project, 'pubsub'],
    reply: (request) =>
      forSubscription(request, (_name, { bindings }) => {
        const version = request.query.get('options.requestedPolicyVersion') === '3' ? 3 : 1;
        return ok(policyJson(bindings, version));
      }),
  },
];

function forSubscription(
  request: Request,
  reply: (name: string, subscription: EstateSubscription) => ApiReply,
): ApiReply {
  const pulled = pulledFrom(request);
  if (pulled !== null) return reply(pulled.name, { topic: pulled.topic, bindings: [] });
  return forProject(request, ({ project, subscriptions = {} }) => {
    const [, subscription = ''] = request.values;
    const found = Object.hasOwn(subscriptions, subscription) ? subscriptions[subscription] : undefined;
    return found === undefined
      ? problem(404, 'NOT_FOUND', `Resource not found (resource=${subscription}).`)
      : reply(`projects/${project}/subscriptions/${subscription}`, found);
  });
}

/** A subscription of the running stack, which is of no project of the estate. */
function pulledFrom({ values: [project, subscription], options }: Request) {
  const name = `projects/${project}/subscriptions/${subscription}`;
  const topic = options.topics?.topicOf[name];
  return topic === undefined ? null : { name, topic };
}
