import { type DayRanges, dayOf, daysUntil, endOfDayMs } from './day-ranges.ts';
import { policiesFor } from './decide.ts';
import type { Decision } from './decision.ts';
import type { Digest } from './digest.ts';
import { messageOf, WardenError } from './error.ts';
import { type Fact, known, unknown } from './fact.ts';
import { deriveHistory, foldHistory, type HistoryFact, sortFacts } from './history.ts';
import { type InventoryTaking, takeInventory } from './inventory.ts';
import type { StoredManifest } from './journal.ts';
import type { ListedManifest, Listing } from './listing.ts';
import { type Manifest, parseManifest, subjectOfTag } from './manifest.ts';
import { PastUsage, SEEN_BY_RUN } from './past-usage.ts';
import type { Refusal } from './plan.ts';
import { judgeRepository } from './plan-repository.ts';
import type { Policy, PolicySet, Schedule } from './policy.ts';
import { pulledDigests, type RecordedPulls } from './pull-record.ts';
import { addPush, type QuarantineSources } from './quarantine.ts';
import { graceOf, marksAfter, type QuarantineEnd, type QuarantineMark } from './quarantine-mark.ts';
import { nextTime } from './schedule.ts';
import { reasonSentence } from './sentence.ts';
import type { Usage } from './usage.ts';
import { recordUntil, type UsageRecord } from './usage-record.ts';

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

/** Two years of nights, and some. */
export const NIGHTS_MAX = 1000;

/** A year of nights over 20,000 digests: six to thirty seconds, by how much of them is there at once. */
export const DIGEST_NIGHTS_MAX = 7_300_000;

/** When a policy without a schedule is replayed. */
const UNSCHEDULED: Schedule = { cron: '0 3 * * *', timeZone: 'UTC' };

/**
 * Replays the recorded history of a repository through policies, as if they had been deployed and enforced:
 * at each scheduled time the repository is put together as the facts until then tell it, judged by the same
 * functions as in a real run, and what goes is missing on later nights, until it is pushed again.
 * @throws WardenError SIMULATION_TOO_LARGE
 */
export function simulate(sources: SimulationSources): Simulation {
  const { repository, untilMs } = sources;
  const facts = sortFacts(sources.facts);
  const recordedFromMs = facts[0]?.atMs ?? null;
  const selecting = policiesFor(sources.policies.policies, repository);
  const times =
    recordedFromMs === null
      ? []
      : scheduledTimes(selecting, Math.max(sources.sinceMs, recordedFromMs) - 1, untilMs);
  const digests = new Set(facts.flatMap(({ digest }) => (digest === null ? [] : [digest])));
  if (digests.size * times.length > DIGEST_NIGHTS_MAX) {
    throw tooLarge(repository, `${digests.size} digests on ${times.length} nights are`);
  }
  const replay = new Replay(sources, [...digests].sort());
  const nights: SimulatedNight[] = [];
  let next = 0;
  const replayUntil = (atMs: number): void => {
    for (let fact = facts[next]; fact !== undefined && fact.atMs <= atMs; fact = facts[next]) {
      replay.add(fact);
      next += 1;
    }
  };
  for (const { atMs, due } of times) {
    replayUntil(atMs);
    nights.push(replay.night(atMs, due));
  }
  replayUntil(untilMs);
  return {
    version: 1,
    repository,
    sinceMs: sources.sinceMs,
    untilMs,
    recordedFromMs,
    policies: selecting.map(({ name }) => name),
    unscheduled: selecting.filter(({ schedule }) => schedule === null).map(({ name }) => name),
    unrecorded: sources.unrecorded,
    nights,
    deletions: replay.deletions(),
    quarantined: replay.quarantined(),
    assumedPlain: replay.assumedPlain.size,
    gaps: {
      pulled: pullGap(sources.pulls, nights[0]?.atMs ?? sources.sinceMs),
      running: usageGap(sources, nights),
    },
  };
}

function tooLarge(repository: string, what: string): WardenError {
  return new WardenError(
    'SIMULATION_TOO_LARGE',
    `${repository}: ${what} more than one replay takes. Shorten --since, or give the policy a schedule that is due less often.`,
  );
}

interface ScheduledTime {
  readonly atMs: number;
  readonly due: ReadonlySet<string>;
}

