import { WardenError } from '../../core/error.ts';
import { isLoopback } from '../../core/reference.ts';
import { applicationDefaultToken } from '../google/token.ts';
import { openPubSub, type PubSubRest } from './pubsub-rest.ts';

/**
 * Opens Pub/Sub with Application Default Credentials, or an emulator, or a stand-in on this machine; neither of
 * these gets credentials.
 * @param emulator `HOST:PORT`, as Google's own clients take it from `PUBSUB_EMULATOR_HOST`; null for none
 * @param endpoint a loopback origin (`http://127.0.0.1:8085`); null for none
 * @throws WardenError GOOGLE_ENDPOINT_REFUSED where the endpoint is not on this machine
 */
export function openConfiguredPubSub(emulator: string | null, endpoint: string | null = null): PubSubRest {
  const token = applicationDefaultToken();
  if (endpoint !== null) {
    const url = URL.parse(endpoint);
    if (url === null || !isLoopback(url.host)) {
      throw new WardenError(
        'GOOGLE_ENDPOINT_REFUSED',
        `${endpoint} is not on this machine. A stand-in for Google's APIs has to be.`,
      );
    }
    return openPubSub({ token, origin: url.origin, isStandIn: true });
  }
  return openPubSub({ token, origin: emulator === null || emulator === '' ? null : `http://${emulator}` });
}
