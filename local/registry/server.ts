import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Digest, isDigest } from '../../shared/core/digest.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import { isLoopback } from '../../shared/core/reference.ts';
import { Authorization } from './authorization.ts';
import { serveBlob, serveUpload } from './blob-endpoint.ts';
import { BlobStore } from './blob-store.ts';
import { completeDialect, type Dialect } from './dialect.ts';
import type { Exchange, Registry } from './exchange.ts';
import { type RemovedLayers, removeUnreferencedLayers } from './layer-removal.ts';
import { LIMITS } from './limit.ts';
import { catalogReply, googleListingReply, plainListingReply, referrersReply } from './listing.ts';
import { serveManifest } from './manifest-endpoint.ts';
import { isRepositoryName } from './name.ts';
import type { Notification } from './notification.ts';
import { parsePageRequest } from './page.ts';
import { problem, repositoryUnknown } from './problem.ts';
import { jsonReply, type Reply } from './reply.ts';
import { RepositoryStore } from './repository-store.ts';
import { parseRoute, type Route } from './route.ts';
import type { Credential } from './token.ts';
import { openWaits } from './waits.ts';

export interface LocalRegistryOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Where blobs are kept; made where it is missing. Manifests and tags are in memory and end with the process. */
  readonly directory: string;
  /** The time that uploads are dated with, in milliseconds since 1970. The system's clock by default. */
  readonly now?: () => number;
  /**
   * Takes the notification of each push, untag and delete, before the client gets its answer: whoever pushed
   * may rely on it. A failure, or more than ten seconds, loses the notification and never the push.
   */
  readonly notify?: (notification: Notification, atMs: number) => Promise<void> | void;
  /** Told of a notification that was lost. Warns on stderr by default. */
  readonly onLost?: (notification: Notification, reason: string) => void;
  readonly dialect?: Partial<Dialect>;
  /** How often unreferenced layers are removed; never by default. Those younger than this stay each time. */
  readonly removeLayersEveryMs?: number;
  /** Who gets tokens. Without it everybody does, without a credential. */
  readonly credentials?: readonly Credential[];
}

export interface LocalRegistry {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** `localhost:PORT`, for people. */
  readonly host: string;
  /** How many requests came, by method and route: `DELETE manifests`, `GET tags`. */
  readonly requests: Readonly<Record<string, number>>;
  /**
   * How long each request takes until it is answered, in milliseconds: half of that before it is looked at, as if it
   * was on the way, and half after it. 0 until it is set.
   */
  latencyMs: number;
  /** How long all requests together took, from their headers to the end of the answer. */
  readonly answeredAfterMs: number;
  /** Makes every token that was handed out worthless, as a revoked session does; new ones are to be had. */
  revokeTokens(): void;
  /**
   * Removes layers and configs that no manifest of their repository names, as Google does each day: from then
   * on a deleted manifest that named them can't be put back. Those that came within `graceMs`, by the clock of
   * the uploads, stay: their manifest may be on its way.
   */
  removeUnreferencedLayers(graceMs?: number): Promise<RemovedLayers>;
  /**
   * Puts a tag on a manifest, but never over a tag that is there: what Artifact Registry's API does beside the
   * registry's. `absent`: there is no such manifest.
   */
  createTag(name: string, tag: string, digest: Digest): 'created' | 'exists' | 'absent';
  /** Ends all connections and open uploads. Blobs stay in their directory. */
  close(): Promise<void>;
}

/**
 * Starts a registry on loopback that speaks the Docker Registry V2 API as gcr.io and pkg.dev do.
 * @throws WardenError LOCAL_REGISTRY_UNAVAILABLE where the port can't be had
 * @throws WardenError LOCAL_REGISTRY_DIALECT_INVALID
 */
