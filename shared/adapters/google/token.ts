import { WardenError } from '../../core/error.ts';

/** Gives an access token; asked before every request, so it keeps the token itself until it ends. */
export type TokenSource = () => Promise<string>;

/** The only scope that all the read APIs take. What the account may do is decided by its roles. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * Access tokens of Application Default Credentials, or of the account whose credentials a file holds. The library is loaded with the first token, so that
 * whoever never needs one does not wait for it.
 * @throws WardenError CREDENTIALS_INVALID from the returned source
 */
export function applicationDefaultToken(keyFile?: string): TokenSource {
  let auth: Promise<{ getAccessToken(): Promise<string | null | undefined> }> | null = null;
  return async () => {
    let accessToken: string | null | undefined;
    try {
      auth ??= import('google-auth-library').then(
        ({ GoogleAuth }) =>
          new GoogleAuth({ scopes: [SCOPE], ...(keyFile === undefined ? {} : { keyFilename: keyFile }) }),
      );
      accessToken = await (await auth).getAccessToken();
    } catch {
      // What the library throws can hold the request, the key file's text or the reply, so nothing of it is shown.
      accessToken = null;
    }
    if (typeof accessToken !== 'string' || accessToken === '') {
      throw new WardenError(
        'CREDENTIALS_INVALID',
        'Application Default Credentials gave no access token. Run `gcloud auth application-default print-access-token` to see why.',
      );
    }
    return accessToken;
  };
}
