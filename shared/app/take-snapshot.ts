import { messageOf } from '../core/error.ts';
import { deriveHistory, reconcile } from '../core/history.ts';
import type { Listing } from '../core/listing.ts';
import {
  formatRepository,
  formatTarget,
  parseRepository,
  type Repository,
  type Target,
} from '../core/reference.ts';
import type { RepositorySnapshot, Snapshot } from '../core/snapshot.ts';
import type { Clock, EventLedger, RegistryReader, UsageReader } from '../ports.ts';
import { lanesFor, mapConcurrently } from './concurrency.ts';

export interface SnapshotPorts {
  readonly registry: RegistryReader;
  readonly ledger: Pick<EventLedger, 'historyFacts'>;
  readonly usage: UsageReader;
  readonly clock: Clock;
  /** Requests side by side, which the registry's transport has to hold. */
  readonly concurrency: number;
  /** Told how many repositories were read, of how many; first when the catalog is known. */
  readonly onRead?: (read: number, all: number) => void;
}

/**
 * Reads everything that an evaluation of a target needs. Records nothing: what the listing shows and nobody
 * told is in the snapshot's history and not in the ledger's. A repository that can't be listed is in the
 * snapshot without a manifest, incomplete with its reason.
 */
export async function takeSnapshot(ports: SnapshotPorts, target: Target): Promise<Snapshot> {
  const takenAtMs = ports.clock();
  const catalog = await ports.registry.catalog(target);
  const usage = await ports.usage.read();
  const names = [...catalog.repositories].sort();
  let read = 0;
  ports.onRead?.(read, names.length);
  const repositories = await mapConcurrently(names, lanesFor(ports.concurrency), async (repository) => {
    const snapshot = await snapshotOf(ports, parseRepository(repository), takenAtMs);
    read += 1;
    ports.onRead?.(read, names.length);
    return snapshot;
  });
  return {
    version: 1,
    kind: 'gcr-warden/snapshot',
    takenAtMs,
    target: formatTarget(target),
    catalog: catalog.completeness,
    usage,
    repositories,
  };
}

async function snapshotOf(
  ports: SnapshotPorts,
  repository: Repository,
  takenAtMs: number,
): Promise<RepositorySnapshot> {
  const listing = await listed(ports, repository, takenAtMs);
  const facts = await ports.ledger.historyFacts(listing.repository);
  const missed = reconcile(deriveHistory(listing.repository, facts), listing);
  return { listing, history: deriveHistory(listing.repository, [...facts, ...missed]) };
}

async function listed(ports: SnapshotPorts, repository: Repository, takenAtMs: number): Promise<Listing> {
  try {
    return await ports.registry.list(repository);
  } catch (problem) {
    return {
      version: 1,
      repository: formatRepository(repository),
      takenAtMs,
      completeness: { kind: 'incomplete', reason: messageOf(problem) },
      manifests: [],
      relations: {},
    };
  }
}
