import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isRepositoryName } from './name.ts';

/** What a token allows. `none` is what a token asked for without a scope is good for: `GET /v2/`. */
export type Grant =
  | { readonly kind: 'none' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'repository'; readonly name: string; readonly write: boolean };

/** A user name and a password that `/v2/token` takes by Basic authentication. */
export interface Credential {
  readonly username: string;
  readonly password: string;
}

/** Artifact Registry's tokens were seen to live this long (dialect: token-life). */
export const TOKEN_LIFETIME_SECONDS = 43_200;

/**
 * Makes and reads bearer tokens: a grant and an expiry under a MAC whose key lives as long as the registry,
 * so that no table of tokens has to be kept, or until all are revoked. Time is the process's monotonic clock, because the clock of the
 * uploads may be moved.
 */
export class TokenIssuer {
  #key = randomBytes(32);

  /** Makes a token for a grant. The result is a secret. */
  issue(grant: Grant, monotonicMs: number): string {
    const expiresAtMs = monotonicMs + TOKEN_LIFETIME_SECONDS * 1000;
    const payload = Buffer.from(JSON.stringify({ grant, expiresAtMs })).toString('base64url');
    return `${payload}.${this.#mac(payload).toString('base64url')}`;
  }

  /** Makes every token that was made so far worthless. */
  revokeAll(): void {
    this.#key = randomBytes(32);
  }

  /** What a token allows, or null where it is not ours, was changed, or is over. */
  read(token: string, monotonicMs: number): Grant | null {
    const [payload, mac, rest] = token.split('.');
    if (payload === undefined || mac === undefined || rest !== undefined) return null;
    const given = Buffer.from(mac, 'base64url');
    const expected = this.#mac(payload);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    const { grant, expiresAtMs } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
      grant: Grant;
      expiresAtMs: number;
    };
    return monotonicMs < expiresAtMs ? grant : null;
  }

  #mac(payload: string): Buffer {
    return createHmac('sha256', this.#key).update(payload).digest();
  }
}

/**
 * Reads one scope as a token request carries it; null where it is malformed. Deleting needs no action of
 * its own: Google challenges it with `pull,push`. Clients that ask for `delete` or `*` get the same.
 */
export function parseScope(scope: string): Grant | null {
  if (scope === 'registry:catalog:*') return { kind: 'catalog' };
  const parts = /^repository:([^:]+):([a-z*,]+)$/.exec(scope);
  const name = parts?.[1];
  const actions = parts?.[2]?.split(',');
  if (name === undefined || actions === undefined || !isRepositoryName(name)) return null;
  const write = actions.includes('push') || actions.includes('*');
  return write || actions.includes('pull') ? { kind: 'repository', name, write } : { kind: 'none' };
}

/** Reads an `Authorization: Basic …` header; null where it is none. */
export function parseBasic(header: string): Credential | null {
  const encoded = /^Basic +([A-Za-z0-9+/_=-]+)$/i.exec(header)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Whether a credential is among those allowed, in a time that does not tell how much of it was right. */
export function isAllowed(given: Credential, allowed: readonly Credential[]): boolean {
  const presented = fingerprint(given);
  return allowed.filter((credential) => timingSafeEqual(fingerprint(credential), presented)).length > 0;
}

function fingerprint({ username, password }: Credential): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([username, password]))
    .digest();
}