export async function startLocalRegistry(options: LocalRegistryOptions): Promise<LocalRegistry> {
  const dialect = completeDialect(options.dialect ?? {});
  const blobs = await BlobStore.open(options.directory);
  const registry: Registry = {
    dialect,
    blobs,
    repositories: new RepositoryStore(),
    now: options.now ?? Date.now,
    publish: (notification, atMs) => publish(options, notification, atMs),
  };
  const authorization = new Authorization(dialect, options.credentials ?? null);
  const waitUntil = openWaits();
  const requests: Record<string, number> = {};
  let received = 0;
  let answeredAfterMs = 0;

  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytes,
      requestTimeout: LIMITS.requestMs,
      headersTimeout: LIMITS.headersMs,
    },
    (request, response) => {
      const [path = '', query = ''] = (request.url ?? '').split('?', 2);
      const route = parseRoute(path);
      const counter = `${request.method} ${route.kind}`;
      requests[counter] = (requests[counter] ?? 0) + 1;
      received += 1;
      const number = received;
      const arrivedAtMs = performance.now();
      const answer = async (): Promise<void> => {
        const { latencyMs } = running;
        if (latencyMs > 0) await waitUntil(arrivedAtMs + latencyMs / 2);
        const reply =
          throttled(dialect, number) ?? (await serve(registry, authorization, request, route, query));
        if (latencyMs > 0) await waitUntil(arrivedAtMs + latencyMs);
        await write(request, response, reply);
        answeredAfterMs += performance.now() - arrivedAtMs;
      };
      answer().catch((thrown: unknown) => fail(response, thrown));
    },
  );
  server.maxConnections = LIMITS.connections;
  const port = await listen(server, options.port ?? 0).catch(async (cause: unknown) => {
    await blobs.close();
    throw new WardenError(
      'LOCAL_REGISTRY_UNAVAILABLE',
      `The local registry can't listen on 127.0.0.1:${options.port ?? 0}: ${messageOf(cause)}. Stop what uses the port, or give another.`,
      { cause },
    );
  });

  const everyMs = options.removeLayersEveryMs ?? null;
  const removal =
    everyMs === null
      ? undefined
      : setInterval(() => {
          removeUnreferencedLayers(registry, everyMs).catch((thrown: unknown) => {
            process.emitWarning(`Unreferenced layers could not be removed: ${messageOf(thrown)}`);
          });
        }, everyMs).unref();

  const running: LocalRegistry = {
    address: `127.0.0.1:${port}`,
    host: `localhost:${port}`,
    requests,
    latencyMs: 0,
    get answeredAfterMs() {
      return answeredAfterMs;
    },
    createTag(name, tag, digest) {
      const repository = registry.repositories.find(name);
      if (repository === null || repository.manifest(digest) === null) return 'absent';
      if (repository.resolve(tag) !== null) return 'exists';
      repository.tag(tag, digest);
      return 'created';
    },
    revokeTokens: () => authorization.revokeTokens(),
    removeUnreferencedLayers: (graceMs = 0) => removeUnreferencedLayers(registry, graceMs),
    async close() {
      clearInterval(removal);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await blobs.close();
    },
  };
  return running;
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Never another interface: there is no TLS, and by default nobody is asked who they are.
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** The quota's answer, in Google's words, where the dialect has this request throttled. */
function throttled({ throttle }: Dialect, number: number): Reply | null {
  if (throttle === null || number % throttle.every !== 0) return null;
  const seconds = throttle.retryAfterSeconds;
  return problem(
    429,
    'TOOMANYREQUESTS',
    "Quota exceeded for quota metric 'Requests per project per region' and limit 'Requests per project per region per minute per region' of service 'artifactregistry.googleapis.com' for consumer 'project_number:0'.",
    seconds === null ? {} : { 'Retry-After': String(seconds) },
  );
}

async function serve(
  registry: Registry,
  authorization: Authorization,
  request: IncomingMessage,
  route: Route,
  queryText: string,
): Promise<Reply> {
  if ((request.url ?? '').length > LIMITS.urlLength) {
    return problem(414, 'NAME_INVALID', `Path and query have at most ${LIMITS.urlLength} characters`);
  }
  const host = (request.headers.host ?? '').toLowerCase();
  // A page in a browser can have its own name resolve to 127.0.0.1; this name would then be trusted as ours.
  if (!isLoopback(host)) {
    return problem(400, 'DENIED', 'This registry is spoken to as localhost or 127.0.0.1 only');
  }
  const method = request.method ?? '';
  const query = new URLSearchParams(queryText);
  const credential = request.headers.authorization;
  if (route.kind === 'unknown') return problem(404, 'UNSUPPORTED', 'There is no such path');
  if (route.kind === 'token') return authorization.token(method, query, credential);
  if ('name' in route) {
    const refusal = nameRefusal(registry.dialect, route.name);
    if (refusal !== null) return refusal;
  }
  const refusal = authorization.check(method, route, credential, host);
  if (refusal !== null) return refusal;
  const exchange: Exchange = { method, query, headers: request.headers, body: request, host };
  switch (route.kind) {
    case 'uploads':
      return await serveUpload(registry, exchange, route.name, route.id);
    case 'blobs':
      return serveBlob(registry, exchange, route.name, route.digest);
    case 'manifests':
      return await serveManifest(registry, exchange, route.name, route.reference);
    default:
      if (method !== 'GET' && method !== 'HEAD') {
        return problem(405, 'UNSUPPORTED', 'The operation is unsupported.', { Allow: 'GET, HEAD' });
      }
      return serveList(registry, exchange, route);
  }
}

