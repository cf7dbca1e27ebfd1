import { type DayRanges, endOfDayMs } from '../../core/day-ranges.ts';
import type { Hold } from '../../core/hold.ts';
import type { Doer } from '../../core/image-deed.ts';
import type { JournalEntry } from '../../core/journal.ts';
import type { QuarantineMark } from '../../core/quarantine-mark.ts';
import { formatRepository, type ImageReference } from '../../core/reference.ts';
import type { Restoration } from '../../core/restoration.ts';
import type {
  DeedLedger,
  EventLedger,
  PullLedger,
  QuarantineLedger,
  RestorationLedger,
  RestraintLedger,
  RunLedger,
  UsageLedger,
} from '../../ports.ts';
import { type ImageLife, readLives } from '../explain-image.ts';

/** One thing that happened to an image. */
export type Moment = { readonly atMs: number } & (
  | { readonly kind: 'seen'; readonly by: 'told' | 'observed'; readonly doer: Doer }
  | { readonly kind: 'tagged' | 'tag gone'; readonly tag: string; readonly doer: Doer }
  | { readonly kind: 'gone'; readonly doer: Doer }
  /** The first and the last day of an unbroken time, at the end of which it stands. `of`: a tag, or null for the digest. */
  | {
      readonly kind: 'pulled' | 'used';
      readonly firstDay: number;
      readonly lastDay: number;
      readonly of: string | null;
    }
  | { readonly kind: 'judged'; readonly decision: NonNullable<ImageLife['decision']> }
  | { readonly kind: 'step'; readonly entry: JournalEntry }
  | { readonly kind: 'restored'; readonly restoration: Restoration }
  | { readonly kind: 'held'; readonly hold: Hold }
  | { readonly kind: 'quarantined'; readonly mark: QuarantineMark }
  | { readonly kind: 'quarantine ended'; readonly mark: QuarantineMark }
);

/** Everything that is written down about one image, in the order in which it happened. */
export interface ImageView {
  readonly atMs: number;
  readonly life: ImageLife;
  /** Oldest first. */
  readonly moments: readonly Moment[];
  /** Times of pulls and of use that are not among them: the oldest ones. */
  readonly untold: number;
}

const UNKNOWN_DOER: Doer = { kind: 'unknown' };

/** Times of pulls or of use in one life; an image that is pulled every other day for years has hundreds. */
const TIMES_MAX = 60;

type ImageLedger = EventLedger &
  RunLedger &
  RestorationLedger &
  PullLedger &
  UsageLedger &
  Pick<QuarantineLedger, 'quarantine'> &
  DeedLedger &
  Pick<RestraintLedger, 'holds'>;

/**
 * Reads the life of an image.
 * @throws WardenError IMAGE_UNKNOWN
 */
export async function readImage(
  ledger: ImageLedger,
  image: ImageReference,
  nowMs: number,
): Promise<ImageView> {
  const images = await readImages(ledger, formatRepository(image.repository), nowMs);
  return images(image);
}

/** Reads what the lives of a repository's images have in common, once for all of them. */
export async function readImages(
  ledger: ImageLedger,
  repository: string,
  nowMs: number,
): Promise<(image: Pick<ImageReference, 'tag' | 'digest'>) => Promise<ImageView>> {
  const [lives, pulls, usage] = await Promise.all([
    readLives(ledger, repository),
    ledger.pulls(repository),
    ledger.usageRecord(repository),
  ]);
  return async (image) => {
    const life = await lives(image);
    const tags = new Set((life.history?.tags ?? []).map(({ tag }) => tag));
    const times = [
      ...pulls.flatMap(({ reference, days }) => {
        if (reference === life.digest) return timesOf('pulled', days, null);
        return tags.has(reference) ? pullsOfTag(life, reference, days) : [];
      }),
      ...usage.uses.flatMap(({ reference, days }) =>
        reference === life.digest ? timesOf('used', days, null) : [],
      ),
    ].sort(byTime);
    return {
      atMs: nowMs,
      life,
      moments: [...momentsOf(life), ...times.slice(-TIMES_MAX)].sort(byTime),
      untold: Math.max(0, times.length - TIMES_MAX),
    };
  };
}

function byTime(a: Moment, b: Moment): number {
  return a.atMs - b.atMs;
}

function timesOf(kind: 'pulled' | 'used', days: DayRanges, of: string | null): Moment[] {
  return days.map(([firstDay, lastDay]) => ({
    kind,
    firstDay,
    lastDay,
    of,
    atMs: endOfDayMs(lastDay) - 1,
  }));
}

/** A pull of a tag was one of this image on days on which the tag was on it for all of the day or a part. */
function pullsOfTag({ history }: ImageLife, tag: string, days: DayRanges): Moment[] {
  const spans = (history?.tags ?? []).filter((span) => span.tag === tag);
  return timesOf('pulled', days, tag).filter((moment) => {
    if (moment.kind !== 'pulled') return false;
    const fromMs = endOfDayMs(moment.firstDay - 1);
    return spans.some(
      (span) => span.fromMs <= moment.atMs && (span.untilMs ?? Number.POSITIVE_INFINITY) >= fromMs,
    );
  });
}

function momentsOf(life: ImageLife): Moment[] {
  const { history, doers, decision, journal, restorations, holds, quarantine } = life;
  const moments: Moment[] = [];
  if (history !== null) {
    const { firstSeenAtMs, firstSeenBy, tags, deletedAtMs } = history;
    moments.push({ kind: 'seen', atMs: firstSeenAtMs, by: firstSeenBy, doer: doers?.pushed ?? UNKNOWN_DOER });
    for (const [at, { tag, fromMs, untilMs }] of tags.entries()) {
      const { set = UNKNOWN_DOER, removed = null } = doers?.tags[at] ?? {};
      moments.push({ kind: 'tagged', tag, atMs: fromMs, doer: set });
      if (untilMs !== null) {
        moments.push({ kind: 'tag gone', tag, atMs: untilMs, doer: removed ?? UNKNOWN_DOER });
      }
    }
    if (deletedAtMs !== null) {
      moments.push({ kind: 'gone', atMs: deletedAtMs, doer: doers?.deleted ?? UNKNOWN_DOER });
    }
  }
  if (decision !== null) moments.push({ kind: 'judged', atMs: decision.atMs, decision });
  for (const entry of journal.toReversed()) {
    moments.push({ kind: 'step', atMs: entry.settlement?.atMs ?? entry.intent.atMs, entry });
  }
  for (const restoration of restorations)
    moments.push({ kind: 'restored', atMs: restoration.atMs, restoration });
  for (const mark of quarantine) {
    moments.push({ kind: 'quarantined', atMs: mark.sinceMs, mark });
    if (mark.end !== null) moments.push({ kind: 'quarantine ended', atMs: mark.end.atMs, mark });
  }
  for (const hold of holds) moments.push({ kind: 'held', atMs: hold.atMs, hold });
  return moments;
}
