import type { GoogleAuth } from 'google-auth-library';
import { WardenError } from '../../core/error.ts';
import { hostKind } from '../../core/reference.ts';
import type { Credentials, Rights } from './credentials.ts';

const OAUTH = 'https://www.googleapis.com/auth';
/**
 * OAuth scopes by right. Both of `read` only ever read: `devstorage.read_only` is what Compute Engine's
 * default scopes pull images with (Artifact Registry, "Deploying to Compute Engine"), and
 * `cloud-platform.read-only` what Artifact Registry's API takes for its lists. Pushing and deleting need the
 * whole: what tells them apart is the account's role.
 */
const SCOPES: Readonly<Record<Rights, readonly string[]>> = {
  read: [`${OAUTH}/cloud-platform.read-only`, `${OAUTH}/devstorage.read_only`],
  write: [`${OAUTH}/cloud-platform`],
  delete: [`${OAUTH}/cloud-platform`],
};
/**
 * Stands for a project that nobody asks for. Without one the library looks for it before it gives a token: it
 * starts gcloud, and with workload identity federation it fails where Resource Manager can't be asked.
 */
const NO_PROJECT = 'none';
const NONE_FOUND = 'Could not load the default credentials';
const DEADLINE_MS = 30_000;

export interface AdcOptions {
  /** For one answer of the library, which may ask a metadata server or a token endpoint. Default: 30 s. */
  readonly deadlineMs?: number;
  /** A credentials file of Google's forms, instead of what the environment has. */
  readonly keyFile?: string;
}

/**
 * Application Default Credentials: an access token for Google's registry hosts, and nothing for any other
 * host. The library keeps the token and renews it. Where no credentials are found the answer is `anonymous`,
 * so that public images can be read; the registry refuses the rest by itself.
 */
export function adcCredentials(options: AdcOptions = {}): Credentials {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const opened = new Map<Rights, Promise<GoogleAuth>>();
  return {
    async forHost(host, rights) {
      if (hostKind(host) !== 'google') return { kind: 'anonymous' };
      const opening = opened.get(rights) ?? open(rights, options.keyFile);
      opened.set(rights, opening);
      const auth = await opening;
      let accessToken: string | null | undefined;
      try {
        accessToken = await within(deadlineMs, auth.getAccessToken());
      } catch (thrown) {
        // What the library throws can hold the request, the key file's text or the reply: only its absence of
        // credentials is told apart, and nothing of it is shown.
        if (thrown instanceof Error && thrown.message.startsWith(NONE_FOUND)) return { kind: 'anonymous' };
        throw new WardenError(
          'CREDENTIALS_INVALID',
          `Application Default Credentials gave no access token for ${host}. Run \`gcloud auth application-default print-access-token\` to see why.`,
        );
      }
      if (typeof accessToken !== 'string' || accessToken === '') {
        throw new WardenError(
          'CREDENTIALS_INVALID',
          `Application Default Credentials gave an empty access token for ${host}. Run \`gcloud auth application-default login\`.`,
        );
      }
      return { kind: 'oauth', accessToken };
    },
  };
}

/** Loads the library where it is first needed: most starts of a function never ask a registry. */
async function open(rights: Rights, keyFile: string | undefined): Promise<GoogleAuth> {
  const { GoogleAuth } = await import('google-auth-library');
  return new GoogleAuth({
    scopes: [...SCOPES[rights]],
    projectId: NO_PROJECT,
    ...(keyFile === undefined ? {} : { keyFilename: keyFile }),
  });
}

async function within<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('deadline')), deadlineMs);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
