import {
  claimedChains,
  listedPushes,
  PUBLISHER_SKEW_MS,
  toldPushes,
  unplannedDigests,
} from '../core/claim.ts';
import type { Digest } from '../core/digest.ts';
import { type Manifest, parseManifest } from '../core/manifest.ts';
import type { RepositoryPlan } from '../core/plan.ts';
import { parseRepository } from '../core/reference.ts';
import { MINUTE_MS } from '../core/units.ts';
import type { EventLedger, RegistryReader } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';

export interface ClaimPorts {
  readonly registry: Pick<RegistryReader, 'list' | 'readManifest'>;
  readonly ledger: Pick<EventLedger, 'toldSince'>;
  readonly concurrency: number;
}

/** What of a plan was claimed by somebody since. */
export interface ClaimsFound {
  /** By the chain, in words. */
  readonly claimed: ReadonlyMap<number, string>;
  /** From this time on events have to be read at the next look. */
  readonly knownUntilMs: number;
  /** Why it is not known, or null. */
  readonly gap: string | null;
}

/**
 * A repository whose listing is older than this is listed once more before its first delete: not every registry tells
 * what is pushed, and a plan that a person looked at first is old. What a scheduled run plans and applies at once is
 * younger.
 */
const LISTING_AGE_MAX_MS = 10 * MINUTE_MS;

/** Manifests that were pushed since the plan and are read; with more, it is better to plan again. */
const PUSHED_MAX = 200;

/**
 * Looks once more at the repository as a whole, where its listing is old, and otherwise at what was told since.
 * @throws WardenError REGISTRY_*, or where the ledger fails
 */
export async function firstClaims(
  ports: ClaimPorts,
  work: RepositoryPlan,
  nowMs: number,
): Promise<ClaimsFound> {
  if (Math.abs(nowMs - work.listedAtMs) < LISTING_AGE_MAX_MS) {
    return toldClaims(ports, work, work.listedAtMs, nowMs);
  }
  const listing = await ports.registry.list(parseRepository(work.repository));
  const { completeness, takenAtMs, relations } = listing;
  if (completeness.kind === 'incomplete') return notKnown(`the listing may be cut: ${completeness.reason}`);
  const pushes = listedPushes(work, listing);
  const known = new Map<Digest, Manifest>();
  for (const digest of unplannedDigests(work, pushes)) {
    const fact = relations[digest];
    if (fact?.kind === 'unknown') return notKnown(`${digest} could not be read: ${fact.reason}`);
    if (fact !== undefined) known.set(digest, fact.value);
  }
  return { claimed: claimedChains(work, pushes, known), knownUntilMs: takenAtMs, gap: null };
}

/**
 * Looks at what was told since a time: one query, and one request a manifest that the plan does not know.
 * @throws WardenError as `firstClaims`
 */
export async function toldClaims(
  ports: ClaimPorts,
  work: RepositoryPlan,
  sinceMs: number,
  nowMs: number,
): Promise<ClaimsFound> {
  const facts = await ports.ledger.toldSince(work.repository, sinceMs - PUBLISHER_SKEW_MS);
  const pushes = facts.length === 0 ? [] : toldPushes(work, facts);
  const digests = unplannedDigests(work, pushes);
  if (digests.length > PUSHED_MAX) {
    return notKnown(`${digests.length} manifests were pushed since, which is more than are read. Plan again`);
  }
  const repository = parseRepository(work.repository);
  const read = await mapConcurrently(digests, ports.concurrency, async (digest) => {
    const stored = await ports.registry.readManifest(repository, digest);
    // Gone again, it claims nothing any more.
    return stored === null ? [] : [[digest, parseManifest(stored.content, stored.mediaType)] as const];
  });
  return { claimed: claimedChains(work, pushes, new Map(read.flat())), knownUntilMs: nowMs, gap: null };
}

function notKnown(gap: string): ClaimsFound {
  return { claimed: new Map(), knownUntilMs: 0, gap };
}
