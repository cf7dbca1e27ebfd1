import { projectOf } from '../../shared/core/reference.ts';
import type { Dialect } from './dialect.ts';
import { problem } from './problem.ts';
import { jsonReply, type Reply } from './reply.ts';
import type { Route } from './route.ts';
import {
  type Credential,
  type Grant,
  isAllowed,
  parseBasic,
  parseScope,
  TOKEN_LIFETIME_SECONDS,
  TokenIssuer,
} from './token.ts';

/** Who may do what: it hands out tokens and asks every other request for one. */
export class Authorization {
  readonly #dialect: Dialect;
  /** null where everybody gets what they ask for. */
  readonly #credentials: readonly Credential[] | null;
  readonly #issuer = new TokenIssuer();

  constructor(dialect: Dialect, credentials: readonly Credential[] | null) {
    this.#dialect = dialect;
    this.#credentials = credentials;
  }

  /** `GET /v2/token`: changes a credential, or nothing where none is asked for, into a token for one scope. */
  token(method: string, query: URLSearchParams, header: string | undefined): Reply {
    // The OAuth2 form of the exchange, a POST, is answered with 405 by Artifact Registry (dialect: token-get).
    if (method !== 'GET') return problem(405, 'UNSUPPORTED', 'Tokens are exchanged by GET', { Allow: 'GET' });
    if (this.#credentials !== null) {
      const credential = parseBasic(header ?? '');
      if (credential === null || !isAllowed(credential, this.#credentials)) return invalidCredential();
    }
    // One scope an exchange: several break on Google (dialect: token-one-scope). Here the first one counts, so that crane still mounts
    // across repositories (it asks for both at once), and a client that relies on the others is refused.
    const [scope] = query.getAll('scope').flatMap((text) => text.split(' ').filter((part) => part !== ''));
    const grant: Grant | null = scope === undefined ? { kind: 'none' } : parseScope(scope);
    if (grant === null) return problem(400, 'UNSUPPORTED', 'The scope is not known');
    const token = this.#issuer.issue(grant, performance.now());
    return jsonReply(200, { token, expires_in: TOKEN_LIFETIME_SECONDS }, { 'Cache-Control': 'no-store' });
  }

  /** Makes every token that was handed out worthless; credentials stay good. */
  revokeTokens(): void {
    this.#issuer.revokeAll();
  }

  /** Whether a request may go on: null, or the answer that stops it. */
  check(method: string, route: Route, header: string | undefined, host: string): Reply | null {
    if (header === undefined) {
      const challenge = this.#challenge(neededScope(method, route), host);
      return problem(401, 'UNAUTHORIZED', 'not authenticated: No valid credential was supplied.', {
        'WWW-Authenticate': challenge,
      });
    }
    const basic = parseBasic(header);
    if (basic !== null) {
      // `oauth2accesstoken` and `_json_key` work straight on /v2/ requests, with no token exchange (dialect: basic-straight).
      return this.#credentials === null || isAllowed(basic, this.#credentials) ? null : invalidCredential();
    }
    const bearer = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header)?.[1];
    const grant = bearer === undefined ? null : this.#issuer.read(bearer, performance.now());
    return grant === null ? invalidCredential() : refusal(method, route, grant);
  }

  #challenge(scope: string | null, host: string): string {
    const realm = `Bearer realm="http://${host}/v2/token"`;
    switch (this.#dialect.challenge) {
      case 'gcr':
        return `${realm},service="${host}"`;
      case 'gcr-unquoted':
        return `${realm},service=${host}`;
      case 'artifact-registry':
        // `/v2/` is challenged with the realm alone.
        return scope === null ? realm : `${realm},service="${host}",scope="${scope}"`;
    }
  }
}

/** A credential that was rejected: Artifact Registry answers it with no challenge (dialect: credential-rejected). */
function invalidCredential(): Reply {
  return problem(401, 'UNAUTHORIZED', 'not authenticated: No valid credential was supplied.');
}

function isWrite(method: string, route: Route): boolean {
  return route.kind === 'uploads' || (method !== 'GET' && method !== 'HEAD');
}

/** The scope a request is challenged with. DELETE, PUT and POST want `pull,push`; nothing wants `delete` (dialect: challenge-push). */
function neededScope(method: string, route: Route): string | null {
  if (route.kind === 'catalog') return 'registry:catalog:*';
  if (!('name' in route)) return null;
  return `repository:${route.name}:${isWrite(method, route) ? 'pull,push' : 'pull'}`;
}

function refusal(method: string, route: Route, grant: Grant): Reply | null {
  if (route.kind === 'catalog') {
    return grant.kind === 'catalog'
      ? null
      : denied('artifactregistry.repositories.downloadArtifacts', 'projects/*');
  }
  if (!('name' in route)) return null;
  // Container Registry bound a token to its scope (dialect: token-bound); being strict finds clients that mix tokens up.
  if (grant.kind !== 'repository' || grant.name !== route.name) {
    const resource = grant.kind === 'repository' ? grant.name : grant.kind;
    return problem(
      401,
      'UNAUTHORIZED',
      `Requested repository does not match bearer token resource: ${resource}`,
    );
  }
  if (!isWrite(method, route) || grant.write) return null;
  const action = method === 'DELETE' ? 'deleteArtifacts' : 'uploadArtifacts';
  const project = projectOf({ host: 'localhost', name: route.name });
  return denied(`artifactregistry.repositories.${action}`, `projects/${project}`);
}

function denied(permission: string, resource: string): Reply {
  return problem(
    403,
    'DENIED',
    `Permission "${permission}" denied on resource "${resource}" (or it may not exist)`,
  );
}
