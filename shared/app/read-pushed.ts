import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/error.ts';
import type { StoredManifest } from '../core/journal.ts';
import type { Listing } from '../core/listing.ts';
import type { Repository } from '../core/reference.ts';
import { DEFAULT_UNDO_MS } from '../core/undo-term.ts';
import { DAY_MS } from '../core/units.ts';
import type { Logger, RegistryReader, RunLedger } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';

/** A run follows a push within a week; what it missed then the deletion reads. */
const PUSHED_WITHIN_MS = 8 * DAY_MS;

/** Of one run. A repository that is met for the first time may have a hundred thousand that are as young. */
const READ_MAX = 1_000;

/** After so many that can't be read no further one is tried: the registry is down, or closed. */
const FAILURES_MAX = 20;

export interface ReadPushedPorts {
  readonly registry: Pick<RegistryReader, 'readManifest'>;
  readonly ledger: Pick<RunLedger, 'listedManifests' | 'saveListedManifests'>;
  readonly logger: Logger;
  readonly concurrency: number;
}

/**
 * Reads what was pushed lately and keeps it as long as it is listed, so that its deletion, whenever it comes, need
 * not read it. Whatever fails is told and costs one request later: nothing is judged by it.
 */
export async function readPushed(
  { registry, ledger, logger, concurrency }: ReadPushedPorts,
  repository: Repository,
  listing: Listing,
  nowMs: number,
): Promise<void> {
  // What an incomplete listing lacks would be taken for something that is listed no more.
  if (listing.completeness.kind === 'incomplete') return;
  const young: { readonly digest: Digest; readonly atMs: number }[] = [];
  for (const { digest, uploadedAtMs } of listing.manifests) {
    // What may have relations was read for the listing.
    if (uploadedAtMs.kind === 'unknown' || listing.relations[digest]?.kind === 'known') continue;
    if (nowMs - uploadedAtMs.value < PUSHED_WITHIN_MS) young.push({ digest, atMs: uploadedAtMs.value });
  }
  young.sort((a, b) => b.atMs - a.atMs);
  const asked = young.slice(0, READ_MAX).map(({ digest }) => digest);
  if (asked.length === 0) return;
  const failures: string[] = [];
  const readOne = async (digest: Digest): Promise<StoredManifest | null> => {
    if (failures.length >= FAILURES_MAX) return null;
    try {
      return await registry.readManifest(repository, digest);
    } catch (problem) {
      failures.push(messageOf(problem));
      return null;
    }
  };
  try {
    const known = new Set(
      (await ledger.listedManifests(listing.repository, asked)).map(({ digest }) => digest),
    );
    const read = await mapConcurrently(
      asked.filter((digest) => !known.has(digest)),
      concurrency,
      readOne,
    );
    const fresh = read.filter((manifest) => manifest !== null);
    const listed = listing.manifests.map(({ digest }) => digest);
    await ledger.saveListedManifests(listing.repository, fresh, listed, nowMs + DEFAULT_UNDO_MS);
  } catch (problem) {
    failures.push(messageOf(problem));
  }
  const [reason] = failures;
  if (reason === undefined) return;
  logger.log('WARNING', 'manifests that were pushed could not all be kept; their deletion reads them', {
    repository: listing.repository,
    reason,
  });
}
