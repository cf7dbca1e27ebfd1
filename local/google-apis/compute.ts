import { type ApiReply, ok } from './reply.ts';
import { pageMax, type Route, V } from './route.ts';
import type { MachineScope } from './workload.ts';

/** compute.googleapis.com: aggregated lists, of which every page has all scopes. */
export const COMPUTE: readonly Route[] = [aggregated('instances'), aggregated('instanceTemplates')];

function aggregated(of: 'instances' | 'instanceTemplates'): Route {
  return {
    name: of,
    method: 'GET',
    pattern: new RegExp(`^/compute/v1/projects/${V}/aggregated/${of}$`),
    permission: `compute.${of}.list`,
    subjects: ([project = '']) => [project, 'compute'],
    reply: (request): ApiReply => {
      const scopes = (request.options.workloads?.machines ?? []).filter(
        ({ project }) => project === request.values[0],
      );
      const all = scopes.flatMap(({ scope, [of]: resources = [] }) =>
        resources.map((resource) => ({ scope, resource })),
      );
      const first = Number(request.query.get('pageToken') ?? 0);
      const end = first + pageMax(request, 500);
      const page = all.slice(first, end);
      const items = Object.fromEntries(scopes.map((one) => [one.scope, contentOf(one, of, page)]));
      return ok({
        kind: `compute#${of.replace(/s$/, '')}AggregatedList`,
        items,
        ...(end < all.length ? { nextPageToken: String(end) } : {}),
      });
    },
  };
}

function contentOf(
  { scope, warning }: MachineScope,
  of: string,
  page: readonly { readonly scope: string; readonly resource: unknown }[],
): object {
  const resources = page.filter((one) => one.scope === scope).map(({ resource }) => resource);
  if (warning === undefined && resources.length > 0) return { [of]: resources };
  const code = warning ?? 'NO_RESULTS_ON_PAGE';
  return {
    warning: {
      code,
      message: `There are no results for scope '${scope}' on this page.`,
      data: [{ key: 'scope', value: scope }],
    },
  };
}
