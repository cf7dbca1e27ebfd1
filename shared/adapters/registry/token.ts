import { createHash } from 'node:crypto';
import { hostKind } from '../../core/reference.ts';
import type { Clock } from '../../ports.ts';
import { actionsIn, type Challenged, challengedBy } from './challenged.ts';
import { basicHeader, type Credential, type Credentials, type Rights, secretsOf } from './credentials.ts';
import type { OriginOf } from './origin.ts';
import { failureOf, RegistryError, requestLine } from './registry-error.ts';
import type { ReplyHeaders } from './reply-headers.ts';
import { needsExchange, readToken, realmUrl, type TokenEndpoint, tokenRequest } from './token-exchange.ts';
import type { Transport } from './transport.ts';

/** What a request needs to be allowed. One scope a token: several in one exchange break on Google's hosts. */
export type Scope =
  | { readonly kind: 'catalog' }
  | {
      readonly kind: 'repository';
      readonly name: string;
      readonly actions: string;
      /**
       * Whether to ask for the actions that a challenge names, where those are among pull, push and delete.
       * False for whoever only reads: no challenge can make a reader hold a token that deletes.
       */
      readonly followsChallenge: boolean;
    };

/** What goes into the `Authorization` header, with every secret behind it, to be scrubbed from errors. */
export interface Authorization {
  /** null: send none. */
  readonly header: string | null;
  readonly secrets: readonly string[];
}

/** Knows how to be let in at each host: challenge, credential and token, each asked for once and kept. */
export interface Authorizer {
  /** @throws RegistryError, or WardenError CREDENTIALS_INVALID */
  authorization(host: string, scope: Scope): Promise<Authorization>;
  /**
   * After a 401: forgets what was refused, learns from the challenge, and gets a new authorization.
   * null where there is nothing else to try.
   * @throws RegistryError, or WardenError CREDENTIALS_INVALID
   */
  renewed(
    host: string,
    scope: Scope,
    refused: Authorization,
    headers: ReplyHeaders,
  ): Promise<Authorization | null>;
}

interface HeldCredential {
  readonly credential: Credential;
  /** A hash: stands for the credential in keys, and says nothing about it. */
  readonly identity: string;
  readonly secrets: readonly string[];
  readonly untilMs: number;
}

interface HeldToken {
  readonly authorization: Authorization;
  readonly renewAtMs: number;
}

/** Sources keep and renew what they hand out; asking again now and then lets a new login be seen. */
const CREDENTIAL_AGE_MAX_MS = 300_000;
const TOKENS_MAX = 2_000;
const TOKEN_REPLY_MAX_BYTES = 65_536;
/** A token is renewed this long before its end, or after four fifths of a short life. */
const TOKEN_MARGIN_MS = 60_000;

function scopeText(scope: Scope): string {
  return scope.kind === 'catalog' ? 'registry:catalog:*' : `repository:${scope.name}:${scope.actions}`;
}

/** How hosts want to be told who asks, by host. Holds no secret, so clients of several rights may share it. */
export type Challenges = Map<string, Promise<Challenged>>;

