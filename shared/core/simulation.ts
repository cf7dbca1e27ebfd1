import type { Decision } from './decision.ts';
import type { Digest } from './digest.ts';
import type { HistoryFact } from './history.ts';
import type { StoredManifest } from './journal.ts';
import type { Listing } from './listing.ts';
import type { Refusal } from './plan.ts';
import type { PolicySet } from './policy.ts';
import type { RecordedPulls } from './pull-record.ts';
import type { QuarantineEnd, QuarantineMark } from './quarantine-mark.ts';
import type { Usage } from './usage.ts';
import type { UsageRecord } from './usage-record.ts';

/** What a replay of one repository is made from. */
export interface SimulationSources {
  /** `HOST/NAME` */
  readonly repository: string;
  /** Everything told and observed, in any order, with what the listing shows and nobody told. */
  readonly facts: readonly HistoryFact[];
  /**
   * The repository as it is now: types, sizes, upload times and relations of what is still there. What is gone
   * has them from `manifests`, or not at all. null where the registry was not asked.
   */
  readonly listing: Listing | null;
  /** Manifests that were kept, of what is gone by now. */
  readonly manifests: readonly StoredManifest[];
  /** What runs now. */
  readonly usage: Usage;
  /** What runs saw in use on past days. */
  readonly used: UsageRecord;
  /** Pulls, as far as they were recorded. */
  readonly pulls: RecordedPulls;
  readonly policies: PolicySet;
  readonly sinceMs: number;
  readonly untilMs: number;
  /**
   * What rules are told that ask for what nobody recorded: what ran, and pulls. `unknown` keeps, as it would
   * have; `unused` tells them that nothing was in use, and shows the most that could have gone.
   */
  readonly unrecorded: 'unknown' | 'unused';
}

/** One scheduled time of the replay. */
export interface SimulatedNight {
  readonly atMs: number;
  /** Names of the policies that were due, sorted. */
  readonly policies: readonly string[];
  /** Manifests that were really there, as recorded. */
  readonly recordedManifests: number;
  /** Manifests that would have been there before this run. */
  readonly manifests: number;
  /** Manifests that would have gone. */
  readonly deleted: number;
  /** Sum of their known sizes. Layers are shared, so what is really freed is less. */
  readonly freedBytes: number;
  /** Those among the deleted whose size is not known. */
  readonly unknownSizes: number;
  /** Why the run would have stopped before its first delete; null where nothing stood in the way. */
  readonly refusal: Refusal | null;
  /** Artifacts that were kept only because something was not known, and the reason of the first of them. */
  readonly undecided: { readonly artifacts: number; readonly reason: string | null };
}

/**
 * A sign that something was still wanted after it would have gone. `needed`: an index or a signature that was
 * pushed later points at it.
 */
export interface LaterUse {
  readonly kind: 'tagged' | 'pulled' | 'running' | 'needed';
  readonly digest: Digest;
  readonly atMs: number;
  /** The tag, what runs it, or the digest that needs it; empty for a pull. */
  readonly by: string;
}

/** One artifact that would have gone. */
export interface SimulatedDeletion {
  readonly atMs: number;
  readonly root: Digest;
  /** The manifests that would have gone with it, its root among them, in the order of their deletion. */
  readonly manifests: readonly Digest[];
  /** Sum of the known sizes. */
  readonly freedBytes: number;
  readonly unknownSizes: number;
  readonly decision: Decision;
  /** The first later use of each kind, in the order of their times; empty where none is known. */
  readonly usedLater: readonly LaterUse[];
}

/** One artifact that would have been announced before it goes. */
export interface SimulatedQuarantine {
  readonly root: Digest;
  /** As they were then, sorted. */
  readonly tags: readonly string[];
  readonly rules: QuarantineMark['rules'];
  readonly announcedAtMs: number;
  /** From when on a run would have let it go, had nobody wanted it. */
  readonly goesFromMs: number;
  /** How it ended: it went; or somebody wanted it, and why it stayed. null while it waits. */
  readonly end: {
    readonly atMs: number;
    readonly why: QuarantineEnd | 'went';
    readonly detail: string;
  } | null;
}

/** What policies would have done to one repository, night by night. */
export interface Simulation {
  readonly version: 1;
  readonly repository: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** The time of the earliest fact: before it nothing can be replayed. null where nothing is recorded. */
  readonly recordedFromMs: number | null;
  /** Names of the policies that select the repository, sorted. */
  readonly policies: readonly string[];
  /** Those among them without a schedule, replayed as if they ran every day at 03:00 UTC. */
  readonly unscheduled: readonly string[];
  readonly unrecorded: SimulationSources['unrecorded'];
  readonly nights: readonly SimulatedNight[];
  /** In the order of their times, then by root. */
  readonly deletions: readonly SimulatedDeletion[];
  /** In the order of their announcements, then by root. */
  readonly quarantined: readonly SimulatedQuarantine[];
  /** Manifests that are gone and were not kept: replayed as plain images that point at nothing. */
  readonly assumedPlain: number;
  /** Why the absence of a later pull, or of something that runs, proves nothing; null where it does. */
  readonly gaps: { readonly pulled: string | null; readonly running: string | null };
}
