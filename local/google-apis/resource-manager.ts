import type { Estate, EstateContainer, EstateProject } from './estate.ts';
import { etagOf, policyJson } from './policy.ts';
import { type ApiReply, denied, ok, pageOf } from './reply.ts';
import { forProject, pageMax, type Request, type Route, V } from './route.ts';

/** Folders and organisations have numbers. */
const CONTAINER = '((?:folders|organizations)/\\d+)';

/** cloudresourcemanager.googleapis.com: projects, what is above them, and their policies. */
export const RESOURCE_MANAGER: readonly Route[] = [
  {
    name: 'project',
    method: 'GET',
    pattern: new RegExp(`^/v3/projects/${V}$`),
    permission: 'resourcemanager.projects.get',
    subjects: ([project = '']) => [project, 'cloudresourcemanager', 'project'],
    reply: (request) => forProject(request, (project) => ok(projectJson(project))),
  },
  {
    name: 'ancestry',
    method: 'POST',
    pattern: new RegExp(`^/v1/projects/${V}:getAncestry$`),
    permission: 'resourcemanager.projects.get',
    subjects: ([project = '']) => [project, 'cloudresourcemanager', 'ancestry'],
    reply: (request) =>
      forProject(request, (project) => {
        const above = ancestorsOf(request.estate, project).map(({ name }) => {
          const [plural = '', id] = name.split('/');
          return { resourceId: { type: plural.slice(0, -1), id } };
        });
        return ok({ ancestor: [{ resourceId: { type: 'project', id: project.project } }, ...above] });
      }),
  },
  {
    name: 'project policy',
    method: 'POST',
    pattern: new RegExp(`^/v3/projects/${V}:getIamPolicy$`),
    permission: 'resourcemanager.projects.getIamPolicy',
    subjects: ([project = '']) => [project, 'cloudresourcemanager', 'project policy'],
    reply: (request) =>
      forProject(request, ({ bindings, auditConfigs }) =>
        ok(policyJson(bindings, requestedVersion(request), auditConfigs)),
      ),
  },
  {
    name: 'container',
    method: 'GET',
    pattern: new RegExp(`^/v3/${CONTAINER}$`),
    permission: 'resourcemanager.organizations.get',
    subjects: ([name = '']) => [name, 'cloudresourcemanager'],
    reply: (request) =>
      forContainer(request, ({ name, displayName, customerId, parent }) =>
        ok({
          name,
          displayName,
          state: 'ACTIVE',
          ...(customerId === undefined ? {} : { directoryCustomerId: customerId }),
          ...(parent === null ? {} : { parent }),
          etag: etagOf(name),
        }),
      ),
  },
  {
    name: 'container policy',
    method: 'POST',
    pattern: new RegExp(`^/v3/${CONTAINER}:getIamPolicy$`),
    permission: 'resourcemanager.folders.getIamPolicy',
    subjects: ([name = '']) => [`policy of ${name}`, 'cloudresourcemanager'],
    reply: (request) =>
      forContainer(request, ({ bindings, auditConfigs }) =>
        ok(policyJson(bindings, requestedVersion(request), auditConfigs)),
      ),
  },
  {
    name: 'projects',
    method: 'GET',
    pattern: /^\/v3\/projects$/,
    permission: 'resourcemanager.projects.list',
    subjects: () => ['cloudresourcemanager'],
    reply: (request) =>
      below(request, 'projects', (parent) =>
        request.estate.projects.filter((each) => each.parent === parent).map(projectJson),
      ),
  },
  {
    name: 'folders',
    method: 'GET',
    pattern: /^\/v3\/folders$/,
    permission: 'resourcemanager.folders.list',
    subjects: () => ['cloudresourcemanager'],
    reply: (request) =>
      below(request, 'folders', (parent) =>
        (request.estate.containers ?? [])
          .filter((each) => each.parent === parent)
          .map(({ name, displayName }) => ({ name, parent, displayName, state: 'ACTIVE' })),
      ),
  },
];

function requestedVersion({ body }: Request): number {
  return /"requestedPolicyVersion"\s*:\s*3/.test(body) ? 3 : 1;
}

function projectJson({ project, projectNumber, parent, state = 'ACTIVE' }: EstateProject) {
  return {
    name: `projects/${projectNumber}`,
    ...(parent === undefined ? {} : { parent }),
    projectId: project,
    state,
    displayName: project,
    createTime: '2019-03-01T09:00:00.000Z',
    etag: etagOf(project),
  };
}

/** What is above a project, the nearest first. */
function ancestorsOf({ containers = [] }: Estate, { parent }: EstateProject): readonly EstateContainer[] {
  const found: EstateContainer[] = [];
  for (let name: string | null = parent ?? null; name !== null; ) {
    const container = containers.find((each) => each.name === name);
    if (container === undefined) break;
    found.push(container);
    name = container.parent;
  }
  return found;
}

function forContainer(request: Request, reply: (container: EstateContainer) => ApiReply): ApiReply {
  const [name = ''] = request.values;
  const container = request.estate.containers?.find((each) => each.name === name);
  return container === undefined ? denied('resourcemanager.folders.get', name) : reply(container);
}

/** A list of what is directly below a folder or an organisation that the caller may see. */
function below(request: Request, field: string, items: (parent: string) => readonly unknown[]): ApiReply {
  const parent = request.query.get('parent') ?? '';
  const isThere = request.estate.containers?.some(({ name }) => name === parent) ?? false;
  if (!isThere || request.options.denied?.includes(`${field} below ${parent}`)) {
    return denied(`resourcemanager.${field}.list`, parent);
  }
  return pageOf(field, items(parent), request.query, pageMax(request));
}
