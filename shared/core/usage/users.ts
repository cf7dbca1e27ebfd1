import type { Digest } from '../digest.ts';
import type { History } from '../history.ts';
import type { Listing } from '../listing.ts';
import { canonicalRepository, virtualPath } from '../repository-alias.ts';
import { MINUTE_MS } from '../units.ts';
import type { Usage } from '../usage.ts';
import { standingFor, type UsageStanding } from './standing.ts';

/** Who uses what of one repository. */
export interface Users {
  /** By digest, wherever it was pulled from. */
  readonly everywhere: ReadonlyMap<Digest, readonly string[]>;
  /** By tags of this repository. */
  readonly here: ReadonlyMap<Digest, readonly string[]>;
  /** What it means that nobody is named. */
  readonly standing: UsageStanding;
}

/** How far the clocks of clusters and registries may be apart. */
const CLOCK_SKEW_MS = 10 * MINUTE_MS;

/** A tag that something names. */
export interface TagUse {
  readonly by: string;
  /** null: the digest is known too, and the tag counts only for what a restart would pull now. */
  readonly sinceMs: number | null;
}

/** All uses, found by what they name. */
export interface UsageIndex {
  readonly byDigest: ReadonlyMap<Digest, readonly string[]>;
  /** By the repository's canonical name and the tag. */
  readonly byTag: ReadonlyMap<string, ReadonlyMap<string, readonly TagUse[]>>;
  /** Digests that are named with a repository, by its canonical name. */
  readonly named: ReadonlyMap<string, ReadonlySet<Digest>>;
  /** Tags that may be served by a virtual repository, by what its upstreams have in common with it. */
  readonly byPath: ReadonlyMap<string, ReadonlyMap<string, readonly TagUse[]>>;
}

// Thousands of repositories are judged by the same answers.
const indexes = new WeakMap<Usage, UsageIndex>();

/** Finds the digests that are named, and the tags by the one name of their repository. */
export function indexUsage(usage: Usage): UsageIndex {
  const found = indexes.get(usage);
  if (found !== undefined) return found;
  const byDigest = new Map<Digest, string[]>();
  const byTag = new Map<string, Map<string, TagUse[]>>();
  const byPath = new Map<string, Map<string, TagUse[]>>();
  const named = new Map<string, Set<Digest>>();
  for (const answer of usage.answers) {
    if (answer.kind === 'unknown') continue;
    for (const { repository, digest, tag, by, sinceMs } of answer.uses) {
      const name = canonicalRepository(repository);
      if (digest !== null) {
        push(byDigest, digest, by);
        const digests = named.get(name);
        if (digests === undefined) named.set(name, new Set([digest]));
        else digests.add(digest);
      }
      if (tag === null) continue;
      push(within(byTag, name), tag, { by, sinceMs: digest === null ? (sinceMs ?? 0) : null });
      const path = digest === null ? virtualPath(repository) : null;
      if (path !== null)
        push(within(byPath, path), tag, { by: `${by}, through ${repository}`, sinceMs: null });
    }
  }
  const index = { byDigest, byTag, named, byPath };
  indexes.set(usage, index);
  return index;
}

/**
 * Finds the digests of a repository that are in use. A digest protects wherever it was pulled from, since the
 * same bytes are the same image in every mirror, virtual and remote repository. A tag protects what it points
 * at now and every digest that it pointed at while the workload existed; where it points at nothing now, or
 * nobody knows since when the workload exists, every digest that it ever pointed at. A tag that is pulled from
 * another repository of the same location and image path protects what it points at here now: that one may be
 * virtual, with this one behind it.
 *
 * @param history reconciled with the listing
 */
export function resolveUsers(usage: Usage, listing: Listing, history: History): Users {
  const { byDigest } = indexUsage(usage);
  const wanted = tagUsesFor(usage, listing.repository);
  return {
    everywhere: byDigest,
    here: wanted.size === 0 ? new Map() : taggedUsers(wanted, listing, history),
    standing: standingFor(usage, listing.repository),
  };
}

/**
 * What of a repository is in use: digests that it lists, digests that are named as its own whether it lists them
 * or not, digests that a tag protects, and the tags of its own that something names.
 *
 * @param history reconciled with the listing
 */
export function usesHere(usage: Usage, listing: Listing, history: History): ReadonlySet<string> {
  const { byTag, named } = indexUsage(usage);
  const name = canonicalRepository(listing.repository);
  const { everywhere, here } = resolveUsers(usage, listing, history);
  const found = new Set<string>([
    ...(named.get(name) ?? []),
    ...here.keys(),
    ...(byTag.get(name)?.keys() ?? []),
  ]);
  if (everywhere.size === 0) return found;
  for (const { digest } of listing.manifests) if (everywhere.has(digest)) found.add(digest);
  return found;
}

const NO_TAGS: ReadonlyMap<string, readonly TagUse[]> = new Map();

/** The uses of a repository's tags, its own before those that may reach it through a virtual one. */
export function tagUsesFor(usage: Usage, repository: string): ReadonlyMap<string, readonly TagUse[]> {
  const { byTag, byPath } = indexUsage(usage);
  const own = byTag.get(canonicalRepository(repository)) ?? NO_TAGS;
  const through = byPath.get(virtualPath(repository) ?? '') ?? NO_TAGS;
  if (through.size === 0) return own;
  const all = new Map<string, readonly TagUse[]>(own);
  for (const [tag, uses] of through) if (!own.has(tag)) all.set(tag, uses);
  return all;
}

function taggedUsers(
  wanted: ReadonlyMap<string, readonly TagUse[]>,
  listing: Listing,
  history: History,
): Map<Digest, readonly string[]> {
  const users = new Map<Digest, string[]>();
  const resolved = new Set<string>();
  for (const { digest, tags } of listing.manifests) {
    for (const tag of tags) {
      const uses = wanted.get(tag);
      if (uses === undefined) continue;
      resolved.add(tag);
      for (const { by } of uses) push(users, digest, by);
    }
  }
  for (const [digest, by] of formerUsers(wanted, history, resolved)) push(users, digest, by);
  return users;
}

/**
 * Digests that a tag pointed at which somebody names: while the workload existed, and at any time where the tag
 * points at nothing now.
 *
 * @param resolved the tags that point at something now
 */
export function* formerUsers(
  wanted: ReadonlyMap<string, readonly TagUse[]>,
  history: History,
  resolved: ReadonlySet<string>,
): Generator<readonly [digest: Digest, by: string]> {
  for (const digest of Object.keys(history.digests) as Digest[]) {
    for (const { tag, untilMs } of history.digests[digest]?.tags ?? []) {
      for (const { by, sinceMs } of wanted.get(tag) ?? []) {
        if (sinceMs === null) continue;
        const overlaps = untilMs === null || untilMs >= sinceMs - CLOCK_SKEW_MS;
        if (overlaps || !resolved.has(tag)) yield [digest, by];
      }
    }
  }
}

function within<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const found = maps.get(key) ?? new Map<K, V>();
  maps.set(key, found);
  return found;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
