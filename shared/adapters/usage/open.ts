import type { UsagePlace, UsageSource } from '../../core/usage/place.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import type { GoogleRest } from '../google/rest.ts';
import type { TokenSource } from '../google/token.ts';
import { noUsageSource, oneAtATime, usageFromAll, withinScope } from './source.ts';

export interface UsageOptions {
  readonly clock: Clock;
  /** A loopback origin that stands in for all of Google's APIs and gets no credentials; null for Google. */
  readonly googleEndpoint: string | null;
}

/** In-use sources, opened. */
export interface OpenUsage {
  readonly usage: UsageReader;
  close(): Promise<void>;
}

/** One list may span an organisation. */
const READ_MS = 300_000;
const BODY_BYTES_MAX = 128 * 1024 * 1024;

/**
 * Opens the sources that somebody named, as one reader. What none of them needs is not loaded.
 * @throws WardenError GOOGLE_ENDPOINT_REFUSED where the endpoint is not on this machine
 */
export async function openUsageSources(
  sources: readonly UsageSource[],
  options: UsageOptions,
): Promise<OpenUsage> {
  if (sources.length === 0) return { usage: noUsageSource, close: async () => {} };
  const google = sources.some(({ place }) => asksGoogle(place)) ? await openGoogle(options) : null;
  const readers = await Promise.all(
    sources.map(async (source) => {
      const reader = await readerOf(source, options, google);
      return source.repositories === null ? reader : withinScope(reader, source.repositories);
    }),
  );
  return {
    // Every repository of a run asks again before its first delete; a scan of an organisation costs as much as all of them.
    usage: oneAtATime(usageFromAll(readers)),
    close: async () => {
      await google?.rest.close();
    },
  };
}

interface Google {
  readonly rest: GoogleRest;
  readonly token: TokenSource;
}

function asksGoogle({ kind }: UsagePlace): boolean {
  return kind !== 'file' && kind !== 'kubeconfig';
}

async function openGoogle({ googleEndpoint }: UsageOptions): Promise<Google> {
  const [{ GOOGLE_APIS, GoogleRest }, { applicationDefaultToken }] = await Promise.all([
    import('../google/rest.ts'),
    import('../google/token.ts'),
  ]);
  const limits = { readMs: READ_MS, bodyBytes: BODY_BYTES_MAX };
  if (googleEndpoint === null) {
    const token = applicationDefaultToken();
    return { token, rest: new GoogleRest({ token, limits }) };
  }
  const token: TokenSource = async () => 'none';
  const endpoints = Object.fromEntries(GOOGLE_APIS.map((api) => [api, googleEndpoint]));
  return { token, rest: new GoogleRest({ token, endpoints, limits }) };
}

async function readerOf(
  { place, ageMaxMs, rollbackDepth, revisions }: UsageSource,
  { clock, googleEndpoint }: UsageOptions,
  google: Google | null,
): Promise<UsageReader> {
  switch (place.kind) {
    case 'file': {
      const { readPodsFile } = await import('./pods-file.ts');
      return readPodsFile({ path: place.path, clock, ageMaxMs, rollbackDepth });
    }
    case 'kubeconfig': {
      const { readKubeconfigCluster } = await import('./kubeconfig.ts');
      return readKubeconfigCluster({ ...place, clock, rollbackDepth });
    }
  }
  if (google === null) throw new TypeError(`${place.kind} was not opened`);
  const { rest, token } = google;
  switch (place.kind) {
    case 'object': {
      const { readPodsObject } = await import('./pods-object.ts');
      return readPodsObject({
        rest,
        bucket: place.bucket,
        object: place.object,
        clock,
        ageMaxMs,
        rollbackDepth,
      });
    }
    case 'gke': {
      const { readGke } = await import('./gke.ts');
      return readGke({
        rest,
        token,
        project: place.project,
        clock,
        rollbackDepth,
        allowsLoopback: googleEndpoint !== null,
      });
    }
    case 'asset': {
      const { readAssetInventory } = await import('./asset-inventory.ts');
      return readAssetInventory({ rest, scope: place.scope, clock, ageMaxMs, rollbackDepth, revisions });
    }
    case 'run': {
      const { readCloudRun } = await import('./cloud-run.ts');
      return readCloudRun({ rest, project: place.project, clock, revisions });
    }
    case 'functions': {
      const { readFunctions } = await import('./functions.ts');
      return readFunctions({ rest, project: place.project, clock });
    }
    case 'compute': {
      const { readCompute } = await import('./compute.ts');
      return readCompute({ rest, project: place.project, clock });
    }
  }
}
