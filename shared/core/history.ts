import type { Digest } from './digest.ts';
import { sortDigests } from './digest-finder.ts';
import { type Fact, known, type TimeFact, unknown } from './fact.ts';
import { indexHistory, indexNow, indexOf } from './history-index.ts';
import type { ImageEvent } from './image-event.ts';
import type { ListedManifest, Listing } from './listing.ts';
import { DAY_MS } from './units.ts';

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
  /**
   * Since when it has been there, at the latest; later than `firstSeenAtMs` where it was deleted and pushed
   * again.
   */
  readonly presentSinceMs: number;
  /** The last moment before that at which it was not there, as far as is known; null where none is. */
  readonly absentAtMs: number | null;
  /** In the order of their beginnings. */
  readonly tags: readonly TagSpan[];
  /**
   * Since when it is known to have no tag; null while it has one, and where it was pushed without a tag and no
   * listing has shown it since: a tag of which nobody told can have come and gone.
   */
  readonly untaggedSinceMs: number | null;
  /**
   * `told`: its last tag was told to go just then. `observed`: a listing showed it without a tag, and the last
   * one may have gone before that. null where `untaggedSinceMs` is.
   */
  readonly untaggedBy: HistoryFact['source'] | null;
  /** When it was deleted; null while it is there, as far as was told or observed. */
  readonly deletedAtMs: number | null;
}

/** A tag that was told to go while nobody had told that it was there. */
export interface StrayRemoval {
  readonly tag: string;
  readonly atMs: number;
}

/** What is remembered of a repository: the same for every order in which the facts arrived. */
export interface History {
  readonly version: 1;
  readonly repository: string;
  readonly digests: Readonly<Record<Digest, DigestHistory>>;
  /** The last one, or null. Whatever has no tag may have had that one until then. */
  readonly strayRemoval: StrayRemoval | null;
}

/**
 * How far back a ledger remembers at least. What it forgot is observed anew, so that from there on a digest's
 * first sight says nothing of where it was before.
 */
export const FACTS_KEPT_MS = 800 * DAY_MS;

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

interface Building extends Omit<Mutable<DigestHistory>, 'tags'> {
  tags: Mutable<TagSpan>[];
}

/** Shared by all that never had a tag; never pushed to. */
const NO_SPANS: Mutable<TagSpan>[] = [];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

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
  const { digests: unsorted, strayRemoval } = fold.history;
  const names = sortDigests(Object.keys(unsorted) as Digest[]);
  const entries: DigestHistory[] = new Array(names.length);
  const digests: Record<Digest, DigestHistory> = {};
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as Digest;
    const one = unsorted[name] as DigestHistory;
    entries[at] = one;
    digests[name] = one;
  }
  const history: History = { version: 1, repository, digests, strayRemoval };
  indexHistory(history, names, entries);
  return history;
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
  const history: Mutable<History> = { version: 1, repository, digests, strayRemoval: null };
  const holders = new Map<string, Digest>();
  let oldestMs: number | null = null;
  let lastRemoval: StrayRemoval | null = null;
  // Tags that went with their digest: that they are told to go as well is no news.
  const goneWithDigest = new Set<string>();
  // What a listing adds bears its time, so those are times of complete listings: the last one, and the one before.
  let listedAtMs: number | null = null;
  let listedBeforeMs: number | null = null;

  /** When a digest of which nothing was heard before was last not there: the last listing did not show it. */
  const absentBefore = ({ atMs }: HistoryFact): number | null => {
    if (oldestMs === null || atMs - oldestMs >= FACTS_KEPT_MS) return null;
    return listedAtMs !== null && listedAtMs < atMs ? listedAtMs : listedBeforeMs;
  };
  const seen = (digest: Digest, fact: HistoryFact): Building => {
    const found = digests[digest];
    if (found !== undefined) return found;
    const building: Building = {
      firstSeenAtMs: fact.atMs,
      firstSeenBy: fact.source,
      presentSinceMs: fact.atMs,
      absentAtMs: absentBefore(fact),
      tags: NO_SPANS,
      untaggedSinceMs: null,
      untaggedBy: null,
      deletedAtMs: null,
    };
    digests[digest] = building;
    return building;
  };
  const untag = (tag: string, { atMs, source }: HistoryFact): void => {
    const holder = holders.get(tag);
    if (holder === undefined) return;
    holders.delete(tag);
    const building = digests[holder];
    const span = building?.tags.find((one) => one.tag === tag && one.untilMs === null);
    if (building === undefined || span === undefined) return;
    span.untilMs = atMs;
    if (!isTagged(building)) loseLastTag(building, atMs, source);
  };
  const insert = (digest: Digest, fact: HistoryFact): void => {
    const { atMs, source, tag } = fact;
    const building = seen(digest, fact);
    if (building.deletedAtMs !== null) {
      // Told to come back in the moment in which it went: which of both was first is not known.
      if (building.deletedAtMs < atMs) building.absentAtMs = building.deletedAtMs;
      building.deletedAtMs = null;
      building.presentSinceMs = atMs;
      building.untaggedSinceMs = null;
      building.untaggedBy = null;
    }
    if (tag === null) {
      // A listing that adds nothing but the digest shows that it has no tag, whatever was told late of before.
      if (source === 'observed') {
        for (const { tag: lost, untilMs } of building.tags) if (untilMs === null) untag(lost, fact);
        if (building.untaggedSinceMs === null) loseLastTag(building, atMs, source);
      }
      return;
    }
    if (holders.get(tag) === digest) return;
    untag(tag, fact);
    holders.set(tag, digest);
    goneWithDigest.delete(tag);
    const span = { tag, digest, fromMs: atMs, untilMs: null, source };
    // Most have one: a list that is pushed to has room for seventeen.
    if (building.tags.length === 0) building.tags = [span];
    else building.tags.push(span);
    building.untaggedSinceMs = null;
    building.untaggedBy = null;
  };
  const removeTag = (tag: string, fact: HistoryFact): void => {
    const { atMs, source, digest } = fact;
    const holder = holders.get(tag);
    const isToldAgain = lastRemoval?.atMs === atMs && lastRemoval.tag === tag;
    lastRemoval = { tag, atMs };
    untag(tag, fact);
    if (digest !== null && holder !== digest) {
      // Nobody told that it was there, and this tells whose it was.
      const building = seen(digest, fact);
      if (building.deletedAtMs === null && !isTagged(building)) loseLastTag(building, atMs, source);
    } else if (holder === undefined && source === 'told' && !isToldAgain && !goneWithDigest.delete(tag)) {
      history.strayRemoval = { tag, atMs };
    }
  };
  const add = (fact: HistoryFact): void => {
    const { atMs, source, action, digest, tag } = fact;
    oldestMs ??= atMs;
    if (source === 'observed' && atMs !== listedAtMs) {
      listedBeforeMs = listedAtMs;
      listedAtMs = atMs;
    }
    if (action === 'INSERT' && digest !== null) {
      insert(digest, fact);
    } else if (action === 'DELETE' && tag !== null) {
      removeTag(tag, fact);
    } else if (action === 'DELETE' && digest !== null) {
      const building = seen(digest, fact);
      for (const { tag: held, untilMs } of building.tags) {
        if (untilMs !== null) continue;
        untag(held, fact);
        goneWithDigest.add(held);
      }
      building.deletedAtMs = atMs;
    }
  };
  return { history, add };
}

