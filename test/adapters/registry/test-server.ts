import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createTransport,
  type Transport,
  type TransportOptions,
} from '../../../shared/adapters/registry/transport.ts';
import type { Digest } from '../../../shared/core/digest.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | null;
  readonly body: string;
}

export interface TestServer {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

export type Handler = (request: SeenRequest, reply: ServerResponse, raw: IncomingMessage) => void;

/** Starts a server on loopback that answers as told and remembers what it was asked. */
export async function startServer(handler: Handler): Promise<TestServer> {
  const seen: SeenRequest[] = [];
  const server: Server = createServer((raw, reply) => {
    const chunks: Buffer[] = [];
    raw.on('data', (chunk: Buffer) => chunks.push(chunk));
    raw.on('end', () => {
      const request: SeenRequest = {
        method: raw.method ?? '',
        url: raw.url ?? '',
        authorization: raw.headers.authorization ?? null,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(request);
      handler(request, reply, raw);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function json(
  reply: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  reply.writeHead(status, { 'content-type': 'application/json', ...headers });
  reply.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** The error envelope with one entry. */
export function complaint(code: string, message = ''): unknown {
  return { errors: [{ code, message }] };
}

/** The digest of a text. */
export function digestOf(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** A transport that waits for nothing between attempts and tells how long it would have. */
export function patientTransport(
  options: Partial<TransportOptions> = {},
): Transport & { readonly delaysMs: readonly number[] } {
  const delaysMs: number[] = [];
  const transport = createTransport({
    clock: () => Date.now(),
    random: () => 0.5,
    sleep: async (delayMs) => {
      delaysMs.push(delayMs);
    },
    ...options,
  });
  return { ...transport, delaysMs };
}
