import { ok } from './reply.ts';
import { forProject, type Route, V } from './route.ts';

/** orgpolicy.googleapis.com: what the organisation's policies come to on a project. */
export const ORG_POLICY: readonly Route[] = [
  {
    name: 'organisation policy',
    method: 'GET',
    pattern: new RegExp(`^/v2/projects/${V}/policies/${V}:getEffectivePolicy$`),
    permission: 'orgpolicy.policy.get',
    subjects: ([project = '', constraint = '']) => [project, constraint, 'orgpolicy'],
    reply: (request) =>
      forProject(request, ({ projectNumber, orgPolicies = {} }) => {
        const [, constraint = ''] = request.values;
        const isList = constraint === 'iam.allowedPolicyMemberDomains';
        const rules = orgPolicies[constraint] ?? [isList ? { allowAll: true } : { enforce: false }];
        return ok({ name: `projects/${projectNumber}/policies/${constraint}`, spec: { rules } });
      }),
  },
];
