import { dayOf, daysUntil } from './day-ranges.ts';
import { policiesFor } from './decide.ts';
import type { Decision } from './decision.ts';
import type { Digest } from './digest.ts';
import { type Fact, known, unknown } from './fact.ts';
import { foldHistory, type HistoryFact } from './history.ts';
import { type InventoryTaking, takeInventory } from './inventory.ts';
import { type KeptManifest, readKept } from './kept-manifest.ts';
import { LaterUses } from './later-uses.ts';
import type { ListedManifest, Listing } from './listing.ts';
import { type Manifest, subjectOfTag } from './manifest.ts';
import { PastUsage } from './past-usage.ts';
import { judgeRepository } from './plan-repository.ts';
import type { PolicySet } from './policy.ts';
import { type RecordedPulls, recordedOnlySince } from './pull-record.ts';
import { addPush, type QuarantineSources } from './quarantine.ts';
import { graceOf, marksAfter, type QuarantineMark } from './quarantine-mark.ts';
import { reasonSentence } from './sentence.ts';
import type {
  SimulatedDeletion,
  SimulatedNight,
  SimulatedQuarantine,
  SimulationSources,
} from './simulation.ts';
import type { Usage } from './usage.ts';
import { recordUntil } from './usage-record.ts';

/** The repository as it would have been, between one fact and the next. */
export class Replay {
  /** Digests that are gone and whose manifests nobody kept. */
  readonly assumedPlain = new Set<Digest>();
  readonly #sources: SimulationSources;
  /** All that the facts name, sorted, so that no listing has to be sorted again. */
  readonly #digests: readonly Digest[];
  readonly #fold;
  /** What was really there, as recorded. */
  readonly #recorded = new Set<Digest>();
  /** How what is there came to be known. */
  readonly #cameBy = new Map<Digest, HistoryFact['source']>();
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
  readonly #later = new LaterUses();

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
        this.#later.note(digest, { kind: 'tagged', digest, atMs, by: tag });
        this.#later.tagged(tag, digest);
        const subject = subjectOfTag(tag);
        if (subject !== null)
          this.#later.note(subject, { kind: 'needed', digest: subject, atMs, by: digest });
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
      const manifests = group.map(({ digest }) => digest);
      this.#later.add({
        atMs,
        root: decision.root,
        manifests,
        ...sumOf(group),
        decision,
      });
      const mark = waiting.get(decision.root);
      if (mark !== undefined) {
        this.#note({ ...mark, end: { atMs, why: 'went', detail: 'its time was over' } });
      }
      for (const digest of manifests) {
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

  /** All deletions so far, with what is known of later uses. */
  deletions(): SimulatedDeletion[] {
    return this.#later.deletions(this.#sources, this.#past.days);
  }

  /** All that was ever in quarantine. */
  quarantined(): SimulatedQuarantine[] {
    return [...this.#quarantined.values()];
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

  /**
   * A registry takes an index only when its children are there: whoever pushed it would have pushed a missing
   * one again. So it is there again, and that it was needed is noted.
   */
  #need(digest: Digest, { atMs }: HistoryFact): void {
    const relations = this.#relations[digest];
    if (relations?.kind !== 'known') return;
    const { children, subject } = relations.value;
    if (subject !== null) {
      this.#later.note(subject.digest, { kind: 'needed', digest: subject.digest, atMs, by: digest });
    }
    for (const child of children) {
      if (this.#isThere(child.digest) || !this.#recorded.has(child.digest)) continue;
      this.#later.note(child.digest, { kind: 'needed', digest: child.digest, atMs, by: digest });
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

/** Whether it stays only because a rule could not tell: nothing says keep for sure, and something may say delete. */
function isUndecided({ because, verdict, voices }: Decision): boolean {
  if (verdict === 'delete' || (because !== null && because !== 'no rule names it')) return false;
  const mayGo = voices.some(({ effect }) => effect === 'delete');
  return mayGo && voices.every(({ effect, answer }) => effect === 'delete' || answer === 'unknown');
}
