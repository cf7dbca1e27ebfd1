/** How we are known to one host. */
export type Credential =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** A Google access token; sent as the password of `oauth2accesstoken`. */
  | { readonly kind: 'oauth'; readonly accessToken: string }
  /** A registry's own bearer token, used as it is (`registrytoken` of a docker config). */
  | { readonly kind: 'registry token'; readonly token: string }
  /** A refresh token for the registry's token endpoint (`identitytoken` of a docker config). */
  | { readonly kind: 'identity token'; readonly token: string };

/**
 * What a credential is wanted for. A source that can make one with fewer rights does: an access token for
 * `read` can't delete. One that only has what a person stored gives that.
 */
export type Rights = 'read' | 'write' | 'delete';

/** Where credentials come from. Only ever asked for a host that may be spoken to. */
export interface Credentials {
  /**
   * The credential for a host; `anonymous` where there is none for it.
   * @throws WardenError CREDENTIALS_INVALID where there is one and it can't be read or got
   */
  forHost(host: string, rights: Rights): Promise<Credential>;
}

/** Asks one source after the other and takes the first that has something for the host. */
export function firstOf(sources: readonly Credentials[]): Credentials {
  return {
    async forHost(host, rights) {
      for (const source of sources) {
        const credential = await source.forHost(host, rights);
        if (credential.kind !== 'anonymous') return credential;
      }
      return { kind: 'anonymous' };
    },
  };
}

/** The same credential for exactly these hosts, and none for any other. */
export function fixedCredentials(byHost: Readonly<Record<string, Credential>>): Credentials {
  const known = new Map(Object.entries(byHost));
  return {
    async forHost(host) {
      return known.get(host) ?? { kind: 'anonymous' };
    },
  };
}

/** Every text of a credential that must never be shown, in each form in which it is sent. */
export function secretsOf(credential: Credential): string[] {
  switch (credential.kind) {
    case 'anonymous':
      return [];
    case 'basic':
      return [
        credential.password,
        Buffer.from(`${credential.username}:${credential.password}`).toString('base64'),
      ];
    case 'oauth':
      return [
        credential.accessToken,
        Buffer.from(`oauth2accesstoken:${credential.accessToken}`).toString('base64'),
      ];
    default:
      return [credential.token];
  }
}

/** The value of an `Authorization: Basic` header; null where the credential has no such form. */
export function basicHeader(credential: Credential): string | null {
  if (credential.kind === 'basic') return encoded(credential.username, credential.password);
  // Both Google hosts take an access token under this name, with a token exchange and without.
  return credential.kind === 'oauth' ? encoded('oauth2accesstoken', credential.accessToken) : null;
}

function encoded(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
