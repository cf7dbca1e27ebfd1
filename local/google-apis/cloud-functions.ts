import { pageOf } from './reply.ts';
import { forProject, pageMax, type Route, V } from './route.ts';

/** cloudfunctions.googleapis.com: functions of the second generation. */
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
          .filter((each) => each.location === location)
          .map(({ name, state, account, environment }) => ({
            name: `projects/${project}/locations/${location}/functions/${name}`,
            state,
            environment: 'GEN_2',
            serviceConfig: {
              service: `projects/${project}/locations/${location}/services/${name}`,
              serviceAccountEmail: account,
              environmentVariables: environment,
            },
          }));
        return pageOf('functions', items, request.query, pageMax(request));
      }),
  },
];
