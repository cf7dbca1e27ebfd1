import { hostKind } from '../../core/reference.ts';
import type { Clock, Logger, RegistryDeleter, RegistryReader, RegistryWriter } from '../../ports.ts';
import type { PaceLimits } from '../http/pace.ts';
import type { ProxySettings } from '../http/proxy.ts';
import { createRegistryDeleter, createRegistryReader, createRegistryWriter } from './client.ts';
import type { Credentials } from './credentials.ts';
import type { ManifestCache } from './relations.ts';
import { createSeenGuards } from './seen-guards.ts';
import type { Challenges } from './token.ts';
import { createTransport, endingBy, type Transport } from './transport.ts';

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
  /** Those of them that speak plain HTTP; none by default. */
  readonly plainHttpHosts?: readonly string[];
  /** How fast each of Google's hosts is asked. Default: half of the documented quota. */
  readonly pace?: PaceLimits;
  /** Default: `gcr-warden`. */
  readonly userAgent?: string;
  /** The proxy for HTTPS; none by default. */
  readonly proxy?: ProxySettings;
  /** Told of each page of a listing: how many manifests and tags it names. */
  readonly onPage?: (entries: number) => void;
}

/** What works on registries: a reader and, only where somebody asks for one, a deleter. */
export interface RegistryAccess {
  readonly reader: RegistryReader;
  /** Makes the deleter. A run that only reads never calls this, and so never holds a token that can delete. */
  deleter(): RegistryDeleter;
  /** Makes the writer. Only what restores calls this, and it never calls `deleter`. */
  writer(): RegistryWriter;
}

/** Access for as long as the caller likes, over one transport. */
export interface OpenRegistry extends RegistryAccess {
  /**
   * Access for one run: no request is begun, waited for or read at or after `endByMs`, which may move while
   * the run works. Connections, pace and concurrency are shared with all other runs; tokens are not.
   */
  forRun(endByMs: number | (() => number)): RegistryAccess;
  close(): Promise<void>;
}

/** Opens registries with shared limits. Connections are made on first use. */
export function openRegistry(options: OpenRegistryOptions): OpenRegistry {
  const { credentials, clock, logger, concurrency, manifestCache, hosts = [], plainHttpHosts = [] } = options;
  const { pace, userAgent, proxy, onPage } = options;
  const transport = createTransport({
    clock,
    logger,
    concurrency: { global: concurrency, perHost: concurrency },
    ...(pace === undefined ? {} : { paceOf: (host) => (hostKind(host) === 'google' ? pace : null) }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(proxy === undefined ? {} : { proxy }),
  });
  const accessOver = (over: Transport): RegistryAccess => {
    const shared = { seenGuards: createSeenGuards(), challenges: new Map() satisfies Challenges };
    const client = { transport: over, credentials, clock, logger, hosts, plainHttpHosts, ...shared };
    return {
      reader: createRegistryReader({
        ...client,
        laneCount: concurrency,
        ...(manifestCache === null ? {} : { manifestCache }),
        ...(onPage === undefined ? {} : { onPage }),
      }),
      deleter: () => createRegistryDeleter(client),
      writer: () => createRegistryWriter(client),
    };
  };
  return {
    ...accessOver(transport),
    forRun: (endByMs) => accessOver(endingBy(transport, endByMs)),
    close: () => transport.close(),
  };
}
