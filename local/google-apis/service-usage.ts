import { ok } from './reply.ts';
import { forProject, type Route, V } from './route.ts';

/** serviceusage.googleapis.com: which APIs are on. */
export const SERVICE_USAGE: readonly Route[] = [
  {
    name: 'services',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/services$`),
    permission: 'serviceusage.services.list',
    subjects: ([project = '']) => [project, 'serviceusage'],
    reply: (request) =>
      forProject(request, ({ projectNumber, services = [] }) =>
        ok({
          services: services.map((name) => ({
            name: `projects/${projectNumber}/services/${name}`,
            config: { name },
            state: 'ENABLED',
            parent: `projects/${projectNumber}`,
          })),
        }),
      ),
  },
];
