import { type DayRanges, unionOfDays } from '../core/day-ranges.ts';
import type { Decision } from '../core/decision.ts';
import { decisionsAbout } from '../core/decisions-about.ts';
import type { Digest } from '../core/digest.ts';
import { WardenError } from '../core/error.ts';
import { type DigestHistory, deriveHistory, type History } from '../core/history.ts';
import type { Hold } from '../core/hold.ts';
import { daysOfDeeds, doersOf, type ImageDoers } from '../core/image-deed.ts';
import type { JournalEntry } from '../core/journal.ts';
import type { PolicySummary } from '../core/policy.ts';
import { pulledDigests } from '../core/pull-record.ts';
import type { QuarantineMark } from '../core/quarantine-mark.ts';
import { formatRepository, type ImageReference } from '../core/reference.ts';
import type { Restoration } from '../core/restoration.ts';
import { type LastUse, lastUse } from '../core/usage-record.ts';
import type {
  DeedLedger,
  EventLedger,
  PullLedger,
  QuarantineLedger,
  RestorationLedger,
  RestraintLedger,
  RunLedger,
  UsageLedger,
} from '../ports.ts';

/** All that is written down about one digest, from push to deletion. */
export interface ImageLife {
  readonly repository: string;
  readonly digest: Digest;
  /** null where no event and no listing ever showed it. */
  readonly history: DigestHistory | null;
  /** Who did what of that; null where there is no history. */
  readonly doers: ImageDoers | null;
  /**
   * The last decision about the artifact that it is, or belongs to; null where there was none. Of several that it
   * belongs to the one that settles what becomes of it.
   */
  readonly decision: {
    readonly atMs: number;
    readonly runId: string;
    readonly decision: Decision;
    /** Owners and reasons of the policies that spoke, as far as they have some. */
    readonly policies: readonly PolicySummary[];
    /** The roots of the other artifacts that it belongs to: it goes only when all of them go. */
    readonly alsoIn: readonly Digest[];
  } | null;
  /** When it was in quarantine, or the artifact that it belongs to, as far as that is remembered; the newest last. */
  readonly quarantine: readonly QuarantineMark[];
  /** When runs last saw it in use, or anything of the artifact that it belongs to. */
  readonly lastUse: LastUse;
  /**
   * Days in UTC on which it was pulled, by its digest or by a tag that it may have borne on that day, as far as pulls
   * are recorded.
   */
  readonly pulled: DayRanges;
  /** What was done to it, newest first. */
  readonly journal: readonly JournalEntry[];
  /** The restorations that brought it or one of its tags back, or tried to, newest first. */
  readonly restorations: readonly Restoration[];
  /** What was put on hold of it or of its tags and not released, ended holds too. */
  readonly holds: readonly Hold[];
}

/** What an image is looked up in. */
type ImageLedger = EventLedger &
  RunLedger &
  RestorationLedger &
  Pick<RestraintLedger, 'holds'> &
  Pick<UsageLedger, 'usageRecord'> &
  Pick<PullLedger, 'pulls'> &
  Pick<QuarantineLedger, 'quarantine'> &
  Pick<DeedLedger, 'deeds'>;

/** Entries read for one digest; each run leaves a handful. */
const JOURNAL_ENTRIES_MAX = 200;

/**
 * Looks an image up in the ledger alone, so that it works for digests that are long gone. A tag stands for
 * the digest that it points at, or last pointed at, as far as the ledger was told.
 * @throws WardenError IMAGE_UNKNOWN where the ledger never heard of it
 */
export async function explainImage(ledger: ImageLedger, image: ImageReference): Promise<ImageLife> {
  const lives = await readLives(ledger, formatRepository(image.repository));
  return lives(image);
}

/** Looks images of one repository up, of which most is read once for all of them. */
export type LifeReader = (image: Pick<ImageReference, 'tag' | 'digest'>) => Promise<ImageLife>;

/** Reads what the lives of a repository's images have in common. */
export async function readLives(ledger: ImageLedger, repository: string): Promise<LifeReader> {
  const history = deriveHistory(repository, await ledger.historyFacts(repository));
  const [record, restorations, holds, usage, pulls, marks] = await Promise.all([
    ledger.lastDecisions(repository),
    ledger.restorations(repository),
    ledger.holds(repository),
    ledger.usageRecord(repository),
    ledger.pulls(repository),
    ledger.quarantine(repository),
  ]);
  const pulled = pulledDigests(pulls, history);
  return async ({ tag, digest: named }) => {
    const digest = named ?? (tag === null ? null : lastHolder(history, tag));
    if (digest === null) {
      throw new WardenError(
        'IMAGE_UNKNOWN',
        `The ledger knows nothing of ${repository}${tag === null ? '' : `:${tag}`}. Name it with its digest (…@sha256:…) or a tag, and the ledger that its runs wrote to.`,
      );
    }
    const journal = await ledger.journal({ repository, digest, limit: JOURNAL_ENTRIES_MAX });
    const [decision = null, ...others] = record === null ? [] : decisionsAbout(record.decisions, digest);
    const used = lastUse(
      usage,
      new Set([
        digest,
        ...[...(decision === null ? [] : [decision]), ...others].flatMap((one) => [one.root, ...one.members]),
      ]),
    );
    const remembered = history.digests[digest] ?? null;
    const returned = restorations.filter(
      ({ manifests, tags, source }) =>
        (source.kind === 'image' && source.digest === digest) ||
        [...manifests, ...tags].some((one) => one.digest === digest),
    );
    const held = new Set<string>(
      (remembered?.tags ?? []).flatMap((span) => (span.untilMs === null ? span.tag : [])),
    );
    const isUnheardOf = remembered === null && decision === null && used.lastSeenDay === null;
    if (isUnheardOf && journal.length === 0 && returned.length === 0) {
      throw new WardenError('IMAGE_UNKNOWN', `The ledger knows nothing of ${repository}@${digest}.`);
    }
    return {
      repository,
      digest,
      history: remembered,
      doers:
        remembered === null
          ? null
          : doersOf(digest, remembered, await ledger.deeds(repository, daysOfDeeds(remembered)), journal),
      decision:
        record === null || decision === null
          ? null
          : {
              atMs: record.atMs,
              runId: record.runId,
              decision,
              policies: record.policies.filter(({ name }) =>
                decision.voices.some(({ policy }) => policy === name),
              ),
              alsoIn: others.map(({ root }) => root),
            },
      quarantine: marks
        .filter(({ root }) => root === digest || root === decision?.root)
        .toSorted((one, other) => one.sinceMs - other.sinceMs),
      lastUse: used,
      pulled: (pulled.get(digest) ?? []).reduce(unionOfDays, []),
      journal,
      restorations: returned,
      holds: holds.filter(({ on }) => (on.kind === 'digest' ? on.digest === digest : held.has(on.tag))),
    };
  };
}

function lastHolder(history: History, tag: string): Digest | null {
  let latest: { digest: Digest; untilMs: number } | null = null;
  for (const { tags } of Object.values(history.digests)) {
    for (const span of tags) {
      const untilMs = span.untilMs ?? Number.POSITIVE_INFINITY;
      if (span.tag === tag && (latest === null || untilMs >= latest.untilMs))
        latest = { digest: span.digest, untilMs };
    }
  }
  return latest?.digest ?? null;
}
