import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { ProxySettings } from './proxy.ts';

/** All headers of one reply together. Registries and Google's APIs send a few hundred bytes. */
export const HEADERS_MAX_BYTES = 32_768;
/**
 * A connection comes back one turn of the event loop after its reply, and the next request need not wait for it
 * where there is another one.
 */
const CONNECTIONS_PER_REQUEST = 1.5;
const CONNECT_DEADLINE_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;

/**
 * Opens what holds the connections. HTTPS goes through the proxy as a tunnel: the proxy learns a host's name,
 * and TLS, with every header in it, stays between us and the host. Plain HTTP never goes through a proxy,
 * which would read the credentials.
 */
export function openDispatcher(options: {
  /** How many requests there are at once to one host; not counted here. */
  readonly requestsPerHost: number;
  readonly proxy: ProxySettings | null;
}): Dispatcher {
  const connection = {
    connections: Math.ceil(options.requestsPerHost * CONNECTIONS_PER_REQUEST),
    // One request a connection at a time: a failure then concerns the request that failed and no other.
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_DEADLINE_MS },
    connectTimeout: CONNECT_DEADLINE_MS,
    maxHeaderSize: HEADERS_MAX_BYTES,
    // One deadline covers an attempt as a whole.
    headersTimeout: 0,
    bodyTimeout: 0,
  } as const;
  const { httpsProxy = '', noProxy = '' } = options.proxy ?? {};
  // Where there is none, nothing has to be asked about it at each request.
  if (httpsProxy === '') return new Agent(connection);
  return new EnvHttpProxyAgent({ httpProxy: '', httpsProxy, noProxy, ...connection });
}
