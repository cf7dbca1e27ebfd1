import type { Digest } from './digest.ts';
import { type Fact, known, type TimeFact, unknown } from './fact.ts';
import { type DigestHistory, type History, type TagSpan, untaggedSince } from './history.ts';
import { indexOf } from './history-index.ts';
import type { ListedManifest } from './listing.ts';

/** The times of an artifact that only the ledger remembers, by its root. */
export interface RememberedTimes {
  /** When it was uploaded, for a registry that tells no upload time at all. */
  readonly uploadedAt: (manifest: ListedManifest) => TimeFact;
  /** Since when it has had no tag; null where it has one. */
  readonly untaggedSince: (root: Digest, tags: readonly string[]) => TimeFact;
  /** When the youngest of its tags was put there; null where it has none. */
  readonly taggedAt: (root: Digest, tags: readonly string[]) => TimeFact;
}

const NULL_FACT: Fact<null> = known(null);
const UNTAGGED_BY_NOBODY: Fact<never> = unknown('nobody told when it lost its last tag');

/** Reads by the history's index where it has one, which gives the same in a fraction of the time. */
export function rememberedTimes(history: History): RememberedTimes {
  const index = indexOf(history);
  const entryOf = (digest: Digest): DigestHistory | undefined => history.digests[digest];
  return {
    uploadedAt: (manifest) => uploadedAt(manifest, entryOf(manifest.digest)),
    untaggedSince: (root, tags) => {
      if (tags.length > 0) return NULL_FACT;
      if (index === null) {
        const entry = entryOf(root);
        return entry === undefined ? UNTAGGED_BY_NOBODY : untaggedSince(history, entry);
      }
      const place = index.find(root);
      return place === -1 ? UNTAGGED_BY_NOBODY : index.untaggedSince(place);
    },
    taggedAt: (root, tags) => {
      const [tag] = tags;
      if (tag === undefined) return NULL_FACT;
      if (index === null) return taggedAt(tags, entryOf(root));
      const place = index.find(root);
      const only = place === -1 || tags.length > 1 ? null : index.onlyTaggedAt(place, tag);
      return only ?? taggedAt(tags, index.entries[place]);
    },
  };
}

/**
 * The ledger's first sight of a digest since it was last gone is the latest at which the upload can have been; it
 * was after the last moment at which the digest is known not to have been there.
 */
function uploadedAt(manifest: ListedManifest, remembered: DigestHistory | undefined): TimeFact {
  if (remembered === undefined) return manifest.uploadedAtMs;
  const { presentSinceMs, absentAtMs } = remembered;
  const latest = { kind: 'at latest', value: presentSinceMs } as const;
  return absentAtMs === null ? latest : { ...latest, afterMs: absentAtMs };
}

/** A tag that a listing showed first was put there at the latest then. */
function taggedAt(tags: readonly string[], remembered: DigestHistory | undefined): TimeFact {
  let youngest: TagSpan | null = null;
  for (const tag of tags) {
    const span = remembered === undefined ? null : openSpan(remembered.tags, tag);
    if (span === null) return unknown(`nobody told when tag ${tag} was put there`);
    if (youngest === null || isYounger(span, youngest)) youngest = span;
  }
  if (youngest === null) return NULL_FACT;
  return youngest.source === 'told' ? known(youngest.fromMs) : { kind: 'at latest', value: youngest.fromMs };
}

/** Of two that were put there at one time, one of which was told, the other one makes it no later. */
function isYounger(one: TagSpan, other: TagSpan): boolean {
  return one.fromMs > other.fromMs || (one.fromMs === other.fromMs && one.source === 'told');
}

function openSpan(spans: readonly TagSpan[], tag: string): TagSpan | null {
  for (const span of spans) if (span.untilMs === null && span.tag === tag) return span;
  return null;
}