/** The times after `afterMs` at which any of the policies is due, each once. */
function scheduledTimes(policies: readonly Policy[], afterMs: number, untilMs: number): ScheduledTime[] {
  const due = new Map<number, Set<string>>();
  for (const { name, schedule } of policies) {
    const wanted = schedule ?? UNSCHEDULED;
    for (let atMs = nextTime(wanted, afterMs); atMs <= untilMs; atMs = nextTime(wanted, atMs)) {
      const names = due.get(atMs);
      if (names === undefined) due.set(atMs, new Set([name]));
      else names.add(name);
      if (due.size > NIGHTS_MAX) throw tooLarge(name, `more than ${NIGHTS_MAX} scheduled times are`);
    }
  }
  return [...due].sort(([a], [b]) => a - b).map(([atMs, names]) => ({ atMs, due: names }));
}

function pullGap({ sinceMs }: RecordedPulls, fromMs: number): string | null {
  if (sinceMs.kind === 'unknown') return sinceMs.reason;
  return sinceMs.value > fromMs ? recordedOnlySince(sinceMs.value) : null;
}

function recordedOnlySince(sinceMs: number): string {
  return `pulls are recorded only since ${new Date(sinceMs).toISOString().slice(0, 10)}`;
}

function usageGap(
  { usage, used, repository }: SimulationSources,
  nights: readonly SimulatedNight[],
): string | null {
  const past = new PastUsage(used, repository);
  const told = nights.filter(({ atMs }) => past.isToldOf(dayOf(atMs))).length;
  if (told === nights.length && told > 0) return null;
  if (told > 0) return `runs saw what was in use on ${told} of ${nights.length} nights`;
  const { answers } = usage;
  if (answers.length === 0) return 'no in-use source is configured';
  const unanswered = answers.find((answer) => answer.kind === 'unknown');
  return unanswered?.kind === 'unknown' ? `${unanswered.source}: ${unanswered.reason}` : null;
}

/** A deletion that is still gaining later uses. */
interface Deleting extends SimulatedDeletion {
  readonly usedLater: LaterUse[];
}

/** The repository as it would have been, between one fact and the next. */
class Replay {
  readonly assumedPlain = new Set<Digest>();
  readonly #sources: SimulationSources;
  /** All that the facts name, sorted, so that no listing has to be sorted again. */
  readonly #digests: readonly Digest[];
  readonly #fold;
  /** What was really there, as recorded. */
  readonly #recorded = new Set<Digest>();
  /** How what is there came to be known. */
  readonly #cameBy = new Map<Digest, HistoryFact['source']>();
  /** Tags that a digest has or had, in what was recorded. */
  readonly #everTagged = new Map<string, Set<Digest>>();
  readonly #now: ReadonlyMap<Digest, ListedManifest>;
  readonly #kept: ReadonlyMap<Digest, KeptManifest>;
  readonly #relations: Readonly<Record<Digest, Fact<Manifest>>>;
  /** Whether the registry tells upload times; where it tells none, the engine takes the history's. */
  readonly #tellsTimes: boolean;
  readonly #past: PastUsage;
  readonly #policySets = new Map<string, PolicySet>();
  /** As the runs of the nights before would have left them. */
  #marks: readonly QuarantineMark[] = [];
  /** All marks there ever were, in the order in which they were made; marks themselves are forgotten after a time. */
  readonly #quarantined = new Map<string, SimulatedQuarantine>();
  readonly #pushes = new Map<Digest, number>();
  readonly #deletions: Deleting[] = [];
  /** The deletions of a digest, in their order: it may have gone, come back and gone again. */
  readonly #deletionsOf = new Map<Digest, Deleting[]>();

