import * as z from 'zod';
import { WardenError } from '../../core/error.ts';
import { type GoogleRest, path } from './rest.ts';
import type { TokenSource } from './token.ts';

const TOKEN = z.object({ accessToken: z.string().min(1) });

/** Long enough for the reads that it is for. */
const LIFETIME = '300s';

/**
 * Access tokens of a service account that the caller may act as; fetched once, and nothing is made or kept.
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 * @throws WardenError CREDENTIALS_INVALID from the returned source
 */
export function impersonatedToken(rest: GoogleRest, account: string): TokenSource {
  let fetched: Promise<string> | null = null;
  const fetchToken = async (): Promise<string> => {
    const reply = await rest.read({
      api: 'iamCredentials',
      path: path`/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
      body: { scope: ['https://www.googleapis.com/auth/cloud-platform'], lifetime: LIFETIME },
    });
    const parsed = reply.kind === 'read' ? TOKEN.safeParse(reply.body) : null;
    if (parsed?.success === true) return parsed.data.accessToken;
    const why = reply.kind === 'read' ? 'the reply has no token' : reply.reason;
    throw new WardenError('CREDENTIALS_INVALID', `you can't act as ${account}: ${why}`);
  };
  return () => {
    fetched ??= fetchToken();
    return fetched;
  };
}