function isTagged({ tags }: Pick<DigestHistory, 'tags'>): boolean {
  return tags.some(({ untilMs }) => untilMs === null);
}

function loseLastTag(building: Building, atMs: number, by: HistoryFact['source']): void {
  building.untaggedSinceMs = atMs;
  building.untaggedBy = by;
}

/**
 * Since when a digest that has no tag has had none: known where its last tag was told to go, otherwise at the
 * latest when a listing first showed it so, or when a tag was told to go that may have been its.
 */
export function untaggedSince(
  { strayRemoval }: Pick<History, 'strayRemoval'>,
  { untaggedSinceMs, untaggedBy }: Pick<DigestHistory, 'untaggedSinceMs' | 'untaggedBy'>,
): TimeFact {
  if (untaggedSinceMs === null || untaggedBy === null) return NOT_SEEN_UNTAGGED;
  if (strayRemoval !== null && strayRemoval.atMs > untaggedSinceMs)
    return { kind: 'at latest', value: strayRemoval.atMs };
  return untaggedBy === 'told' ? known(untaggedSinceMs) : { kind: 'at latest', value: untaggedSinceMs };
}

const NOT_SEEN_UNTAGGED: Fact<never> = unknown('nobody told when it lost its last tag');

/**
 * Facts from which `deriveHistory` derives this history again, for whoever has only what was derived. Two things
 * are not remembered: when a digest that came back had gone, which here it does at the moment at which it comes
 * back where nothing else is known; and which listings did not show it before it came.
 */
