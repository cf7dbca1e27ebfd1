import type { Clock, Logger, RegistryDeleter, RegistryReader } from '../../ports.ts';
import { createRegistryDeleter, createRegistryReader } from './client.ts';
import type { Credentials } from './credentials.ts';
import type { ManifestCache } from './relations.ts';
import { createTransport } from './transport.ts';

export interface OpenRegistryOptions {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Requests side by side, over all hosts and to one. */
  readonly concurrency: number;
  /** Where manifests that were read once are kept; null where there is no ledger. */
  readonly manifestCache: ManifestCache | null;
  /** Hosts the user named, besides Google's and this machine; none by default. */
  readonly hosts?: readonly string[];
}

/** A reader and, only where somebody asks for one, a deleter over one transport. */
export interface OpenRegistry {
  readonly reader: RegistryReader;
  /** Makes the deleter. A run that only reads never calls this, and so never holds a token that can delete. */
  deleter(): RegistryDeleter;
  close(): Promise<void>;
}

/** Opens registries with shared limits. Connections are made on first use. */
export function openRegistry(options: OpenRegistryOptions): OpenRegistry {
  const { credentials, clock, logger, concurrency, manifestCache, hosts = [] } = options;
  const transport = createTransport({
    clock,
    logger,
    concurrency: { global: concurrency, perHost: concurrency },
  });
  const client = { transport, credentials, clock, logger, hosts };
  return {
    reader: createRegistryReader({
      ...client,
      laneCount: concurrency,
      ...(manifestCache === null ? {} : { manifestCache }),
    }),
    deleter: () => createRegistryDeleter(client),
    close: () => transport.close(),
  };
}
