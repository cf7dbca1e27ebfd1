import type { EstateProject } from './estate.ts';
import { policyJson } from './policy.ts';
import { ok, pageOf, problem } from './reply.ts';
import { forProject, pageMax, type Route, V } from './route.ts';

/** artifactregistry.googleapis.com: repositories and the state of the move from Container Registry. */
export const ARTIFACT_REGISTRY: readonly Route[] = [
  {
    name: 'project settings',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/projectSettings$`),
    permission: 'artifactregistry.projectsettings.get',
    subjects: ([project = '']) => [project, 'artifactregistry'],
    reply: (request) =>
      forProject(request, ({ project, redirection }) =>
        ok({ name: `projects/${project}/projectSettings`, legacyRedirectionState: redirection }),
      ),
  },
  {
    name: 'locations',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/locations$`),
    permission: 'artifactregistry.locations.list',
    subjects: ([project = '']) => [project, 'artifactregistry'],
    reply: (request) =>
      forProject(request, ({ project, locations }) =>
        pageOf(
          'locations',
          locations.map((locationId) => ({
            name: `projects/${project}/locations/${locationId}`,
            locationId,
          })),
          request.query,
          pageMax(request),
        ),
      ),
  },
  {
    name: 'repositories',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/locations/${V}/repositories$`),
    permission: 'artifactregistry.repositories.list',
    subjects: ([project = '', location = '']) => [project, location, 'artifactregistry'],
    reply: (request) =>
      forProject(request, (project) =>
        pageOf(
          'repositories',
          repositoriesJson(project, request.values[1] ?? ''),
          request.query,
          pageMax(request),
        ),
      ),
  },
  {
    name: 'repository policy',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/locations/${V}/repositories/${V}:getIamPolicy$`),
    permission: 'artifactregistry.repositories.getIamPolicy',
    subjects: ([project = '', location = '', id = '']) => [
      project,
      'artifactregistry',
      `projects/${project}/locations/${location}/repositories/${id}`,
    ],
    reply: (request) =>
      forProject(request, ({ repositories }) => {
        const [, location, id] = request.values;
        const found = repositories.find((each) => each.location === location && each.id === id);
        if (found === undefined) return problem(404, 'NOT_FOUND', 'Requested entity was not found.');
        const version = request.query.get('options.requestedPolicyVersion') === '3' ? 3 : 1;
        return ok(policyJson(found.bindings, version));
      }),
  },
];

function repositoriesJson({ project, repositories }: EstateProject, location: string): readonly unknown[] {
  return repositories
    .filter((each) => each.location === location)
    .map(({ id, format, mode, cleanupPolicies, cleanupDryRun = true, immutableTags, scanning, labels }) => ({
      name: `projects/${project}/locations/${location}/repositories/${id}`,
      format,
      createTime: '2024-02-18T20:07:21.078488Z',
      updateTime: '2024-02-18T20:07:21.078488Z',
      mode,
      ...(cleanupPolicies === undefined
        ? {}
        : { cleanupPolicies, ...(cleanupDryRun ? { cleanupPolicyDryRun: true } : {}) }),
      ...(immutableTags === true ? { dockerConfig: { immutableTags } } : {}),
      ...(labels === undefined ? {} : { labels }),
      sizeBytes: '475091591',
      vulnerabilityScanningConfig: { enablementState: scanning ?? 'SCANNING_DISABLED' },
    }));
}
