import type { Clock, DeploymentReader, GoogleAccess } from '../../ports.ts';
import { googleAccess } from './access.ts';
import { deploymentReader } from './deployment.ts';
import { impersonatedToken } from './impersonation.ts';
import { GOOGLE_APIS, GoogleRest } from './rest.ts';
import { applicationDefaultToken, type TokenSource } from './token.ts';

/** What is read of a deployment, opened. */
export interface OpenDeployment {
  readonly reader: DeploymentReader;
  readonly access: GoogleAccess;
  /** With the caller's own credentials. */
  readonly rest: GoogleRest;
  /** The caller's own. */
  readonly token: TokenSource;
  close(): Promise<void>;
}

/**
 * Opens what reads a deployment, with Application Default Credentials or a stand-in for all of Google's APIs.
 * @param endpoint a loopback origin, which gets no credentials; null for Google
 * @throws WardenError GOOGLE_ENDPOINT_REFUSED where the endpoint is not on this machine
 */
export function openDeployment(endpoint: string | null, clock: Clock): OpenDeployment {
  const place =
    endpoint === null ? {} : { endpoints: Object.fromEntries(GOOGLE_APIS.map((api) => [api, endpoint])) };
  const token: TokenSource = endpoint === null ? applicationDefaultToken() : async () => 'none';
  const rest = new GoogleRest({ token, ...place });
  const others = new Map<string, GoogleRest>();
  const restAs = (account: string): GoogleRest => {
    const opened =
      others.get(account) ?? new GoogleRest({ token: impersonatedToken(rest, account), ...place });
    others.set(account, opened);
    return opened;
  };
  return {
    reader: deploymentReader(rest, restAs, clock),
    access: googleAccess(rest),
    rest,
    token,
    async close() {
      await Promise.all([rest, ...others.values()].map((each) => each.close()));
    },
  };
}
