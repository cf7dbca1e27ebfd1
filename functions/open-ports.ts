import packageJson from '../package.json' with { type: 'json' };
import { createJsonLogger } from '../shared/adapters/logging/json-logger.ts';
import { openConfiguredPubSub } from '../shared/adapters/messaging/open-pubsub.ts';
import { createPubSubPublisher } from '../shared/adapters/messaging/pubsub-publisher.ts';
import type { PubSubRest } from '../shared/adapters/messaging/pubsub-rest.ts';
import type { OpenRegistry } from '../shared/adapters/registry/open.ts';
import type {
  Ledger,
  Logger,
  PolicyFileReader,
  PolicyReader,
  Publisher,
  RegistryReader,
  UsageReader,
} from '../shared/ports.ts';
import { readSettings, type Settings } from './settings.ts';

/** What every deployed function has from its start: cheap, and nothing that speaks to anybody. */
export const settings: Settings = readSettings(process.env);

export const logger: Logger = createJsonLogger((line) => process.stdout.write(line), {
  from: settings.logFrom,
  project: settings.traceProject,
});

/** Requests side by side in one instance. */
export const CONCURRENCY = 20;

/**
 * Makes something when it is first asked for and keeps it for the life of the instance. A failure is not
 * kept: the next request tries again.
 */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((problem: unknown) => {
      made = null;
      throw problem;
    });
    return made;
  };
}

/** The ledger named by the environment. */
export const openConfiguredLedger: () => Promise<Ledger> = once(async () => {
  const { openLedger } = await import('../shared/adapters/ledger/open-ledger.ts');
  return openLedger(settings.ledger);
});

/** Registries, with the function's own service account. */
export async function openConfiguredRegistry(ledger: Ledger): Promise<OpenRegistry> {
  const [{ openRegistry }, { adcCredentials }] = await Promise.all([
    import('../shared/adapters/registry/open.ts'),
    import('../shared/adapters/registry/adc.ts'),
  ]);
  return openRegistry({
    ...settings.registry,
    userAgent: `gcr-warden/${packageJson.version}`,
    credentials: adcCredentials(),
    clock: Date.now,
    logger,
    concurrency: CONCURRENCY,
    manifestCache: ledger,
  });
}

/** Readers for one run each, whose listings are compared with Artifact Registry's API until the run ends. */
export async function openConfiguredCrossChecks(): Promise<
  (reader: RegistryReader, endByMs: number) => RegistryReader
> {
  const [{ openImageRecords }, { crossChecking }] = await Promise.all([
    import('../shared/adapters/google/image-records.ts'),
    import('../shared/app/cross-checking.ts'),
  ]);
  const records = openImageRecords();
  return (reader, endByMs) => crossChecking(reader, records.until(endByMs, Date.now));
}

/** The variable that Google's own clients know for an emulator; null for Google's service. */
function pubsubEmulator(): string | null {
  return process.env['PUBSUB_EMULATOR_HOST'] || null;
}

/** Reads Pub/Sub, with the function's own service account. */
export function openPubSub(): PubSubRest {
  return openConfiguredPubSub(pubsubEmulator());
}

/** Publishes, with the function's own service account. */
export function openPublisher(): Publisher {
  return createPubSubPublisher(pubsubEmulator());
}

/** The policies named by the environment. */
export async function openConfiguredPolicies(): Promise<PolicyReader> {
  const [files, { parsePolicyFolder }] = await Promise.all([
    openConfiguredPolicyFiles(),
    import('../shared/core/policy-file/folder.ts'),
  ]);
  return { read: async () => parsePolicyFolder(await files.read()) };
}

/** The same as texts, with the exceptions from the audit among them: a bucket's, or a folder's. */
export async function openConfiguredPolicyFiles(): Promise<PolicyFileReader> {
  const [, bucket, prefix = ''] = /^gs:\/\/([^/]+)(?:\/(.*))?$/.exec(settings.policies) ?? [];
  if (bucket === undefined) {
    const { readPolicyFiles } = await import('../shared/adapters/policies/folder.ts');
    return { read: () => readPolicyFiles(settings.policies) };
  }
  const [{ policyBucketFiles }, { GoogleAuth }] = await Promise.all([
    import('../shared/adapters/policies/bucket.ts'),
    import('google-auth-library'),
  ]);
  // The variable that Google's own clients know for an emulator. The adapter takes loopback addresses only, and
  // gets a word instead of a token.
  const emulator = process.env['STORAGE_EMULATOR_HOST'];
  if (emulator !== undefined)
    return policyBucketFiles({ bucket, prefix, baseUrl: emulator, token: async () => 'none' });
  const auth = new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/devstorage.read_only'] });
  return policyBucketFiles({
    bucket,
    prefix,
    token: async () => (await auth.getAccessToken()) ?? null,
  });
}

/** The in-use sources named by the environment. */
export async function openConfiguredUsage(): Promise<UsageReader> {
  const [{ openUsageSources }, { parseUsageSources }] = await Promise.all([
    import('../shared/adapters/usage/open.ts'),
    import('../shared/core/usage/place.ts'),
  ]);
  const sources = parseUsageSources(settings.inUse ?? '');
  return (await openUsageSources(sources, { clock: Date.now, googleEndpoint: null })).usage;
}
