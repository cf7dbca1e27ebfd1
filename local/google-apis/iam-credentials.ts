import { ok } from './reply.ts';
import type { Route } from './route.ts';
import { V } from './route.ts';

const PREFIX = 'token-of:';

/** The account whose token a request bears; null where it is none that was given out here. */
export function accountOfToken(token: string): string | null {
  return token.startsWith(PREFIX) ? token.slice(PREFIX.length) : null;
}

/** iamcredentials.googleapis.com: tokens of accounts that the caller may act as. */
export const IAM_CREDENTIALS: readonly Route[] = [
  {
    name: 'access token',
    method: 'POST',
    pattern: new RegExp(`^/v1/projects/-/serviceAccounts/${V}:generateAccessToken$`),
    permission: 'iam.serviceAccounts.getAccessToken',
    subjects: ([account = '']) => [`token of ${account}`, 'iamcredentials'],
    reply: ({ values: [account = ''], options }) =>
      ok({
        accessToken: `${PREFIX}${account}`,
        expireTime: new Date(options.now + 300_000).toISOString(),
      }),
  },
];