function nameRefusal(dialect: Dialect, name: string): Reply | null {
  if (!isRepositoryName(name)) return problem(400, 'NAME_INVALID', 'The repository name is not valid');
  // Every path on Google begins with a project, which is no repository by itself (dialect: name-components).
  if (dialect.guard === 'google' && !name.includes('/')) {
    return problem(400, 'NAME_INVALID', 'invalid number of path components: 1');
  }
  return null;
}

function serveList(
  registry: Registry,
  { query, host }: Exchange,
  route: Extract<Route, { kind: 'base' | 'catalog' | 'tags' | 'referrers' }>,
): Reply {
  const { dialect, repositories } = registry;
  if (route.kind === 'base') return jsonReply(200, {});
  if (route.kind === 'referrers') {
    if (!dialect.referrers) return problem(404, 'UNSUPPORTED', 'There is no such path');
    if (!isDigest(route.digest)) return problem(400, 'DIGEST_INVALID', 'A digest is sha256: and 64 digits');
    // OCI: whoever has this endpoint answers it with 200, also where nothing refers to the digest.
    return referrersReply(repositories.find(route.name), route.digest, query.get('artifactType'));
  }
  const page = parsePageRequest(query);
  if ('status' in page) return page;
  if (route.kind === 'catalog') return catalogReply(repositories.names(), page, dialect, host);
  const repository = repositories.find(route.name);
  if (dialect.guard === 'plain') {
    return repository === null
      ? repositoryUnknown(route.name)
      : plainListingReply(repository, page, dialect, host);
  }
  const children = repositories.childrenOf(route.name);
  if (repository === null && children.length === 0) return repositoryUnknown(route.name);
  return googleListingReply(route.name, repository, children, page, dialect, host);
}

async function write(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  const { body } = reply;
  const sizeBytes =
    body.kind === 'bytes' ? body.bytes.length : body.kind === 'file' ? body.last - body.first + 1 : 0;
  response.writeHead(reply.status, {
    'Docker-Distribution-Api-Version': 'registry/2.0',
    ...reply.headers,
    // 204 has no body, and so no length of one (RFC 9110).
    ...(reply.status === 204 ? {} : { 'Content-Length': String(sizeBytes) }),
  });
  if (request.method === 'HEAD' || body.kind === 'none' || sizeBytes === 0) response.end();
  else if (body.kind === 'bytes') response.end(body.bytes);
  else await pipeline(createReadStream(body.path, { start: body.first, end: body.last }), response);
}

/** An error of our own: told in full on the wire, for there is only this machine at the other end. */
function fail(response: ServerResponse, thrown: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const reply = problem(500, 'UNKNOWN', `The local registry failed: ${messageOf(thrown)}`);
  response.writeHead(reply.status, { ...reply.headers, Connection: 'close' });
  response.end(reply.body.kind === 'bytes' ? reply.body.bytes : undefined);
}

async function publish(
  { notify, onLost = warn }: LocalRegistryOptions,
  notification: Notification,
  atMs: number,
): Promise<void> {
  if (notify === undefined) return;
  const taken = new AbortController();
  const late = delay(LIMITS.notifyMs, undefined, { signal: taken.signal }).then(
    () => `it was not taken within ${LIMITS.notifyMs} ms`,
    () => null,
  );
  try {
    const reason = await Promise.race([Promise.resolve(notify(notification, atMs)).then(() => null), late]);
    if (reason !== null) onLost(notification, reason);
  } catch (thrown) {
    onLost(notification, messageOf(thrown));
  } finally {
    taken.abort();
  }
}

function warn(notification: Notification, reason: string): void {
  process.emitWarning(`A notification was lost: ${JSON.stringify(notification)}: ${reason}`);
}
