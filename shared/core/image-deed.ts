import type { ImageAccess } from './audit-log-entry.ts';
import { dayOf } from './day-ranges.ts';
import type { Digest } from './digest.ts';
import { canonicalJson } from './hash.ts';
import type { DigestHistory, TagSpan } from './history.ts';
import type { JournalEntry } from './journal.ts';
import { MINUTE_MS } from './units.ts';

/** Something that somebody did to an image, as the audit log told it. */
export interface ImageDeed {
  readonly atMs: number;
  readonly kind: 'push' | 'untag' | 'delete';
  /** null where the request named a tag. */
  readonly digest: Digest | null;
  readonly tag: string | null;
  /** The account; null where Google left that out. */
  readonly by: string | null;
  /** Whether that is an account of the warden. */
  readonly isOwn: boolean;
}

/** Who did something. Whatever nobody wrote down is unknown. */
export type Doer =
  | { readonly kind: 'account'; readonly email: string }
  | { readonly kind: 'warden' }
  | { readonly kind: 'unknown' };

/** Who did what to one image. */
export interface ImageDoers {
  readonly pushed: Doer;
  /** As the tags of its history. */
  readonly tags: readonly { readonly set: Doer; readonly removed: Doer | null }[];
  /** null while it is there. */
  readonly deleted: Doer | null;
}

const UNKNOWN: Doer = { kind: 'unknown' };
const WARDEN: Doer = { kind: 'warden' };

/** The log's time of a request and the time at which it was told of are so near to each other. */
const NEAR_MS = 2 * MINUTE_MS;

/** Something that only a listing showed happened before it: so many days are looked at. */
const BEFORE_LISTING_DAYS = 7;

/** The deed that an entry tells of; null for pulls, and for what failed and so did nothing. */
export function deedOf(access: ImageAccess): ImageDeed | null {
  const { kind, atMs, digest, tag, principal, hasFailed, isOwn } = access;
  return kind === 'pull' || hasFailed ? null : { atMs, kind, digest, tag, by: principal, isOwn };
}

/** One text for the same deed, however often it is told. */
export function deedName(deed: ImageDeed): string {
  return canonicalJson(deed);
}

/** The days on which deeds about an image can have been done. */
export function daysOfDeeds(history: DigestHistory): readonly number[] {
  const days = new Set<number>();
  const around = (atMs: number): void => {
    for (const ms of [atMs - NEAR_MS, atMs + NEAR_MS]) days.add(dayOf(ms));
  };
  const before = (atMs: number): void => {
    around(atMs);
    for (let back = 1; back <= BEFORE_LISTING_DAYS; back += 1) days.add(dayOf(atMs) - back);
  };
  if (history.firstSeenBy === 'told') around(history.presentSinceMs);
  else before(history.presentSinceMs);
  for (const { fromMs, untilMs } of history.tags) {
    around(fromMs);
    if (untilMs !== null) around(untilMs);
  }
  if (history.deletedAtMs !== null) before(history.deletedAtMs);
  return [...days].sort((a, b) => a - b);
}

/**
 * Who did what to an image: the warden where its journal says so, an account where the log does. A deed by tag does
 * not say which digest it was about, and counts only close to the time at which the registry told of it.
 */
export function doersOf(
  digest: Digest,
  history: DigestHistory,
  deeds: readonly ImageDeed[],
  journal: readonly JournalEntry[],
): ImageDoers {
  const sorted = deeds.toSorted((a, b) => a.atMs - b.atMs);
  const isNear = (deed: ImageDeed, atMs: number): boolean => Math.abs(deed.atMs - atMs) <= NEAR_MS;
  const nearest = (atMs: number, isWanted: (deed: ImageDeed) => boolean): Doer =>
    doerOf(
      sorted
        .filter((deed) => isWanted(deed) && isNear(deed, atMs))
        .sort((a, b) => Math.abs(a.atMs - atMs) - Math.abs(b.atMs - atMs))[0],
    );
  const ownStep = (kind: 'untag' | 'delete', tag: string | null, atMs: number): boolean =>
    journal.some(
      ({ intent: { step }, settlement }) =>
        step.kind === kind &&
        (step.kind === 'delete' || step.tag === tag) &&
        settlement?.outcome.kind === 'deleted' &&
        settlement.atMs >= history.presentSinceMs &&
        settlement.atMs <= atMs + NEAR_MS,
    );

  const { presentSinceMs, deletedAtMs, tags } = history;
  const firstTags = new Set(
    tags.filter(({ fromMs }) => Math.abs(fromMs - presentSinceMs) <= NEAR_MS).map(({ tag }) => tag),
  );
  const isPush = (deed: ImageDeed): boolean =>
    deed.kind === 'push' && (deed.digest === digest || (deed.tag !== null && firstTags.has(deed.tag)));
  const seenLater = sorted.findLast(
    (deed) => deed.kind === 'push' && deed.digest === digest && deed.atMs <= presentSinceMs,
  );
  const pushed = history.firstSeenBy === 'told' ? nearest(presentSinceMs, isPush) : doerOf(seenLater);

  const removedBy = ({ tag }: TagSpan, untilMs: number): Doer => {
    if (ownStep('untag', tag, untilMs)) return WARDEN;
    return nearest(
      untilMs,
      (deed) =>
        (deed.tag === tag && deed.kind !== 'delete') || (deed.kind === 'delete' && deed.digest === digest),
    );
  };
  const deletion = (atMs: number): Doer => {
    if (ownStep('delete', null, atMs)) return WARDEN;
    return doerOf(
      sorted.findLast(
        (deed) =>
          deed.kind === 'delete' &&
          deed.digest === digest &&
          deed.atMs <= atMs + NEAR_MS &&
          deed.atMs >= presentSinceMs - NEAR_MS,
      ),
    );
  };
  return {
    pushed,
    tags: tags.map((span) => ({
      set: nearest(span.fromMs, (deed) => deed.kind === 'push' && deed.tag === span.tag),
      removed: span.untilMs === null ? null : removedBy(span, span.untilMs),
    })),
    deleted: deletedAtMs === null ? null : deletion(deletedAtMs),
  };
}

function doerOf(deed: ImageDeed | undefined): Doer {
  if (deed === undefined) return UNKNOWN;
  if (deed.isOwn) return WARDEN;
  return deed.by === null ? UNKNOWN : { kind: 'account', email: deed.by };
}

/** `ann@example.com`, `gcr-warden` or `unknown`. */
export function doerText(doer: Doer): string {
  if (doer.kind === 'account') return doer.email;
  return doer.kind === 'warden' ? 'gcr-warden' : 'unknown';
}
