import type { Digest } from './digest.ts';
import type { ImageEvent } from './image-event.ts';
import type { Listing } from './listing.ts';

/**
 * One thing that was seen of a repository. `told` comes from a notification and bears its publish time;
 * `observed` comes from comparing a listing with what was told, and bears the listing's time, which is the
 * latest moment at which it can have happened.
 */
export interface HistoryFact {
  readonly atMs: number;
  readonly source: 'told' | 'observed';
  readonly action: 'INSERT' | 'DELETE';
  readonly digest: Digest | null;
  readonly tag: string | null;
}

/** A time during which a tag pointed at a digest. */
export interface TagSpan {
  readonly tag: string;
  readonly digest: Digest;
  readonly fromMs: number;
  /** null while it still does. */
  readonly untilMs: number | null;
  readonly source: HistoryFact['source'];
}

/** What is remembered of one digest. */
export interface DigestHistory {
  readonly firstSeenAtMs: number;
  readonly firstSeenBy: HistoryFact['source'];
  /** Since when it has been there; later than `firstSeenAtMs` where it was deleted and pushed again. */
  readonly presentSinceMs: number;
  /** In the order of their beginnings. */
  readonly tags: readonly TagSpan[];
  /** Since when it has had no tag; null while it has one. */
  readonly untaggedSinceMs: number | null;
  /** When it was deleted; null while it is there, as far as was told or observed. */
  readonly deletedAtMs: number | null;
}

/** What is remembered of a repository: the same for every order in which the facts arrived. */
export interface History {
  readonly version: 1;
  readonly repository: string;
  readonly digests: Readonly<Record<Digest, DigestHistory>>;
}

/** The fact that a notification tells. */
export function factOf(event: ImageEvent): HistoryFact {
  return {
    atMs: event.publishedAtMs,
    source: 'told',
    action: event.action,
    digest: event.digest,
    tag: event.tag,
  };
}

/**
 * DELETE sorts before INSERT at equal times: that leaves a tag or digest in place, which is the answer that
 * keeps.
 */
