import { policyJson } from './policy.ts';
import { ok } from './reply.ts';
import { forProject, type Route, V } from './route.ts';

/** cloudresourcemanager.googleapis.com: the policies of projects. */
export const RESOURCE_MANAGER: readonly Route[] = [
  {
    name: 'project policy',
    method: 'POST',
    pattern: new RegExp(`^/v3/projects/${V}:getIamPolicy$`),
    permission: 'resourcemanager.projects.getIamPolicy',
    subjects: ([project = '']) => [project, 'cloudresourcemanager'],
    reply: (request) => {
      const version = /"requestedPolicyVersion"\s*:\s*3/.test(request.body) ? 3 : 1;
      return forProject(request, ({ bindings }) => ok(policyJson(bindings, version)));
    },
  },
];
