import { type ProxySettings, proxyIn } from './proxy.ts';

type Fetch = typeof globalThis.fetch;

/** Requests to one host at the same time, of those that come by this way. */
const REQUESTS_PER_HOST = 10;

/**
 * `fetch` by the way that all other requests take: HTTPS through the proxy of the environment as a tunnel, plain
 * HTTP through none. Where there is no proxy it is Node's own, and nothing is loaded for it.
 * @param proxy that of the environment where left out
 */
export function proxiedFetch(proxy: ProxySettings = proxyIn(process.env)): Fetch {
  if (proxy.httpsProxy === '') return globalThis.fetch;
  let opened: Promise<Fetch> | null = null;
  return async (input, init) => {
    opened ??= openFetch(proxy);
    return (await opened)(input, init);
  };
}

/** Node's own takes dispatchers of its own copy of undici only, so both are of the package. */
async function openFetch(proxy: ProxySettings): Promise<Fetch> {
  const [{ fetch }, { openDispatcher }] = await Promise.all([import('undici'), import('./dispatcher.ts')]);
  const dispatcher = openDispatcher({ requestsPerHost: REQUESTS_PER_HOST, proxy });
  const proxied = fetch as unknown as Fetch;
  return (input, init) => {
    const options: object = { ...init, dispatcher };
    return proxied(input, options);
  };
}