function compareFacts(a: HistoryFact, b: HistoryFact): number {
  return (
    a.atMs - b.atMs ||
    compareText(a.action, b.action) ||
    compareText(a.tag ?? '', b.tag ?? '') ||
    compareText(a.digest ?? '', b.digest ?? '') ||
    compareText(a.source, b.source)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Building {
  firstSeenAtMs: number;
  firstSeenBy: HistoryFact['source'];
  presentSinceMs: number;
  tags: { -readonly [K in keyof TagSpan]: TagSpan[K] }[];
  untaggedSinceMs: number | null;
  deletedAtMs: number | null;
}

/** Puts facts into the order in which they count, whatever order they arrived in. */
export function sortFacts(facts: readonly HistoryFact[]): HistoryFact[] {
  return [...facts].sort(compareFacts);
}

/** The same facts in the order in which they count, each once: what they make is the same. */
export function distinctFacts(facts: readonly HistoryFact[]): HistoryFact[] {
  const sorted = sortFacts(facts);
  return sorted.filter((fact, at) => {
    const before = sorted[at - 1];
    return before === undefined || compareFacts(before, fact) !== 0;
  });
}

/**
 * Derives what is remembered from all facts of a repository. The facts' order and their duplicates make no
 * difference: messages come late, twice and unordered.
 */
export function deriveHistory(repository: string, facts: readonly HistoryFact[]): History {
  const fold = foldHistory(repository);
  for (const fact of sortFacts(facts)) fold.add(fact);
  const { digests: unsorted } = fold.history;
  const digests: Record<Digest, DigestHistory> = {};
  for (const digest of (Object.keys(unsorted) as Digest[]).sort()) {
    const one = unsorted[digest];
    if (one !== undefined) digests[digest] = one;
  }
  return { version: 1, repository, digests };
}

/** A history that is told one fact after the other, as they are sorted by `sortFacts`. */
export interface HistoryFold {
  /** What the facts so far say; a view that changes with the next one, digests in no order. */
  readonly history: History;
  add(fact: HistoryFact): void;
}

/** Begins with nothing. For whoever looks at a repository at many times: each fact is taken in once. */
export function foldHistory(repository: string): HistoryFold {
  const digests: Record<Digest, Building> = {};
  const holders = new Map<string, Digest>();

  const seen = (digest: Digest, fact: HistoryFact): Building => {
    const found = digests[digest];
    if (found !== undefined) return found;
    const building: Building = {
      firstSeenAtMs: fact.atMs,
      firstSeenBy: fact.source,
      presentSinceMs: fact.atMs,
      tags: [],
      untaggedSinceMs: fact.atMs,
      deletedAtMs: null,
    };
    digests[digest] = building;
    return building;
  };
  const untag = (tag: string, atMs: number): void => {
    const holder = holders.get(tag);
    if (holder === undefined) return;
    holders.delete(tag);
    const building = digests[holder];
    const span = building?.tags.find((one) => one.tag === tag && one.untilMs === null);
    if (building === undefined || span === undefined) return;
    span.untilMs = atMs;
    if (building.tags.every((one) => one.untilMs !== null)) building.untaggedSinceMs = atMs;
  };
  const add = (fact: HistoryFact): void => {
    if (fact.action === 'INSERT' && fact.digest !== null) {
      const building = seen(fact.digest, fact);
      if (building.deletedAtMs !== null) {
        building.deletedAtMs = null;
        building.presentSinceMs = fact.atMs;
        building.untaggedSinceMs = fact.atMs;
      }
      if (fact.tag === null || holders.get(fact.tag) === fact.digest) return;
      untag(fact.tag, fact.atMs);
      holders.set(fact.tag, fact.digest);
      building.tags.push({
        tag: fact.tag,
        digest: fact.digest,
        fromMs: fact.atMs,
        untilMs: null,
        source: fact.source,
      });
      building.untaggedSinceMs = null;
    } else if (fact.action === 'DELETE' && fact.tag !== null) {
      untag(fact.tag, fact.atMs);
    } else if (fact.action === 'DELETE' && fact.digest !== null) {
      const building = seen(fact.digest, fact);
      for (const span of building.tags) if (span.untilMs === null) untag(span.tag, fact.atMs);
      building.deletedAtMs = fact.atMs;
    }
  };
  return { history: { version: 1, repository, digests }, add };
}

/**
 * Facts from which `deriveHistory` derives this history again, for whoever has only what was derived. When a
 * digest that came back had gone is not remembered: here it goes at the moment at which it comes back.
 */
export function factsOfHistory(history: History): HistoryFact[] {
  const facts: HistoryFact[] = [];
  for (const [digest, remembered] of Object.entries(history.digests) as [Digest, DigestHistory][]) {
    const { firstSeenAtMs, firstSeenBy, presentSinceMs, deletedAtMs } = remembered;
    const bare = { digest, tag: null };
    // One that was heard of for the first time when it was deleted.
    const isOnlyGone = deletedAtMs === firstSeenAtMs;
    if (!isOnlyGone) facts.push({ atMs: firstSeenAtMs, source: firstSeenBy, action: 'INSERT', ...bare });
    if (presentSinceMs > firstSeenAtMs) {
      facts.push({ atMs: presentSinceMs, source: 'observed', action: 'DELETE', ...bare });
      facts.push({ atMs: presentSinceMs, source: 'observed', action: 'INSERT', ...bare });
    }
    for (const { tag, fromMs, untilMs, source } of remembered.tags) {
      facts.push({ atMs: fromMs, source, action: 'INSERT', digest, tag });
      if (untilMs !== null) facts.push({ atMs: untilMs, source, action: 'DELETE', digest: null, tag });
    }
    if (deletedAtMs !== null) {
      facts.push({ atMs: deletedAtMs, source: firstSeenBy, action: 'DELETE', ...bare });
    }
  }
  return facts;
}

/**
 * Compares what is remembered with a complete listing and returns the facts that were missed: what is there
 * and was never told, tags that moved or went unseen, digests that are gone. Deriving again with these facts
 * added agrees with the listing.
 */
export function reconcile(history: History, listing: Listing): HistoryFact[] {
  if (listing.completeness.kind !== 'complete') return [];
  const missed: HistoryFact[] = [];
  const add = (action: HistoryFact['action'], digest: Digest | null, tag: string | null): void => {
    missed.push({ atMs: listing.takenAtMs, source: 'observed', action, digest, tag });
  };
  const listed = new Set<Digest>();
  const listedTags = new Set<string>();
  for (const manifest of listing.manifests) {
    listed.add(manifest.digest);
    for (const tag of manifest.tags) listedTags.add(tag);
    const remembered = history.digests[manifest.digest];
    if (remembered === undefined || remembered.deletedAtMs !== null) add('INSERT', manifest.digest, null);
    const open = openTags(remembered);
    for (const tag of manifest.tags) if (!open.has(tag)) add('INSERT', manifest.digest, tag);
  }
  for (const [digest, remembered] of Object.entries(history.digests) as [Digest, DigestHistory][]) {
    if (remembered.deletedAtMs !== null) continue;
    if (!listed.has(digest)) add('DELETE', digest, null);
    for (const tag of openTags(remembered)) {
      if (listed.has(digest) && !listedTags.has(tag)) add('DELETE', null, tag);
    }
  }
  return missed;
}

function openTags(history: DigestHistory | undefined): Set<string> {
  return new Set((history?.tags ?? []).filter((span) => span.untilMs === null).map((span) => span.tag));
}
