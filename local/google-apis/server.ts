import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ARTIFACT_REGISTRY } from './artifact-registry.ts';
import { CLOUD_ASSET } from './asset.ts';
import { CLOUD_FUNCTIONS } from './cloud-functions.ts';
import { CLOUD_IDENTITY } from './cloud-identity.ts';
import { CLOUD_SCHEDULER } from './cloud-scheduler.ts';
import { COMPUTE } from './compute.ts';
import { CONTAINER } from './container.ts';
import { FIRESTORE } from './firestore.ts';
import { IAM } from './iam.ts';
import { accountOfToken, IAM_CREDENTIALS } from './iam-credentials.ts';
import { IMAGE_RECORDS } from './image-records.ts';
import { MESSAGING } from './messaging.ts';
import { MONITORING } from './monitoring.ts';
import { ORG_POLICY } from './org-policy.ts';
import { POLICY_ANALYZER } from './policy-analyzer.ts';
import { PUBSUB } from './pubsub.ts';
import { type ApiReply, denied, problem } from './reply.ts';
import { RESOURCE_MANAGER } from './resource-manager.ts';
import type { GoogleApisOptions, Route } from './route.ts';
import { CLOUD_RUN } from './run.ts';
import { SERVICE_USAGE } from './service-usage.ts';
import { STORAGE } from './storage.ts';
import { SUBSCRIPTIONS } from './subscription.ts';
import { TAG_CREATION } from './tag-creation.ts';
import { TESTED_PERMISSIONS } from './tested-permissions.ts';

export interface GoogleApis {
  /** `http://127.0.0.1:PORT`, for all services alike. */
  readonly url: string;
  /** How many requests came, by method and route: `GET keys`, `POST project policy`. */
  readonly requests: Readonly<Record<string, number>>;
  /** How long all answers together took, from a request's first line to its answer. */
  servedMs(): number;
  close(): Promise<void>;
}

/** No request of a client of ours has more. */
const BODY_BYTES_MAX = 64 * 1024;

/** Every API that has a stand-in. */
const ROUTES: readonly Route[] = [
  ...ARTIFACT_REGISTRY,
  ...CLOUD_ASSET,
  ...CLOUD_FUNCTIONS,
  ...CLOUD_IDENTITY,
  ...CLOUD_RUN,
  ...CLOUD_SCHEDULER,
  ...COMPUTE,
  ...CONTAINER,
  ...FIRESTORE,
  ...IAM,
  ...IAM_CREDENTIALS,
  ...IMAGE_RECORDS,
  ...MESSAGING,
  ...MONITORING,
  ...ORG_POLICY,
  ...POLICY_ANALYZER,
  ...PUBSUB,
  ...RESOURCE_MANAGER,
  ...SERVICE_USAGE,
  ...STORAGE,
  ...SUBSCRIPTIONS,
  ...TAG_CREATION,
  ...TESTED_PERMISSIONS,
];

/** Starts stand-ins for the Google REST APIs that the audit and the policy reader use, all at one address. */
export async function startGoogleApis(options: GoogleApisOptions): Promise<GoogleApis> {
  const requests: Record<string, number> = {};
  let servedMs = 0;
  const server = createServer((incoming, outgoing) => {
    const begunMs = performance.now();
    answer(incoming, options, requests)
      .catch((): ApiReply => problem(500, 'INTERNAL', 'Internal error encountered.'))
      .then(async (reply) => {
        // The work is part of the latency, as it is Google's.
        const leftMs = (options.latencyMs ?? 0) - (performance.now() - begunMs);
        if (leftMs > 0) await delay(leftMs);
        servedMs += performance.now() - begunMs;
        send(outgoing, reply);
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    servedMs: () => servedMs,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  incoming: IncomingMessage,
  options: GoogleApisOptions,
  requests: Record<string, number>,
): Promise<ApiReply> {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const body = await bodyOf(incoming);
  for (const route of ROUTES) {
    const match = route.method === incoming.method ? route.pattern.exec(url.pathname) : null;
    if (match === null) continue;
    const counted = `${route.method} ${route.name}`;
    requests[counted] = (requests[counted] ?? 0) + 1;
    const [, token] = /^Bearer (\S+)$/.exec(incoming.headers.authorization ?? '') ?? [];
    if (token === undefined) {
      return problem(401, 'UNAUTHENTICATED', 'Request is missing required authentication credential.');
    }
    const values = match.slice(1).map(decodeURIComponent);
    const refused = route.subjects(values).find((subject) => options.denied?.includes(subject));
    if (refused !== undefined) return denied(route.permission, refused);
    return route.reply({
      estate: options.estate,
      options,
      values,
      query: url.searchParams,
      body,
      account: accountOfToken(token),
    });
  }
  requests['unknown'] = (requests['unknown'] ?? 0) + 1;
  return problem(404, 'NOT_FOUND', 'Method not found.');
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > BODY_BYTES_MAX) throw new Error('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(outgoing: ServerResponse, { status, body, content }: ApiReply): void {
  const type = content === undefined ? 'application/json; charset=UTF-8' : 'application/octet-stream';
  outgoing.writeHead(status, { 'content-type': type, 'cache-control': 'private' });
  outgoing.end(content ?? JSON.stringify(body));
}
