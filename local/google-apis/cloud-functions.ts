import type { EstateFunction } from './estate.ts';
import { pageOf } from './reply.ts';
import { forProject, pageMax, type Route, V } from './route.ts';

/** cloudfunctions.googleapis.com, version 2, which lists functions of both generations. */
export const CLOUD_FUNCTIONS: readonly Route[] = [
  {
    name: 'functions',
    method: 'GET',
    pattern: new RegExp(`^/v2/projects/${V}/locations/${V}/functions$`),
    permission: 'cloudfunctions.functions.list',
    subjects: ([project = '']) => [project, 'cloudfunctions'],
    reply: (request) =>
      forProject(request, ({ project, functions = [] }) => {
        const [, location = ''] = request.values;
        const items = functions
          .filter((each) => location === '-' || each.location === location)
          .map((each) => functionOf(project, each));
        return pageOf('functions', items, request.query, pageMax(request));
      }),
  },
];

function functionOf(
  project: string,
  { name, location, state, account, environment, generation = 2, dockerRepository }: EstateFunction,
): object {
  const at = `projects/${project}/locations/${location}`;
  return {
    name: `${at}/functions/${name}`,
    state,
    environment: `GEN_${generation}`,
    buildConfig: { dockerRepository: dockerRepository ?? `${at}/repositories/gcf-artifacts` },
    serviceConfig: {
      ...(generation === 2 ? { service: `${at}/services/${name}` } : {}),
      serviceAccountEmail: account,
      environmentVariables: environment,
    },
  };
}
