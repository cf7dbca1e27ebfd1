import type { Digest } from './digest.ts';
import { DigestFinder, sortDigests } from './digest-finder.ts';
import { known, type TimeFact } from './fact.ts';
import { type DigestHistory, type History, untaggedSince } from './history.ts';

/**
 * What a history remembers, for whoever asks of one digest after the other. Looked up in `History.digests`, an
 * entry, its tags and each time in it are somewhere else in memory: for a hundred thousand digests that took 97
 * of 550 ms. What is asked of nearly all of them stands in columns here, in the order of the digests.
 */
export interface HistoryIndex {
  /** The place of a digest; -1 where nothing is remembered of it. */
  readonly find: (digest: Digest) => number;
  /** All that something is remembered of, by place: sorted. */
  readonly digests: readonly Digest[];
  /** What is remembered, by place. */
  readonly entries: readonly DigestHistory[];
  /** Since when one that has no tag has had none. */
  readonly untaggedSince: (place: number) => TimeFact;
  /** When a tag was put there that is the only one a digest ever had; null where it is not, or is not known. */
  readonly onlyTaggedAt: (place: number, tag: string) => TimeFact | null;
}

// Only of histories that nothing changes any more.
const indexes = new WeakMap<History, HistoryIndex>();

/** The index that was made with a history; null for one that was not derived here, or is still told of facts. */
export function indexOf(history: History): HistoryIndex | null {
  return indexes.get(history) ?? null;
}

const BY_NOBODY = 0;
const OBSERVED = 1;
const TOLD = 2;
const SOURCES = [null, 'observed', 'told'] as const;

/**
 * Makes the index of a history that nothing changes any more, to be found by `indexOf`.
 * @param digests all that it remembers something of, sorted
 * @param entries what it remembers, in the same order
 */
export function indexHistory(
  history: History,
  digests: readonly Digest[],
  entries: readonly DigestHistory[],
): void {
  indexes.set(history, makeIndex(history, digests, entries));
}

/** Makes the index of a history as it is now. */
export function indexNow(history: History): HistoryIndex {
  const digests = sortDigests(Object.keys(history.digests) as Digest[]);
  const entries = digests.map((digest) => history.digests[digest] as DigestHistory);
  return makeIndex(history, digests, entries);
}

function makeIndex(
  history: Pick<History, 'strayRemoval'>,
  digests: readonly Digest[],
  entries: readonly DigestHistory[],
): HistoryIndex {
  const finder = new DigestFinder(digests, (digest) => digest);
  const { length } = entries;
  const onlyTags = new Array<string | null>(length).fill(null);
  const onlyFromMs = new Float64Array(length);
  const onlyBy = new Uint8Array(length);
  const untaggedSinceMs = new Float64Array(length);
  const untaggedBy = new Uint8Array(length);
  for (let place = 0; place < length; place++) {
    const { tags, untaggedSinceMs: sinceMs, untaggedBy: by } = entries[place] as DigestHistory;
    untaggedSinceMs[place] = sinceMs ?? 0;
    if (sinceMs !== null && by !== null) untaggedBy[place] = by === 'told' ? TOLD : OBSERVED;
    const [span] = tags;
    if (span === undefined || tags.length > 1 || span.untilMs !== null) continue;
    onlyTags[place] = span.tag;
    onlyFromMs[place] = span.fromMs;
    onlyBy[place] = span.source === 'told' ? TOLD : OBSERVED;
  }
  return {
    find: (digest) => finder.find(digest),
    digests,
    entries,
    untaggedSince: (place) => {
      const by = SOURCES[untaggedBy[place] ?? BY_NOBODY] ?? null;
      const sinceMs = by === null ? null : (untaggedSinceMs[place] ?? null);
      return untaggedSince(history, { untaggedSinceMs: sinceMs, untaggedBy: by });
    },
    onlyTaggedAt: (place, tag) => {
      if (onlyTags[place] !== tag) return null;
      const atMs = onlyFromMs[place] ?? 0;
      return onlyBy[place] === TOLD ? known(atMs) : { kind: 'at latest', value: atMs };
    },
  };
}
