import type { PullSecretReading } from '../../core/audit/pull-secret.ts';
import { GOOGLE_APIS, GoogleRest } from '../google/rest.ts';
import { applicationDefaultToken, type TokenSource } from '../google/token.ts';
import { type PullSecretPlace, readPullSecrets } from './pull-secrets.ts';

/**
 * Reads the pull secrets of clusters with the credentials of whoever runs this.
 * @param endpoint a loopback origin that stands in for Google's APIs and gets no credentials; null for Google
 * @throws WardenError GOOGLE_ENDPOINT_REFUSED where the endpoint is not on this machine
 */
export async function openPullSecrets(
  places: readonly PullSecretPlace[],
  endpoint: string | null,
): Promise<PullSecretReading> {
  const token: TokenSource = endpoint === null ? applicationDefaultToken() : async () => 'none';
  const rest = new GoogleRest({
    token,
    ...(endpoint === null
      ? {}
      : { endpoints: Object.fromEntries(GOOGLE_APIS.map((api) => [api, endpoint])) }),
  });
  try {
    return await readPullSecrets(places, { rest, token, allowsLoopback: endpoint !== null });
  } finally {
    await rest.close();
  }
}
