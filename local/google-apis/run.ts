import { type ApiReply, ok, pageOf } from './reply.ts';
import { pageMax, type Route, V } from './route.ts';
import type { CloudRunRegion } from './workload.ts';

type List = 'services' | 'revisions' | 'workerPools' | 'poolRevisions' | 'jobs' | 'executions';

/** run.googleapis.com: its version 2. At one address for all APIs, the list of locations is Artifact Registry's. */
export const CLOUD_RUN: readonly Route[] = [
  list('services', 'services', 'services'),
  list('services/-/revisions', 'revisions', 'revisions'),
  list('workerPools', 'workerPools', 'workerPools'),
  list('workerPools/-/revisions', 'poolRevisions', 'revisions'),
  list('jobs', 'jobs', 'jobs'),
  list('jobs/-/executions', 'executions', 'executions'),
];

function list(path: string, of: List, field: string): Route {
  return {
    name: `run ${path}`,
    method: 'GET',
    pattern: new RegExp(`^/v2/projects/${V}/locations/${V}/${path}$`),
    permission: `run.${field.toLowerCase()}.list`,
    subjects: ([project = '', location = '']) => [project, location, 'run', `run ${path}`],
    reply: (request): ApiReply => {
      const [project, location] = request.values;
      const regions: readonly CloudRunRegion[] = request.options.workloads?.regions ?? [];
      const region = regions.find((one) => one.project === project && one.location === location);
      if (region?.unreachable !== undefined) return ok({ unreachable: region.unreachable });
      return pageOf(field, region?.[of] ?? [], request.query, pageMax(request));
    },
  };
}
