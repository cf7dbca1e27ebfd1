import { policyJson } from './policy.ts';
import { ok, problem } from './reply.ts';
import { forProject, type Route, V } from './route.ts';

/** pubsub.googleapis.com: who may publish to a topic. */
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
];
