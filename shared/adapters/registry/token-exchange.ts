import { hostKind } from '../../core/reference.ts';
import { basicHeader, type Credential } from './credentials.ts';
import { RegistryError, type RequestLine, redactedUrl } from './registry-error.ts';
import type { HttpRequest } from './transport.ts';

/** Where a credential is changed into a token, as a challenge names it. */
export interface TokenEndpoint {
  readonly realm: string;
  readonly service: string | null;
}

const TOKEN_LENGTH_MAX = 16_384;
const TOKEN_CHARACTERS = /^[\x21-\x7e]+$/;
/** Where a reply names no end (distribution, "Token Authentication Specification": 60 seconds). */
const TOKEN_AGE_DEFAULT_S = 60;
/** The longest that Google gives; whoever claims more is asked again after it. */
const TOKEN_AGE_MAX_S = 43_200;
const CLIENT_ID = 'gcr-warden';

/** Whether a credential is of no use on a registry's own paths, and has to be changed into a token first. */
export function needsExchange(credential: Credential): boolean {
  return (
    credential.kind === 'identity token' || (credential.kind === 'basic' && credential.username === '_token')
  );
}

/** The request that changes a credential into a token for one scope; `url` gets its parameters. */
export function tokenRequest(
  url: URL,
  service: string,
  scope: string,
  credential: Credential,
): Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'> {
  const parameters = new URLSearchParams({ service, scope });
  if (credential.kind === 'identity token') {
    // OAuth 2 with a refresh token (distribution, "Oauth2 Token Authentication").
    parameters.set('grant_type', 'refresh_token');
    parameters.set('client_id', CLIENT_ID);
    parameters.set('refresh_token', credential.token);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url, headers, body: parameters.toString() };
  }
  for (const [name, value] of parameters) url.searchParams.set(name, value);
  const basic = basicHeader(credential);
  return { method: 'GET', url, headers: basic === null ? {} : { authorization: basic } };
}

/**
 * Where tokens are asked for. The challenge says so, and a challenge is nobody's word: a credential goes to
 * the registry's own origin only. Elsewhere a token may be asked for without one, over HTTPS, and never on
 * behalf of a Google host.
 * @throws RegistryError REGISTRY_REALM_REFUSED
 */
export function realmUrl(host: string, origin: string, realm: string, credential: Credential): URL {
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

/**
 * The token of a reply, and how long it is good for, in seconds: `token` (distribution, "Token Authentication
 * Specification"), else `access_token`.
 * @throws RegistryError REGISTRY_BODY_INVALID
 */
export function readToken(body: Buffer, line: RequestLine): { token: string; ageS: number } {
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