export function factsOfHistory(history: History): HistoryFact[] {
  const facts: HistoryFact[] = [];
  for (const [digest, remembered] of Object.entries(history.digests) as [Digest, DigestHistory][]) {
    const { firstSeenAtMs, firstSeenBy, presentSinceMs, absentAtMs, deletedAtMs } = remembered;
    const { untaggedSinceMs, untaggedBy } = remembered;
    const bare = { digest, tag: null };
    // One that was heard of for the first time when it was deleted.
    const isFirstGone = deletedAtMs === firstSeenAtMs || absentAtMs === firstSeenAtMs;
    facts.push({
      atMs: firstSeenAtMs,
      source: firstSeenBy,
      action: isFirstGone ? 'DELETE' : 'INSERT',
      ...bare,
    });
    if (presentSinceMs > firstSeenAtMs) {
      const goneAtMs = absentAtMs !== null && absentAtMs > firstSeenAtMs ? absentAtMs : presentSinceMs;
      facts.push({ atMs: goneAtMs, source: 'told', action: 'DELETE', ...bare });
      facts.push({ atMs: presentSinceMs, source: 'told', action: 'INSERT', ...bare });
    }
    for (const { tag, fromMs, untilMs, source } of remembered.tags) {
      const by = untaggedBy === 'observed' && untilMs === untaggedSinceMs ? 'observed' : 'told';
      facts.push({ atMs: fromMs, source, action: 'INSERT', digest, tag });
      // One that went in the moment in which it came went to another digest.
      if (untilMs !== null && untilMs !== fromMs)
        facts.push({ atMs: untilMs, source: by, action: 'DELETE', digest: null, tag });
    }
    if (untaggedSinceMs !== null && !remembered.tags.some(({ untilMs }) => untilMs === untaggedSinceMs)) {
      const atMs = untaggedSinceMs;
      // Shown without a tag by a listing, or told to lose one that nobody had told of, whose name is lost too.
      if (untaggedBy === 'observed') facts.push({ atMs, source: untaggedBy, action: 'INSERT', ...bare });
      else facts.push({ atMs, source: 'told', action: 'DELETE', digest, tag: `lost-${digest}` });
    }
    if (deletedAtMs !== null) {
      facts.push({ atMs: deletedAtMs, source: 'told', action: 'DELETE', ...bare });
    }
  }
  const { strayRemoval } = history;
  if (strayRemoval !== null)
    facts.push({
      atMs: strayRemoval.atMs,
      source: 'told',
      action: 'DELETE',
      digest: null,
      tag: strayRemoval.tag,
    });
  return facts;
}

/**
 * Compares what is remembered with a complete listing and returns the facts that were missed: what is there
 * and was never told, tags that moved or went unseen, digests that are gone, and digests that have no tag
 * where so far nobody said so. Deriving again with these facts added agrees with the listing.
 */
export function reconcile(history: History, listing: Listing): HistoryFact[] {
  if (listing.completeness.kind !== 'complete') return [];
  const missed: HistoryFact[] = [];
  const add = (action: HistoryFact['action'], digest: Digest | null, tag: string | null): void => {
    missed.push({ atMs: listing.takenAtMs, source: 'observed', action, digest, tag });
  };
  const { digests, entries, find } = indexOf(history) ?? indexNow(history);
  const isListed = new Uint8Array(entries.length);
  // Nearly all: nothing of them was missed, and no set is made of their tags.
  const isAgreed = new Uint8Array(entries.length);
  for (const manifest of listing.manifests) {
    const { digest, tags } = manifest;
    const place = find(digest);
    const remembered = entries[place];
    const isNew = remembered === undefined || remembered.deletedAtMs !== null;
    if (isNew || isFirstSeenUntagged(manifest, remembered, listing.takenAtMs)) add('INSERT', digest, null);
    if (remembered !== undefined) {
      isListed[place] = 1;
      isAgreed[place] = hasOnlyTag(remembered, tags) ? 1 : 0;
      if (isAgreed[place] === 1) continue;
    }
    const open = openTags(remembered);
    for (const tag of tags) if (!open.has(tag)) add('INSERT', digest, tag);
  }
  let listedTags: ReadonlySet<string> | null = null;
  for (let place = 0; place < entries.length; place++) {
    if (isAgreed[place] === 1) continue;
    const remembered = entries[place] as DigestHistory;
    if (remembered.deletedAtMs !== null) continue;
    if (isListed[place] === 0) {
      add('DELETE', digests[place] as Digest, null);
      continue;
    }
    listedTags ??= new Set(listing.manifests.flatMap(({ tags }) => tags));
    for (const tag of openTags(remembered)) if (!listedTags.has(tag)) add('DELETE', null, tag);
  }
  return missed;
}

/** Whether the tags that a digest has are plainly those that are remembered: none, or the only one it ever had. */
function hasOnlyTag({ tags: spans }: DigestHistory, tags: readonly string[]): boolean {
  const [span] = spans;
  if (tags.length === 0) return span === undefined;
  return tags.length === 1 && spans.length === 1 && span?.untilMs === null && span.tag === tags[0];
}

/** Whether the listing is the first to show that a digest has no tag, and its history shows no tag to be gone. */
function isFirstSeenUntagged(
  { tags }: ListedManifest,
  remembered: DigestHistory,
  listedAtMs: number,
): boolean {
  const { untaggedSinceMs, presentSinceMs } = remembered;
  return (
    tags.length === 0 && untaggedSinceMs === null && presentSinceMs <= listedAtMs && !isTagged(remembered)
  );
}

function openTags(history: DigestHistory | undefined): Set<string> {
  return new Set((history?.tags ?? []).filter((span) => span.untilMs === null).map((span) => span.tag));
}
