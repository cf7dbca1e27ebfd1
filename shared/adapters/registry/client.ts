import type { Clock, Logger, RegistryDeleter, RegistryReader, RegistryWriter } from '../../ports.ts';
import { readCatalog } from './catalog.ts';
import type { Credentials, Rights } from './credentials.ts';
import { type DeletionOptions, deleteDigest, deleteTag } from './deletion.ts';
import { createGuardReader } from './guard.ts';
import { type ListingOptions, listRepository, tagsOfDigest } from './listing.ts';
import { readManifest, resolveTag } from './manifest-source.ts';
import type { ManifestCache } from './relations.ts';
import type { SeenGuards } from './seen-guards.ts';
import { createSession, type Session } from './session.ts';
import type { Challenges } from './token.ts';
import type { Transport } from './transport.ts';
import { hasBlob, putManifest } from './writing.ts';

export interface RegistryClientOptions {
  /** Shared between clients, so that its limits hold for all of them together. The caller closes it. */
  readonly transport: Transport;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Hosts to speak to besides Google's and this machine, each whole: `registry.example.com`. */
  readonly hosts?: readonly string[];
  /** Those of them that speak plain HTTP; this machine does anyway. */
  readonly plainHttpHosts?: readonly string[];
  /** What the reader's listings show a deleter need not ask; shared by both. None by default. */
  readonly seenGuards?: SeenGuards;
  /** What hosts say of how they want to be told who asks; shared by all of them. Of each its own by default. */
  readonly challenges?: Challenges;
}

export interface RegistryReaderOptions extends RegistryClientOptions {
  /** Asked before a manifest is read, and given what was read. */
  readonly manifestCache?: ManifestCache;
  /** How many tags or manifests of one repository are read at once. */
  readonly laneCount?: number;
  /** Told of each page of a listing: how many manifests and tags it names. For showing progress. */
  readonly onPage?: (entries: number) => void;
}

const LANE_COUNT = 16;

function sessionOf(options: RegistryClientOptions, rights: Rights): Session {
  return createSession({
    ...options,
    hosts: options.hosts ?? [],
    plainHttpHosts: options.plainHttpHosts ?? [],
    rights,
  });
}

/** A reader of registries. Whatever a registry demands, it asks for tokens that can pull or list, and no more. */
export function createRegistryReader(options: RegistryReaderOptions): RegistryReader {
  const session = sessionOf(options, 'read');
  const listing: ListingOptions = {
    session,
    clock: options.clock,
    laneCount: options.laneCount ?? LANE_COUNT,
    ...(options.manifestCache === undefined ? {} : { manifestCache: options.manifestCache }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    ...(options.onPage === undefined ? {} : { onPage: options.onPage }),
    ...(options.seenGuards === undefined ? {} : { seenGuards: options.seenGuards }),
  };
  return {
    catalog: (target) => readCatalog(session, target),
    list: (repository) => listRepository(repository, listing),
    resolveTag: async (repository, tag) => (await resolveTag(session, repository, tag))?.digest ?? null,
    readManifest: (repository, digest) => readManifest(session, repository, digest),
    tagsOf: (repository, digest) => tagsOfDigest(repository, digest, listing),
  };
}

/** A deleter, with tokens of its own: pull and push on registries of Google's dialect, delete on others. */
export function createRegistryDeleter(options: RegistryClientOptions): RegistryDeleter {
  const session = sessionOf(options, 'delete');
  const guardReader = createGuardReader(session, options.seenGuards);
  const deletion: DeletionOptions = { session, guardReader, clock: options.clock };
  return {
    guard: (repository) => guardReader.guard(repository),
    deleteTag: (repository, tag, maySend) => deleteTag(repository, tag, deletion, maySend),
    deleteDigest: (repository, digest, maySend) => deleteDigest(repository, digest, deletion, maySend),
  };
}

/** A writer, with tokens of its own that can pull and push. It has no way to delete. */
export function createRegistryWriter(options: RegistryClientOptions): RegistryWriter {
  const session = sessionOf(options, 'write');
  return {
    hasBlob: (repository, digest) => hasBlob(session, repository, digest),
    putManifest: (repository, manifest) => putManifest(session, repository, manifest, null),
    putTag: (repository, tag, manifest) => putManifest(session, repository, manifest, tag),
  };
}
