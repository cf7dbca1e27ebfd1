import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What the stand-in of a cluster knows and how it behaves. */
export interface KubernetesOptions {
  /** Objects by the path of their list: `/api/v1/pods`. A list that is not here is empty. */
  readonly lists: Readonly<Record<string, readonly unknown[]>>;
  /** The token that it asks for; null lets everybody in. */
  readonly token?: string;
  /** Lists that are answered with 403. */
  readonly forbidden?: readonly string[];
  /** How many times a `continue` of this list is answered with 410. */
  readonly expires?: Readonly<Record<string, number>>;
  /** How many requests are answered with 503 first. */
  readonly failures?: number;
  /** TLS, with client certificates where `requestCert` says so. */
  readonly tls?: ServerOptions;
}

export interface Kubernetes {
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Paths with their queries, in their order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Starts a stand-in for the Kubernetes API of one cluster, as far as lists go. */
export async function startKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const requests: string[] = [];
  const expiring = new Map(Object.entries(options.expires ?? {}));
  let failures = options.failures ?? 0;
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    requests.push(incoming.url ?? '/');
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    const refusal = refusalOf(incoming, url);
    if (refusal !== null) {
      send(outgoing, refusal.code, status(refusal));
      return;
    }
    const items = itemsOf(options.lists, url);
    const first = Number(url.searchParams.get('continue') ?? 0);
    const end = first + Number(url.searchParams.get('limit') ?? items.length);
    const rest = Math.max(0, items.length - end);
    send(outgoing, 200, {
      kind: 'List',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: '1',
        ...(rest > 0 ? { continue: String(end), remainingItemCount: rest } : {}),
      },
      items: items.slice(first, end),
    });
  };

  function refusalOf(incoming: IncomingMessage, url: URL): Refusal | null {
    if (failures > 0) {
      failures -= 1;
      return {
        code: 503,
        reason: 'ServiceUnavailable',
        message: 'the server is currently unable to handle the request',
      };
    }
    if (options.token !== undefined && incoming.headers.authorization !== `Bearer ${options.token}`) {
      return { code: 401, reason: 'Unauthorized', message: 'Unauthorized' };
    }
    if (options.forbidden?.includes(url.pathname) === true) {
      const resource = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
      return {
        code: 403,
        reason: 'Forbidden',
        message: `${resource} is forbidden: User "warden" cannot list resource "${resource}" at the cluster scope`,
      };
    }
    const left = expiring.get(url.pathname) ?? 0;
    if (!url.searchParams.has('continue') || left === 0) return null;
    expiring.set(url.pathname, left - 1);
    return { code: 410, reason: 'Expired', message: 'The provided continue parameter is too old' };
  }

  const server = options.tls === undefined ? createHttp(listener) : createHttps(options.tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A list of one namespace comes from that of all; a field selector on a type picks (https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/). */
function itemsOf(lists: KubernetesOptions['lists'], url: URL): readonly unknown[] {
  const [, api = '', namespace, resource] = /^(.*)\/namespaces\/([^/]+)\/([^/]+)$/.exec(url.pathname) ?? [];
  const all = (namespace === undefined ? lists[url.pathname] : lists[`${api}/${resource}`]) ?? [];
  const selected = /^type=(.+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
  return all.filter((item) => {
    const { type, metadata } = item as { type?: string; metadata?: { namespace?: string } };
    return (
      (selected === undefined || type === selected) &&
      (namespace === undefined || metadata?.namespace === decodeURIComponent(namespace))
    );
  });
}

interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
function status({ code, reason, message }: Refusal): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

function send(outgoing: ServerResponse, code: number, body: object): void {
  outgoing.writeHead(code, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify(body));
}
