import { ok } from './reply.ts';
import { forProject, type Route, V } from './route.ts';

/** container.googleapis.com: clusters in all locations, which come without pages. */
export const CONTAINER: readonly Route[] = [
  {
    name: 'clusters',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/locations/-/clusters$`),
    permission: 'container.clusters.list',
    subjects: ([project = '']) => [project, 'container'],
    reply: (request) =>
      forProject(request, ({ clusters = [] }) => {
        const { missingZones } = request.options.workloads ?? {};
        return ok({
          ...(clusters.length === 0 ? {} : { clusters }),
          ...(missingZones === undefined ? {} : { missingZones }),
        });
      }),
  },
];
