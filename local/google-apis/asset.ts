import { pageOf, problem } from './reply.ts';
import { pageMax, type Route, V } from './route.ts';

/** `assets.list` takes at most this many for a page. */
const PAGE_MAX = 1000;

/** cloudasset.googleapis.com: assets with their content. */
export const CLOUD_ASSET: readonly Route[] = [
  {
    name: 'assets',
    method: 'GET',
    pattern: new RegExp(`^/v1/(projects|folders|organizations)/${V}/assets$`),
    permission: 'cloudasset.assets.listResource',
    subjects: ([kind = '', name = '']) => [`${kind}/${name}`, name, 'cloudasset'],
    reply: (request) => {
      const { options, query, values } = request;
      const scope = options.workloads?.assets?.[values.join('/')];
      if (scope === undefined)
        return problem(403, 'PERMISSION_DENIED', 'The caller does not have permission');
      const types = query.getAll('assetTypes');
      const isShown = query.get('contentType') === 'RESOURCE';
      const assets = scope.assets
        .filter(({ assetType }) => types.length === 0 || types.includes(assetType))
        .map(({ name, assetType, data }) => ({
          name,
          assetType,
          ancestors: [values.join('/')],
          updateTime: scope.readTime,
          ...(isShown ? { resource: { version: 'v1', location: 'europe-west1', data } } : {}),
        }));
      const page = pageOf('assets', assets, query, pageMax(request, PAGE_MAX));
      return page.status === 200
        ? { ...page, body: { readTime: scope.readTime, ...(page.body as object) } }
        : page;
    },
  },
];