  constructor(sources: SimulationSources, digests: readonly Digest[]) {
    const listed = sources.listing?.manifests ?? [];
    this.#sources = sources;
    this.#past = new PastUsage(sources.used, sources.repository);
    this.#digests = digests;
    this.#fold = foldHistory(sources.repository);
    this.#now = new Map(listed.map((manifest) => [manifest.digest, manifest]));
    this.#kept = new Map(sources.manifests.map((stored) => [stored.digest, readKept(stored)]));
    const relations: Record<Digest, Fact<Manifest>> = { ...sources.listing?.relations };
    for (const [digest, kept] of this.#kept) {
      if (!this.#now.has(digest)) relations[digest] = kept.relations;
    }
    this.#relations = relations;
    this.#tellsTimes =
      listed.length === 0 || listed.some(({ uploadedAtMs }) => uploadedAtMs.kind === 'known');
  }

  /** Takes in one fact; they come in their order. */
  add(fact: HistoryFact): void {
    const { action, atMs, digest, tag } = fact;
    addPush(this.#pushes, fact);
    if (action === 'INSERT' && digest !== null) {
      if (!this.#isThere(digest)) this.#cameBy.set(digest, fact.source);
      this.#recorded.add(digest);
      if (tag !== null) {
        this.#useLater(digest, { kind: 'tagged', digest, atMs, by: tag });
        this.#remember(tag, digest);
        const subject = subjectOfTag(tag);
        if (subject !== null) this.#useLater(subject, { kind: 'needed', digest: subject, atMs, by: digest });
      }
      this.#fold.add(fact);
      this.#need(digest, fact);
      return;
    }
    if (digest !== null && tag === null) this.#recorded.delete(digest);
    this.#fold.add(fact);
  }

  /** Judges the repository as it would be now, and takes out what goes. */
  night(atMs: number, due: ReadonlySet<string>): SimulatedNight {
    const listing = this.#listing(atMs);
    const taking = this.#take(listing);
    const { decisions, refusal, steps, quarantine } = judgeRepository({
      ...taking,
      listing,
      policies: this.#policiesOf(due),
      scope: 'all',
      nowMs: atMs,
      quarantine: this.#quarantine(atMs),
    });
    if (refusal === null && quarantine !== null) {
      this.#marks = marksAfter(this.#marks, quarantine, { runId: 'a replay', seenAtMs: atMs, nowMs: atMs });
      for (const mark of this.#marks) this.#note(mark);
    }
    const going = refusal === null ? steps.filter((step) => step.kind === 'delete') : [];
    const groups = Map.groupBy(going, ({ root }) => root);
    const waiting = new Map(this.#marks.flatMap((mark) => (mark.end === null ? [[mark.root, mark]] : [])));
    for (const decision of decisions) {
      const group = groups.get(decision.root);
      if (group === undefined) continue;
      const deletion: Deleting = {
        atMs,
        root: decision.root,
        manifests: group.map(({ digest }) => digest),
        ...sumOf(group),
        decision,
        usedLater: [],
      };
      this.#deletions.push(deletion);
      const mark = waiting.get(decision.root);
      if (mark !== undefined) {
        this.#note({ ...mark, end: { atMs, why: 'went', detail: 'its time was over' } });
      }
      for (const { digest } of group) {
        const others = this.#deletionsOf.get(digest);
        if (others === undefined) this.#deletionsOf.set(digest, [deletion]);
        else others.push(deletion);
        this.#fold.add({ atMs, source: 'told', action: 'DELETE', digest, tag: null });
      }
    }
    const undecided = decisions.filter(isUndecided);
    return {
      atMs,
      policies: [...due].sort(),
      recordedManifests: this.#recorded.size,
      manifests: listing.manifests.length,
      deleted: going.length,
      ...sumOf(going),
      refusal,
      undecided: {
        artifacts: undecided.length,
        reason: undecided[0] === undefined ? null : reasonSentence(undecided[0]),
      },
    };
  }

  /** Keeps what becomes of a mark; what went did not end in another way. */
  #note({
    root,
    tags,
    rules,
    sinceMs,
    end,
  }: Omit<QuarantineMark, 'end'> & Pick<SimulatedQuarantine, 'end'>): void {
    const name = `${root} ${sinceMs}`;
    if (this.#quarantined.get(name)?.end != null) return;
    const goesFromMs = sinceMs + graceOf({ rules });
    this.#quarantined.set(name, { root, tags, rules, announcedAtMs: sinceMs, goesFromMs, end });
  }

  /** All that was ever in quarantine. */
  quarantined(): SimulatedQuarantine[] {
    return [...this.#quarantined.values()];
  }

  /** All deletions so far, with what is known of later pulls, of what ran later and of what runs now. */
  deletions(): SimulatedDeletion[] {
    const { usage, repository } = this.#sources;
    const recorded = deriveHistory(repository, this.#sources.facts);
    for (const [digest, ranges] of pulledDigests(this.#sources.pulls.pulls, recorded)) {
      for (const deletion of this.#deletionsOf.get(digest) ?? [])
        this.#noteDay(deletion, { kind: 'pulled', digest, by: '' }, ranges.flat());
    }
    for (const [digest, ranges] of this.#past.days) {
      for (const deletion of this.#deletionsOf.get(digest) ?? [])
        this.#noteDay(deletion, { kind: 'running', digest, by: SEEN_BY_RUN }, ranges);
    }
    for (const answer of usage.answers) {
      if (answer.kind === 'unknown') continue;
      for (const { by, digest, tag, repository: of } of answer.uses) {
        // As the engine has it: a workload that names a tag may run any image that ever bore it.
        const used =
          digest !== null
            ? [digest]
            : tag !== null && of === repository
              ? (this.#everTagged.get(tag) ?? [])
              : [];
        for (const one of used) {
          this.#useLater(one, { kind: 'running', digest: one, atMs: answer.asOfMs, by });
        }
      }
    }
    return this.#deletions.map((deletion) => ({
      ...deletion,
      usedLater: [...deletion.usedLater].sort((a, b) => a.atMs - b.atMs),
    }));
  }

  /** Days are recorded, so what was used on the day of its deletion may have been used before that. */
  #noteDay(deletion: Deleting, use: Omit<LaterUse, 'atMs'>, ranges: DayRanges): void {
    const from = dayOf(deletion.atMs);
    let first = Number.POSITIVE_INFINITY;
    for (const [begin, end] of ranges) if (end >= from) first = Math.min(first, Math.max(begin, from));
    if (first === Number.POSITIVE_INFINITY) return;
    const atMs = Math.min(endOfDayMs(first), this.#sources.untilMs);
    noteUse(deletion, { ...use, atMs });
  }

  /** What was recorded until the day of one night. */
  #pullsUntil(atMs: number): RecordedPulls {
    const { sinceMs, pulls } = this.#sources.pulls;
    if (sinceMs.kind === 'unknown') return { sinceMs, pulls: [] };
    if (sinceMs.value > atMs) return { sinceMs: unknown(recordedOnlySince(sinceMs.value)), pulls: [] };
    const today = dayOf(atMs);
    const until = pulls.map(({ reference, days }) => ({ reference, days: daysUntil(days, today) }));
    return { sinceMs, pulls: until.filter(({ days }) => days.length > 0) };
  }

  #isThere(digest: Digest): boolean {
    const remembered = this.#fold.history.digests[digest];
    return remembered !== undefined && remembered.deletedAtMs === null;
  }

  #remember(tag: string, digest: Digest): void {
    const holders = this.#everTagged.get(tag);
    if (holders === undefined) this.#everTagged.set(tag, new Set([digest]));
    else holders.add(digest);
  }

  #useLater(digest: Digest, use: LaterUse): void {
    const deletion = this.#deletionsOf.get(digest)?.at(-1);
    if (deletion !== undefined) noteUse(deletion, use);
  }

  /**
   * A registry takes an index only when its children are there: whoever pushed it would have pushed a missing
   * one again. So it is there again, and that it was needed is noted.
   */
  #need(digest: Digest, { atMs }: HistoryFact): void {
    const relations = this.#relations[digest];
    if (relations?.kind !== 'known') return;
    const { children, subject } = relations.value;
    if (subject !== null) {
      this.#useLater(subject.digest, { kind: 'needed', digest: subject.digest, atMs, by: digest });
    }
    for (const child of children) {
      if (this.#isThere(child.digest) || !this.#recorded.has(child.digest)) continue;
      this.#useLater(child.digest, { kind: 'needed', digest: child.digest, atMs, by: digest });
      this.#cameBy.set(child.digest, 'told');
      this.#fold.add({ atMs, source: 'told', action: 'INSERT', digest: child.digest, tag: null });
    }
  }

  #listing(atMs: number): Listing {
    const manifests: ListedManifest[] = [];
    for (const digest of this.#digests) {
      const remembered = this.#fold.history.digests[digest];
      if (remembered === undefined || remembered.deletedAtMs !== null) continue;
      const now = this.#now.get(digest);
      const kept = this.#kept.get(digest);
      if (now === undefined && kept === undefined) this.assumedPlain.add(digest);
      const tags: string[] = [];
      for (const { tag, untilMs } of remembered.tags) if (untilMs === null) tags.push(tag);
      // The run of that night would have seen, and remembered, that it has none.
      if (tags.length === 0 && remembered.untaggedSinceMs === null)
        this.#fold.add({ atMs, source: 'observed', action: 'INSERT', digest, tag: null });
      manifests.push({
        digest,
        tags: tags.sort(),
        mediaType: now?.mediaType ?? kept?.mediaType ?? NOT_KEPT,
        sizeBytes: now?.sizeBytes ?? kept?.sizeBytes ?? NOT_KEPT,
        uploadedAtMs: this.#uploadedAt(digest, remembered.presentSinceMs, atMs),
      });
    }
    return {
      version: 1,
      repository: this.#sources.repository,
      takenAtMs: atMs,
      completeness: { kind: 'complete' },
      manifests,
      relations: this.#relations,
    };
  }

  #uploadedAt(digest: Digest, presentSinceMs: number, atMs: number): Fact<number> {
    if (!this.#tellsTimes) return unknown('the registry does not tell times');
    const listed = this.#now.get(digest)?.uploadedAtMs;
    // A later time is that of a later push: the manifest of that night is another upload.
    if (listed !== undefined && (listed.kind === 'unknown' || listed.value <= atMs)) return listed;
    return this.#cameBy.get(digest) === 'told'
      ? known(presentSinceMs)
      : unknown('it is gone, and a listing showed it before anything was told');
  }

  #take(listing: Listing): InventoryTaking {
    const { unrecorded } = this.#sources;
    const nobody = unrecorded === 'unused' ? NOTHING_RAN : NOT_RECORDED;
    const usage = this.#past.on(dayOf(listing.takenAtMs), nobody);
    const pulls = this.#pullsUntil(listing.takenAtMs);
    const taking = takeInventory({ listing, history: this.#fold.history, usage, pulls });
    const isUnpulled = pulls.sinceMs.kind === 'unknown' && unrecorded === 'unused';
    const uploads = new Map(listing.manifests.map(({ digest, uploadedAtMs }) => [digest, uploadedAtMs]));
    const artifacts = taking.inventory.artifacts.map((artifact) => ({
      ...artifact,
      // On a night without a single known time the inventory takes the registry for one that tells none.
      uploadedAtMs: this.#tellsTimes
        ? (uploads.get(artifact.root) ?? artifact.uploadedAtMs)
        : artifact.uploadedAtMs,
      lastPulledAtMs: isUnpulled ? known(null) : artifact.lastPulledAtMs,
    }));
    return { ...taking, inventory: { ...taking.inventory, artifacts } };
  }

  #quarantine(atMs: number): QuarantineSources {
    const { used, unrecorded, policies, repository } = this.#sources;
    const record = recordUntil(used, dayOf(atMs));
    return {
      marks: this.#marks,
      pushes: this.#pushes,
      // What is told that nothing was used is told so of gaps as well.
      usage: unrecorded === 'unused' ? { ...record, unknown: [], bestEffort: [] } : record,
      holds: [],
      policies: policiesFor(policies.policies, repository),
      asIfEnforced: true,
    };
  }

  /** The delete rules of the policies that are due, and the keep rules of all, as a real run has them. */
  #policiesOf(due: ReadonlySet<string>): PolicySet {
    const key = [...due].sort().join(' ');
    const found = this.#policySets.get(key);
    if (found !== undefined) return found;
    const { policies, problems } = this.#sources.policies;
    const set: PolicySet = {
      policies: policies.map((policy) => (due.has(policy.name) ? policy : { ...policy, delete: [] })),
      problems,
    };
    this.#policySets.set(key, set);
    return set;
  }
}

const NOT_KEPT = unknown('it is gone, and its manifest was not kept');

const NOTHING_RAN: Usage = {
  version: 1,
  answers: [{ kind: 'complete', source: 'assumed', asOfMs: 0, uses: [] }],
};

const NOT_RECORDED: Usage = {
  version: 1,
  answers: [{ kind: 'unknown', source: 'the ledger', reason: 'no run of that night saw what was in use' }],
};

interface KeptManifest {
  readonly mediaType: Fact<string>;
  readonly sizeBytes: Fact<number>;
  readonly relations: Fact<Manifest>;
}

function readKept({ content, mediaType }: StoredManifest): KeptManifest {
  let manifest: Manifest;
  try {
    manifest = parseManifest(content, mediaType);
  } catch (problem) {
    const unreadable = unknown(messageOf(problem));
    return { mediaType: known(mediaType), sizeBytes: unreadable, relations: unreadable };
  }
  const blobsBytes = manifest.blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  return {
    mediaType: known(mediaType),
    sizeBytes:
      manifest.kind === 'legacy'
        ? unknown('a manifest of schema 1 does not tell sizes')
        : known(Buffer.byteLength(content) + blobsBytes),
    relations: known(manifest),
  };
}

function sumOf(steps: readonly { readonly sizeBytes: number | null }[]): {
  readonly freedBytes: number;
  readonly unknownSizes: number;
} {
  let freedBytes = 0;
  let unknownSizes = 0;
  for (const { sizeBytes } of steps) {
    if (sizeBytes === null) unknownSizes += 1;
    else freedBytes += sizeBytes;
  }
  return { freedBytes, unknownSizes };
}

/** Notes the first use of each kind. */
function noteUse(deletion: Deleting, use: LaterUse): void {
  if (!deletion.usedLater.some(({ kind }) => kind === use.kind)) deletion.usedLater.push(use);
}

/** Whether it stays only because a rule could not tell: nothing says keep for sure, and something may say delete. */
function isUndecided({ because, verdict, voices }: Decision): boolean {
  if (verdict === 'delete' || (because !== null && because !== 'no rule names it')) return false;
  const mayGo = voices.some(({ effect }) => effect === 'delete');
  return mayGo && voices.every(({ effect, answer }) => effect === 'delete' || answer === 'unknown');
}
