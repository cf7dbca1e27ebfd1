import type { GoogleAccess } from '../../ports.ts';
import { googleAccess } from './access.ts';
import { GOOGLE_APIS, GoogleRest } from './rest.ts';
import { applicationDefaultToken } from './token.ts';

/** Google's APIs, opened. */
export interface OpenGoogleAccess {
  readonly access: GoogleAccess;
  close(): Promise<void>;
}

/**
 * Opens Google's APIs with Application Default Credentials, or a stand-in for all of them.
 * @param runEnd the end of the run that it is opened for: what is not read by then is unknown; null for none
 * @param onReply told of each reply
 * @param endpoint a loopback origin (`http://127.0.0.1:8085`), which gets no credentials; null for Google
 * @throws WardenError GOOGLE_ENDPOINT_REFUSED where the endpoint is not on this machine
 */
export function openGoogleAccess(
  endpoint: string | null,
  runEnd: AbortSignal | null = null,
  onReply: () => void = () => {},
): OpenGoogleAccess {
  const options = { onReply, ...(runEnd === null ? {} : { runEnd }) };
  const rest =
    endpoint === null
      ? new GoogleRest({ token: applicationDefaultToken(), ...options })
      : new GoogleRest({
          token: async () => 'none',
          ...options,
          endpoints: Object.fromEntries(GOOGLE_APIS.map((api) => [api, endpoint])),
        });
  return { access: googleAccess(rest), close: () => rest.close() };
}
