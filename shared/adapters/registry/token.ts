import { createHash } from 'node:crypto';
import { hostKind } from '../../core/reference.ts';
import type { Clock } from '../../ports.ts';
import { parseChallenges } from './challenge.ts';
import { basicHeader, type Credential, type Credentials, type Rights, secretsOf } from './credentials.ts';
import type { OriginOf } from './origin.ts';
import { failureOf, RegistryError, type RequestLine, redactedUrl } from './registry-error.ts';
import type { ReplyHeaders, Transport } from './transport.ts';

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

type Challenged =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | null };

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
const TOKEN_LENGTH_MAX = 16_384;
const TOKEN_CHARACTERS = /^[\x21-\x7e]+$/;
/** Where a reply names no end (distribution, "Token Authentication Specification": 60 seconds). */
const TOKEN_AGE_DEFAULT_S = 60;
/** The longest that Google gives; whoever claims more is asked again after it. */
const TOKEN_AGE_MAX_S = 43_200;
/** A token is renewed this long before its end, or after four fifths of a short life. */
const TOKEN_MARGIN_MS = 60_000;
const CLIENT_ID = 'gcr-warden';

function scopeText(scope: Scope): string {
  return scope.kind === 'catalog' ? 'registry:catalog:*' : `repository:${scope.name}:${scope.actions}`;
}

/** Creates the authorizer of one client; what it holds is never shared with a client of other rights. */
export function createAuthorizer(options: {
  readonly transport: Transport;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly originOf: OriginOf;
  readonly rights: Rights;
}): Authorizer {
  const { transport, credentials, clock, originOf, rights } = options;
  const challenges = new Map<string, Promise<Challenged>>();
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
        const url = new URL(`${originOf(host)}/v2/`);
        const line: RequestLine = { method: 'GET', url: redactedUrl(url) };
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
          ? (challengedBy(reply.headers) ?? { scheme: 'none' })
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
    const challenged = await challengeOf(host);
    if (challenged.scheme === 'none') return { header: null, secrets: [] };
    const { credential, identity, secrets } = await credentialFor(host);
    if (credential.kind === 'registry token') return { header: `Bearer ${credential.token}`, secrets };
    if (challenged.scheme === 'basic') return { header: basicHeader(credential), secrets };
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
    const fresh = await once(tokens, key, () => exchange(host, asked, challenged, credential, secrets));
    return fresh.authorization;
  }

  async function exchange(
    host: string,
    scope: Scope,
    challenged: { readonly realm: string; readonly service: string | null },
    credential: Credential,
    secrets: readonly string[],
  ): Promise<HeldToken> {
    const url = realmUrl(host, originOf(host), challenged.realm, credential);
    const service = challenged.service ?? url.host;
    const sentAtMs = clock();
    const parameters = new URLSearchParams({ service, scope: scopeText(scope) });
    let request: {
      readonly method: 'GET' | 'POST';
      readonly headers: Record<string, string>;
      readonly body?: string;
    };
    if (credential.kind === 'identity token') {
      // OAuth 2 with a refresh token (distribution, "Oauth2 Token Authentication").
      parameters.set('grant_type', 'refresh_token');
      parameters.set('client_id', CLIENT_ID);
      parameters.set('refresh_token', credential.token);
      request = {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: parameters.toString(),
      };
    } else {
      for (const [name, value] of parameters) url.searchParams.set(name, value);
      const basic = basicHeader(credential);
      request = { method: 'GET', headers: basic === null ? {} : { authorization: basic } };
    }
    const line: RequestLine = { method: request.method, url: redactedUrl(url) };
    const reply = await transport.send({
      ...request,
      url,
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
      // Google's hosts refuse a bad credential without a challenge; then the one known stays.
      if (challenged !== null) challenges.set(host, Promise.resolve(challenged));
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
        const known = await held.get(host)?.catch(() => null);
        if (known != null && isSentAsItIs(known.credential, refused.header)) held.delete(host);
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

/** The challenge we answer, bearer before basic; null where there is none that we know. */
function challengedBy(headers: ReplyHeaders): Challenged | null {
  const found = parseChallenges(headers['www-authenticate']);
  for (const { scheme, parameters } of found) {
    const realm = parameters.get('realm');
    if (scheme === 'bearer' && realm !== undefined) {
      return { scheme: 'bearer', realm, service: parameters.get('service') ?? null };
    }
  }
  return found.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : null;
}

const KNOWN_ACTIONS: ReadonlySet<string> = new Set(['pull', 'push', 'delete']);

/** The actions that a challenge names for this very repository; null where it names none, or others. */
function actionsIn(headers: ReplyHeaders, name: string): string | null {
  const prefix = `repository:${name}:`;
  for (const { scheme, parameters } of parseChallenges(headers['www-authenticate'])) {
    const scope = parameters.get('scope');
    if (scheme !== 'bearer' || scope === undefined || !scope.startsWith(prefix)) continue;
    const actions = scope.slice(prefix.length);
    if (actions.split(',').every((action) => KNOWN_ACTIONS.has(action))) return actions;
  }
  return null;
}

/**
 * Where tokens are asked for. The challenge says so, and a challenge is nobody's word: a credential goes to
 * the registry's own origin only. Elsewhere a token may be asked for without one, over HTTPS, and never on
 * behalf of a Google host.
 * @throws RegistryError REGISTRY_REALM_REFUSED
 */
function realmUrl(host: string, origin: string, realm: string, credential: Credential): URL {
  const url = URL.canParse(realm) ? new URL(realm) : null;
  const line: RequestLine = { method: 'GET', url: url === null ? origin : redactedUrl(url) };
  if (url === null || url.username !== '' || url.password !== '') {
    throw new RegistryError(
      'REGISTRY_REALM_REFUSED',
      `${host} names a token endpoint that is no plain URL. Check that this host is the registry it should be.`,
      line,
    );
  }
  if (url.origin === new URL(origin).origin) return url;
  const isAnonymousElsewhere =
    credential.kind === 'anonymous' && hostKind(host) === 'other' && url.protocol === 'https:';
  if (isAnonymousElsewhere) return url;
  throw new RegistryError(
    'REGISTRY_REALM_REFUSED',
    `${host} wants its tokens asked for at ${url.origin}. Credentials for a registry are sent to the registry's own host only, so nothing was sent. Use a host that gives out its own tokens.`,
    line,
  );
}

function readToken(body: Buffer, line: RequestLine): { token: string; ageS: number } {
  const refuse = (why: string): never => {
    // Nothing of the body is shown: it is a token's.
    throw new RegistryError(
      'REGISTRY_BODY_INVALID',
      `${line.method} ${line.url} answered 200 ${why}. Check that it is the registry's token endpoint.`,
      line,
      { status: 200 },
    );
  };
  let document: unknown;
  try {
    document = JSON.parse(body.toString('utf8'));
  } catch {
    refuse('with something that is not JSON');
  }
  const fields = (document !== null && typeof document === 'object' ? document : {}) as Record<
    string,
    unknown
  >;
  const token = [fields['token'], fields['access_token']].find(
    (one) => typeof one === 'string' && one !== '',
  );
  if (typeof token !== 'string') return refuse('without a token');
  if (token.length > TOKEN_LENGTH_MAX || !TOKEN_CHARACTERS.test(token))
    return refuse('with a token that can be none');
  const told = Number(fields['expires_in'] ?? Number.NaN);
  const ageS = Number.isFinite(told) && told > 0 ? Math.min(told, TOKEN_AGE_MAX_S) : TOKEN_AGE_DEFAULT_S;
  return { token, ageS };
}