/** Creates the authorizer of one client; the tokens it holds are never shared with a client of other rights. */
export function createAuthorizer(options: {
  readonly transport: Transport;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly originOf: OriginOf;
  readonly rights: Rights;
  /** Where challenges are kept that others may have met; a map of its own where it is left out. */
  readonly challenges?: Challenges;
}): Authorizer {
  const { transport, credentials, clock, originOf, rights } = options;
  const challenges: Challenges = options.challenges ?? new Map();
  /** Hosts that refused an access token of Google's as it is. */
  const exchanging = new Set<string>();
  const held = new Map<string, Promise<HeldCredential>>();
  const tokens = new Map<string, Promise<HeldToken>>();
  /** Actions that a challenge named, by host and scope. */
  const widened = new Map<string, string>();

  /** Keeps one piece of work a key under way or done; what failed is not kept. */
  function once<T>(kept: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
    const started = work();
    kept.set(key, started);
    started.catch(() => {
      if (kept.get(key) === started) kept.delete(key);
    });
    return started;
  }

  function challengeOf(host: string): Promise<Challenged> {
    return (
      challenges.get(host) ??
      once(challenges, host, async () => {
        // Known without asking; where it is not so, a 401 will say it.
        if (hostKind(host) === 'google') return { scheme: 'bearer', ...googleEndpoint(host) };
        const url = new URL(`${originOf(host)}/v2/`);
        const line = requestLine('GET', url);
        const reply = await transport.send({
          method: 'GET',
          url,
          headers: {},
          bodyLimitBytes: TOKEN_REPLY_MAX_BYTES,
          redirects: 'refuse',
        });
        if (reply.status === 429 || reply.status >= 500) throw failureOf(line, reply, []);
        // Any other answer is no challenge: the request itself will be answered by what is wrong.
        return reply.status === 401
          ? (challengedBy(reply.headers) ?? { scheme: 'unnamed' })
          : { scheme: 'none' };
      })
    );
  }

  async function credentialFor(host: string): Promise<HeldCredential> {
    for (let pending = held.get(host); pending !== undefined; pending = held.get(host)) {
      const known = await pending;
      if (clock() < known.untilMs) return known;
      if (held.get(host) === pending) held.delete(host);
    }
    return once(held, host, async () => {
      const credential = await credentials.forHost(host, rights);
      return {
        credential,
        identity: createHash('sha256').update(JSON.stringify(credential)).digest('hex'),
        secrets: secretsOf(credential),
        untilMs: clock() + CREDENTIAL_AGE_MAX_MS,
      };
    });
  }

  function scopeKey(host: string, scope: Scope): string {
    return `${host} ${scopeText(scope)}`;
  }

  async function authorization(host: string, scope: Scope): Promise<Authorization> {
    if (rights !== 'read' && hostKind(host) === 'google') await refuseAnonymous(host);
    const challenged = await challengeOf(host);
    if (challenged.scheme === 'none') return { header: null, secrets: [] };
    const { credential, identity, secrets } = await credentialFor(host);
    if (credential.kind === 'registry token') return { header: `Bearer ${credential.token}`, secrets };
    const endpoint = tokenEndpoint(host, challenged, credential);
    if (endpoint === null) return { header: basicHeader(credential), secrets };
    const asked: Scope =
      scope.kind === 'repository'
        ? { ...scope, actions: widened.get(scopeKey(host, scope)) ?? scope.actions }
        : scope;
    const key = `${scopeKey(host, asked)} ${identity}`;
    // Nothing is awaited between the last look and `once`, so that of many callers one makes the exchange.
    for (let pending = tokens.get(key); pending !== undefined; pending = tokens.get(key)) {
      const known = await pending;
      if (clock() < known.renewAtMs) return known.authorization;
      if (tokens.get(key) === pending) tokens.delete(key);
    }
    dropOldest(tokens, TOKENS_MAX);
    const fresh = await once(tokens, key, () => exchange(host, asked, endpoint, credential, secrets));
    return fresh.authorization;
  }

  /** Public images are read without a credential; Google never lets anybody push or delete without one. */
  async function refuseAnonymous(host: string): Promise<void> {
    if ((await credentialFor(host)).credential.kind !== 'anonymous') return;
    throw new RegistryError(
      'REGISTRY_UNAUTHORIZED',
      `There is no credential for ${host}, and without one nothing can be ${rights === 'delete' ? 'deleted' : 'pushed'} there, so nothing was sent. Log in with \`gcloud auth application-default login\` or \`docker login\`.`,
      { method: rights === 'delete' ? 'DELETE' : 'PUT', url: `${originOf(host)}/v2/` },
    );
  }

  /** Where the credential is changed into a token; null where it is sent as it is. */
  function tokenEndpoint(
    host: string,
    challenged: Exclude<Challenged, { readonly scheme: 'none' }>,
    credential: Credential,
  ): TokenEndpoint | null {
    // Google's registries ask Artifact Registry who is behind a token at every request, so one that it was
    // exchanged for could do no less, and costs a request a repository.
    if (credential.kind === 'oauth' && !exchanging.has(host)) return null;
    if (challenged.scheme === 'bearer') return challenged;
    if (challenged.scheme === 'basic' || !needsExchange(credential)) return null;
    return googleEndpoint(host);
  }

  /** Where every registry of Google has it. */
  function googleEndpoint(host: string): TokenEndpoint {
    return { realm: `${originOf(host)}/v2/token`, service: host };
  }

  async function exchange(
    host: string,
    scope: Scope,
    endpoint: TokenEndpoint,
    credential: Credential,
    secrets: readonly string[],
  ): Promise<HeldToken> {
    const url = realmUrl(host, originOf(host), endpoint.realm, credential);
    const service = endpoint.service ?? url.host;
    const sentAtMs = clock();
    const request = tokenRequest(url, service, scopeText(scope), credential);
    const line = requestLine(request.method, url);
    const reply = await transport.send({
      ...request,
      bodyLimitBytes: TOKEN_REPLY_MAX_BYTES,
      redirects: 'refuse',
    });
    if (reply.status !== 200) throw failureOf(line, reply, secrets);
    const { token, ageS } = readToken(reply.body, line);
    const ageMs = ageS * 1_000;
    return {
      authorization: { header: `Bearer ${token}`, secrets: [token, ...secrets] },
      // Counted from before the request, so that a slow reply makes it early rather than late.
      renewAtMs: sentAtMs + ageMs - Math.min(TOKEN_MARGIN_MS, ageMs / 5),
    };
  }

  return {
    authorization,
    async renewed(host, scope, refused, headers) {
      const challenged = challengedBy(headers);
      const known = await challenges.get(host);
      // Google's hosts refuse a bad credential without a challenge; then the one known stays.
      if (challenged !== null) challenges.set(host, Promise.resolve(challenged));
      else if (known?.scheme === 'none') challenges.set(host, Promise.resolve({ scheme: 'unnamed' }));
      const wanted =
        scope.kind === 'repository' && scope.followsChallenge ? actionsIn(headers, scope.name) : null;
      if (wanted !== null) {
        dropOldest(widened, TOKENS_MAX);
        widened.set(scopeKey(host, scope), wanted);
      }
      if (refused.header !== null) {
        for (const [key, pending] of [...tokens]) {
          if (!key.startsWith(`${host} `)) continue;
          const token = await pending.catch(() => null);
          // Somebody else may have renewed it meanwhile: only what was refused is forgotten.
          if (token?.authorization.header === refused.header && tokens.get(key) === pending) {
            tokens.delete(key);
            held.delete(host);
          }
        }
        const holding = await held.get(host)?.catch(() => null);
        if (holding != null && isSentAsItIs(holding.credential, refused.header)) {
          held.delete(host);
          exchanging.add(host);
        }
      }
      const fresh = await authorization(host, scope);
      return fresh.header === refused.header ? null : fresh;
    },
  };
}

function isSentAsItIs(credential: Credential, header: string): boolean {
  if (credential.kind === 'registry token') return header === `Bearer ${credential.token}`;
  return basicHeader(credential) === header;
}

/** Makes room for one more by dropping what came first. */
function dropOldest(kept: Map<string, unknown>, countMax: number): void {
  if (kept.size < countMax) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}
