import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { GOOGLE_APIS, GoogleRest, type RestLimits } from '../../../shared/adapters/google/rest.ts';

export interface FakeApi {
  readonly url: string;
  readonly seen: IncomingMessage[];
}

/** A server on loopback that answers as a test wants, until the test ends. */
export async function serve(
  answer: (incoming: IncomingMessage, outgoing: ServerResponse, index: number) => void,
): Promise<FakeApi> {
  const seen: IncomingMessage[] = [];
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    seen.push(incoming);
    answer(incoming, outgoing, seen.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Answers with JSON. */
export function json(outgoing: ServerResponse, status: number, body: unknown, headers = {}): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
  outgoing.end(JSON.stringify(body));
}

/** A client whose every service is at one address, with limits that a test can wait for. */
export function restAt(
  url: string,
  limits: Partial<RestLimits> = {},
  token: () => Promise<string> = async () => 'test-token',
): GoogleRest {
  const rest = new GoogleRest({
    token,
    endpoints: Object.fromEntries(GOOGLE_APIS.map((api) => [api, url])),
    limits: { pauseMs: 1, ...limits },
  });
  onTestFinished(() => rest.close());
  return rest;
}
