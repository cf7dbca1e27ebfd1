import { hostKind } from '../../core/reference.ts';
import type { Clock } from '../../ports.ts';
import type { Credentials, Rights } from './credentials.ts';
import { originsWith } from './origin.ts';
import { failureOf, RegistryError, type RequestLine, requestLine } from './registry-error.ts';
import { type Authorization, type Challenges, createAuthorizer, type Scope } from './token.ts';
import type { HttpReply, HttpRequest, Transport } from './transport.ts';

export interface SessionRequest
  extends Omit<HttpRequest, 'url' | 'headers' | 'redirects' | 'bodyLimitBytes'> {
  readonly host: string;
  /** Path and query, beginning with `/v2/`. */
  readonly path: string;
  readonly scope: Scope;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyLimitBytes?: number;
  readonly redirects?: 'follow' | 'refuse';
}

export interface SessionReply extends HttpReply {
  /** The request as an error may show it. */
  readonly line: RequestLine;
  /** The error this reply is, where it is not the one asked for; what was sent is scrubbed from it. */
  readonly failure: () => RegistryError;
  /** The URL that was asked for. */
  readonly url: URL;
}

/** Requests to registries in the name of one client: to allowed hosts only, authorized, renewed once. */
export interface Session {
  /** @throws RegistryError, or WardenError CREDENTIALS_INVALID; any status is a reply */
  send(request: SessionRequest): Promise<SessionReply>;
  /** Where a path is asked for: HTTPS, or plain HTTP on this machine and at hosts named for it. */
  urlOf(host: string, path: string): URL;
}

/** For replies that are read for their status and the registry's complaint only. */
const BODY_LIMIT_BYTES = 1_048_576;

/** Refuses hosts that are neither Google's, nor this machine, nor named by the user. */
function checkHost(host: string, named: ReadonlySet<string>): void {
  if (hostKind(host) !== 'other' || named.has(host)) return;
  throw new RegistryError(
    'REGISTRY_HOST_REFUSED',
    `${host} is not spoken to: it is none of Google's registry hosts, not this machine, and was not named. Name it to allow it.`,
    { method: 'GET', url: `https://${host}/v2/` },
  );
}

export function createSession(options: {
  readonly transport: Transport;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Hosts other than Google's and loopback that the user named, each whole. */
  readonly hosts: readonly string[];
  /** Those of them that speak plain HTTP. */
  readonly plainHttpHosts: readonly string[];
  /** What the credentials have to be good for, and no more. */
  readonly rights: Rights;
  /** See `createAuthorizer`. */
  readonly challenges?: Challenges;
}): Session {
  const { transport } = options;
  const originOf = originsWith(options.plainHttpHosts);
  const named = new Set(options.hosts);
  const authorizer = createAuthorizer({ ...options, originOf });

  const urlOf = (host: string, path: string): URL => new URL(path, originOf(host));

  return {
    urlOf,
    async send(request) {
      checkHost(request.host, named);
      const { host, path, scope, headers, ...rest } = request;
      const url = urlOf(host, path);
      const line = requestLine(request.method, url);
      const sendWith = (authorization: Authorization): Promise<HttpReply> =>
        transport.send({
          bodyLimitBytes: BODY_LIMIT_BYTES,
          redirects: 'refuse',
          ...rest,
          url,
          headers:
            authorization.header === null
              ? { ...headers }
              : { ...headers, authorization: authorization.header },
        });
      const authorization = await authorizer.authorization(host, scope);
      let secrets = authorization.secrets;
      let reply = await sendWith(authorization);
      if (reply.status === 401) {
        const renewed = await authorizer.renewed(host, scope, authorization, reply.headers);
        if (renewed !== null) {
          secrets = [...secrets, ...renewed.secrets];
          reply = await sendWith(renewed);
        }
      }
      const last = reply;
      return { ...last, line, url, failure: () => failureOf(line, last, secrets) };
    },
  };
}
