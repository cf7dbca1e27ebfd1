import { Agent, createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to one request on its way. */
export type RequestFault =
  | 'none'
  /** The quota's answer; with `Retry-After: 0`, or without it. */
  | 'throttled'
  | 'throttled without a time'
  | 'unavailable'
  /** The request takes long to get there. */
  | 'slow'
  /** The connection ends before the registry saw the request. */
  | 'cut before'
  /** The connection ends after the registry did what was asked. */
  | 'cut after'
  /** A listing comes with one tagged manifest left out. */
  | 'cut listing';

/** A request as the gateway sees it. */
export interface Passing {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
}

/** What one process's requests go through. */
export interface Gate {
  /** Before the registry sees a request. Never settles for a process that is dead. */
  before(passing: Passing): Promise<RequestFault>;
  /** After the registry did what was asked, before the answer is on its way. */
  after(passing: Passing): Promise<void>;
  /** Told of a listing that was cut. */
  cutListing(): void;
}

/** Stands between the processes under test and a registry, and tells them apart by their user agent. */
export interface Gateway {
  readonly host: string;
  readonly gates: Map<string, Gate>;
  /** Ends the connections of a process. */
  cut(name: string): void;
  close(): Promise<void>;
}

/** Opens a gateway in front of a registry, given as `HOST:PORT`. */
export async function openGateway(upstream: string): Promise<Gateway> {
  const agent = new Agent({ keepAlive: true });
  const gates = new Map<string, Gate>();
  const open = new Map<string, Set<IncomingMessage>>();

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = request.headers['user-agent'] ?? '';
    const gate = gates.get(name);
    if (gate === undefined) {
      request.socket.destroy();
      return;
    }
    const waiting = open.get(name) ?? new Set();
    open.set(name, waiting.add(request));
    const passing = { method: request.method ?? '', path: request.url ?? '' };
    const isToken = passing.path.startsWith('/v2/token');
    const fault = isToken ? 'none' : await gate.before(passing);
    const body = await bytesOf(request);
    switch (fault) {
      case 'throttled':
        response.writeHead(429, { 'retry-after': '0' }).end();
        return;
      case 'throttled without a time':
        response.writeHead(429).end();
        return;
      case 'unavailable':
        response.writeHead(503).end();
        return;
      case 'cut before':
        request.socket.destroy();
        return;
    }
    const reply = await forward(upstream, agent, request, body);
    if (!isToken) await gate.after(passing);
    waiting.delete(request);
    if (fault === 'cut after') {
      request.socket.destroy();
      return;
    }
    const content = fault === 'cut listing' ? withoutOne(reply.body) : reply.body;
    if (content !== reply.body) gate.cutListing();
    const headers = { ...reply.headers };
    if (content !== reply.body) headers['content-length'] = String(content.length);
    response.writeHead(reply.status, headers).end(content);
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    gates,
    cut(name) {
      gates.delete(name);
      for (const request of open.get(name) ?? []) request.socket.destroy();
      open.delete(name);
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

interface Forwarded {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
}

function forward(upstream: string, agent: Agent, request: IncomingMessage, body: Buffer): Promise<Forwarded> {
  const [host = '', port = ''] = upstream.split(':');
  return new Promise((resolve, reject) => {
    const onward = send(
      // The host that the client named: challenges and notifications name it too.
      { host, port, agent, method: request.method, path: request.url, headers: request.headers },
      (reply) => {
        bytesOf(reply).then((bytes) => {
          const headers: Forwarded['headers'] = {};
          for (const [key, value] of Object.entries(reply.headers)) {
            if (value !== undefined && key !== 'connection' && key !== 'transfer-encoding')
              headers[key] = value;
          }
          resolve({ status: reply.statusCode ?? 0, headers, body: bytes });
        }, reject);
      },
    );
    onward.on('error', reject);
    onward.end(body);
  });
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** A listing without one of its manifests that have tags; what is none stays as it is. */
function withoutOne(body: Buffer): Buffer {
  let listing: { manifest?: Record<string, { tag?: readonly string[] }> };
  try {
    listing = JSON.parse(body.toString('utf8'));
  } catch {
    return body;
  }
  const named = Object.entries(listing.manifest ?? {}).find(([, { tag }]) => (tag ?? []).length > 0);
  if (named === undefined) return body;
  delete listing.manifest?.[named[0]];
  return Buffer.from(JSON.stringify(listing));
}
