import type { ArtifactNote } from './core/artifact-note.ts';
import type {
  AccountActivity,
  BucketContents,
  IamPolicy,
  KeyActivity,
  RegistryBucket,
  RegistryRepository,
  ServiceAccount,
  ServiceAccountKey,
} from './core/audit/access.ts';
import type { Cluster } from './core/audit/cluster.ts';
import type { Grant } from './core/audit/grants.ts';
import type { GroupReply } from './core/audit/group.ts';
import type { Organization, OrgConstraint, OrgPolicy, ProjectIdentity } from './core/audit/hierarchy.ts';
import type { KeyRow } from './core/audit/report.ts';
import type { Blockage } from './core/blockage.ts';
import type { DayRanges, ReferenceDays } from './core/day-ranges.ts';
import type { Decision } from './core/decision.ts';
import type { Digest } from './core/digest.ts';
import type { DeployedFunction, SchedulerJob, ServerClock, Subscription } from './core/doctor/observation.ts';
import type { PermissionPlace } from './core/doctor/permission.ts';
import type { Fact } from './core/fact.ts';
import type { Finding } from './core/finding.ts';
import type { FollowedFinding } from './core/finding-history.ts';
import type { HistoryFact } from './core/history.ts';
import type { Hold, HoldSubject } from './core/hold.ts';
import type { ImageDeed } from './core/image-deed.ts';
import type { ImageEvent } from './core/image-event.ts';
import type { ImageRecords } from './core/image-records.ts';
import type { Intent, JournalEntry, Run, Settlement, StoredManifest } from './core/journal.ts';
import type { LedgerRecord, Noun } from './core/ledger-record.ts';
import type { ScopeName } from './core/limit-scope.ts';
import type { Catalog, Listing } from './core/listing.ts';
import type { LogSeverity } from './core/log-severity.ts';
import type { PlanningSince } from './core/planning-since.ts';
import type { PolicySet, PolicySummary } from './core/policy.ts';
import type { PolicyFolder } from './core/policy-file/folder.ts';
import type { PolicyEntry } from './core/policy-roster.ts';
import type { PullDays, PullRecording } from './core/pull-record.ts';
import type { PushMark } from './core/push-mark.ts';
import type { PushMessage } from './core/push-message.ts';
import type { QuarantineMark } from './core/quarantine-mark.ts';
import type { ArtifactRegistryImage, Repository, Target } from './core/reference.ts';
import type { RepositorySample, SampleSeries } from './core/repository-sample.ts';
import type { Restoration } from './core/restoration.ts';
import type { StopOrder } from './core/stop-order.ts';
import type { StoredSize } from './core/stored-size.ts';
import type { TraceContext } from './core/trace-context.ts';
import type { Usage } from './core/usage.ts';
import type { UsageRecord, UsageSighting } from './core/usage-record.ts';

/** The time, as a port: the core never asks for it. */
export type Clock = () => number;

/** Fresh, unguessable names for runs. */
export type NewId = () => string;

/** Where use cases tell what they are doing. Values must hold no credential. */
export interface Logger {
  log(severity: LogSeverity, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** The same logger, whose entries belong to a trace; left out where traces are not told. */
  within?(trace: TraceContext): Logger;
  /** Whether one entry for each decision goes anywhere; left out, it does not. */
  readonly tellsDecisions?: boolean;
}

/** Reads a registry. Holds no credential that could delete. */
export interface RegistryReader {
  /**
   * The repositories at or below a target. Never throws for what a registry answers: what can't be read is
   * an incomplete catalog with its reason.
   */
  catalog(target: Target): Promise<Catalog>;
  /** A repository's listing with the relations of its manifests; incomplete with its reason where the end can't be shown. */
  list(repository: Repository): Promise<Listing>;
  /** The digest a tag points at now, or null where the registry says that the tag does not exist. @throws WardenError REGISTRY_* */
  resolveTag(repository: Repository, tag: string): Promise<Digest | null>;
  /** A manifest's bytes, verified against its digest, or null where it is gone. @throws WardenError REGISTRY_* */
  readManifest(repository: Repository, digest: Digest): Promise<StoredManifest | null>;
  /**
   * The tags that point at a digest now. Only asked of registries that do not refuse to delete a tagged
   * digest. @throws WardenError REGISTRY_*
   */
  tagsOf(repository: Repository, digest: Digest): Promise<readonly string[]>;
}

/** Artifact Registry's own records of images, which its REST API serves: a second voice beside a listing. */
export interface ImageRecordReader {
  /** Never throws for what the API answers: where a page is missing, all of it is unknown. */
  imageRecords(image: ArtifactRegistryImage): Promise<Fact<ImageRecords>>;
}

/** What a registry answered to one delete. */
export type DeleteReply =
  | { readonly kind: 'deleted' }
  | { readonly kind: 'already gone' }
  /** Something points at it that the plan did not know: a tag, an index, a referrer. */
  | { readonly kind: 'claimed'; readonly detail: string }
  /**
   * Will not work until somebody changes something: an immutable tag; or, `of` the whole repository, a missing
   * permission, deletes switched off.
   */
  | { readonly kind: 'blocked'; readonly reason: string; readonly of?: 'repository' }
  | { readonly kind: 'failed'; readonly retryable: boolean; readonly reason: string };

/**
 * Deletes from a registry, one request a call. Expected refusals are values. `maySend` is asked directly before
 * the request and before it is sent again: what waited for its turn may have lost the right to it.
 */
export interface RegistryDeleter {
  /**
   * What the registry does for us. `refuses claimed digests`: Google's guard. `removes tags too`: plain
   * distribution, where a digest takes all its tags along and a tag can't be removed alone.
   * @throws WardenError REGISTRY_* where that can't be found out
   */
  guard(repository: Repository): Promise<'refuses claimed digests' | 'removes tags too'>;
  deleteTag(repository: Repository, tag: string, maySend?: () => boolean): Promise<DeleteReply>;
  deleteDigest(repository: Repository, digest: Digest, maySend?: () => boolean): Promise<DeleteReply>;
}

/** What a registry answered to one write. */
export type PutReply = { readonly kind: 'put' } | { readonly kind: 'failed'; readonly reason: string };

/** Puts manifests back. Has no way to delete, and is never given to what deletes. */
export interface RegistryWriter {
  /** Whether a config or a layer is in the repository now. @throws WardenError REGISTRY_* */
  hasBlob(repository: Repository, digest: Digest): Promise<boolean>;
  /** Puts a manifest under its digest; doing that again changes nothing. */
  putManifest(repository: Repository, manifest: StoredManifest): Promise<PutReply>;
  /**
   * Puts a manifest under a tag, whatever the tag points at: the caller has looked directly before that there
   * is none. Only for registries where nothing makes a tag without overturning one (`TagKeeper.keeps`).
   */
  putTag(repository: Repository, tag: string, manifest: StoredManifest): Promise<PutReply>;
}

/** Puts back a tag that was lost. */
export interface TagKeeper {
  /** Whether tags of this repository can be made without overturning one that is there. */
  keeps(repository: Repository): boolean;
  /** Makes a tag unless it is there: `exists` leaves it as it is. @throws WardenError TAG_NOT_RESTORED, CREDENTIALS_INVALID */
  createTag(repository: Repository, tag: string, digest: Digest): Promise<'created' | 'exists'>;
}

/** All in-use sources together. Never throws: a source that fails answers unknown. */
export interface UsageReader {
  read(): Promise<Usage>;
}

/** Where policies come from. A file that is broken is a problem in the result; a folder that can't be read throws. */
export interface PolicyReader {
  /** @throws WardenError POLICY_SOURCE_UNREADABLE */
  read(): Promise<PolicySet>;
}

/** The same place, as texts: for who reads more in it than policies. */
export interface PolicyFileReader {
  /** @throws WardenError POLICY_SOURCE_UNREADABLE */
  read(): Promise<PolicyFolder>;
}

/** Publishes a text to a topic; resolves when the message is durable. @throws WardenError PUBLISH_FAILED */
export interface Publisher {
  publish(topic: string, data: string, attributes?: Readonly<Record<string, string>>): Promise<void>;
}

/** The right to work on one repository until a time. */
export interface Lease {
  readonly repository: string;
  readonly holder: string;
  /** Grows with every holder; a write with an older one is refused. */
  readonly fencingToken: number;
  readonly untilMs: number;
}

/** A message that a subscription gave, and the id to acknowledge this delivery of it with. */
export interface WaitingMessage {
  readonly ackId: string;
  readonly message: PushMessage;
}

/** Reads subscriptions that nobody pushes from. @throws WardenError SUBSCRIPTION_UNREADABLE */
export interface Subscriber {
  /** Up to `max` messages that are waiting; empty where none came for a while. */
  pull(subscription: string, max: number): Promise<readonly WaitingMessage[]>;
  /** What is not acknowledged in time is delivered again, and may be even then. */
  acknowledge(subscription: string, ackIds: readonly string[]): Promise<void>;
  /** Gives messages back, to be delivered again at once. */
  release(subscription: string, ackIds: readonly string[]): Promise<void>;
  /** The topic that a subscription is one of; null where that is deleted. */
  topicOf(subscription: string): Promise<string | null>;
}

/** Facts that are kept one by one, or too few together. */
export interface LooseFacts {
  readonly kind: 'event' | 'pack';
  /** Means something to the ledger alone. */
  readonly name: string;
  readonly facts: readonly HistoryFact[];
}

/** All facts of a repository, as they were read. */
export interface HistoryReading {
  readonly facts: readonly HistoryFact[];
  readonly loose: readonly LooseFacts[];
}

/** What the registry told. */
export interface EventLedger {
  /** Writes an event once per message id. At most one read and two writes. */
  recordEvent(event: ImageEvent): Promise<'recorded' | 'duplicate'>;
  /** All facts of a repository, told and observed, in no particular order; some of them may be there twice. */
  historyFacts(repository: string): Promise<readonly HistoryFact[]>;
  /** The same, and which of them `foldHistory` would keep in less room. Changes nothing. */
  readHistory(repository: string): Promise<HistoryReading>;
  /** What was told of a repository at a time or later, in no particular order; observed facts are not among it. */
  toldSince(repository: string, sinceMs: number): Promise<readonly HistoryFact[]>;
  /** Writes what a listing showed and nobody had told; many facts to a document. */
  recordObserved(repository: string, facts: readonly HistoryFact[]): Promise<void>;
  /**
   * Writes what a listing showed and nobody had told, as `recordObserved` does, and packs it with what was read
   * loose, so that the next reading costs less. Nothing else is read differently after it, whoever folds, records
   * or reads at the same time, and wherever it is killed; where nothing is new, nothing is written.
   */
  foldHistory(
    repository: string,
    loose: readonly LooseFacts[],
    observed: readonly HistoryFact[],
  ): Promise<void>;
  /** The newest events of all repositories, newest first. */
  recentEvents(limit: number): Promise<readonly ImageEvent[]>;
}

/**
 * What was done. Every method is durable when it resolves. A write that names a lease is refused once somebody
 * else has taken the repository since (LEASE_LOST), in the same transaction: who lost a repository without
 * noticing writes nothing into what is another's now. Whoever works under a lease names it at every write.
 */
export interface RunLedger {
  saveRun(run: Run, lease?: Lease): Promise<void>;
  /** Newest first. */
  runs(filter: { readonly repository?: string; readonly limit: number }): Promise<readonly Run[]>;
  /** Written before the requests of these steps are sent; all or none. */
  writeIntents(intents: readonly Intent[], lease?: Lease): Promise<void>;
  /** Written after them. Writing one twice leaves the first. */
  writeSettlements(settlements: readonly Settlement[], lease?: Lease): Promise<void>;
  /** Intents of a repository that have no outcome. */
  openIntents(repository: string): Promise<readonly Intent[]>;
  /** Intents with their outcomes, newest first. */
  journal(filter: {
    readonly repository?: string;
    readonly digest?: Digest;
    readonly runId?: string;
    readonly limit: number;
  }): Promise<readonly JournalEntry[]>;
  /** Replaces the last decisions of a repository; many to a document. */
  saveDecisions(repository: string, record: DecisionRecord, lease?: Lease): Promise<void>;
  /** The last decisions of a repository, or null where it was never judged. */
  lastDecisions(repository: string): Promise<DecisionRecord | null>;
  /**
   * Keeps manifests until a time, null for no end. One that is kept already is kept until the later of both times.
   */
  saveManifests(manifests: readonly StoredManifest[], untilMs: number | null, lease?: Lease): Promise<void>;
  /** Those among these digests that are kept, and those that `saveListedManifests` has. */
  manifests(repository: string, digests: readonly Digest[]): Promise<readonly StoredManifest[]>;
  /** The same for what a listing shows, thousands of digests: costs a read for some thousand of them. */
  listedManifests(repository: string, digests: readonly Digest[]): Promise<readonly StoredManifest[]>;
  /**
   * Stores manifests for as long as they are listed, and once they are not until a time at least.
   * @param digests all that are listed; of others nothing has to stay
   */
  saveListedManifests(
    repository: string,
    manifests: readonly StoredManifest[],
    digests: readonly Digest[],
    untilMs: number,
  ): Promise<void>;
}

/** What was brought back. */
export interface RestorationLedger {
  /** Writes a restoration, or replaces the one with its id. */
  saveRestoration(restoration: Restoration, lease?: Lease): Promise<void>;
  /** Those of a repository, newest first; at most the newest thousand. */
  restorations(repository: string): Promise<readonly Restoration[]>;
}

/** All decisions of one plan over one repository. */
export interface DecisionRecord {
  readonly runId: string;
  readonly planId: Digest;
  readonly atMs: number;
  /**
   * Of the policies that selected the repository, those with an owner or a reason, sorted by name; at most 40,
   * so that they fit beside the decisions. None in a record of an earlier version.
   */
  readonly policies: readonly PolicySummary[];
  readonly decisions: readonly Decision[];
  /** One a decision, in their order; null in a record of an earlier version. */
  readonly notes: readonly ArtifactNote[] | null;
}

/** How large the estate was, and the policies that judge it: for people to look at, and for limits on a share of it. */
export interface EstateLedger {
  /** Keeps a sample of a repository for its day; a later one of the same day replaces it. */
  recordSample(repository: string, sample: RepositorySample): Promise<void>;
  /**
   * The samples from the day of `sinceMs` on, of one repository or of at most so many, sorted by repository.
   * `isAll`: whether there were no more repositories.
   */
  samples(filter: {
    readonly repository?: string;
    readonly sinceMs: number;
    readonly untilMs: number;
    readonly repositoriesMax: number;
  }): Promise<{ readonly series: readonly SampleSeries[]; readonly isAll: boolean }>;
  /** How many manifests lie in a repository of Artifact Registry or a project, by the newest sample of each image repository that has one of these days. */
  manifestsWithin(scope: ScopeName, sinceMs: number, untilMs: number): Promise<number>;
  /** The policies as they were read last; empty where none ever was. */
  policyRoster(): Promise<readonly PolicyEntry[]>;
  /** Replaces that. At most `ROSTER_MAX`. */
  savePolicyRoster(all: readonly PolicyEntry[]): Promise<void>;
}

/** Who works where, and what is due. */
export interface CoordinationLedger {
  /**
   * Takes the lease, or returns who holds it, by whichever name of the repository. A lease that ended can be taken by
   * anybody.
   */
  acquireLease(
    repository: string,
    holder: string,
    nowMs: number,
    untilMs: number,
  ): Promise<
    { readonly kind: 'taken'; readonly lease: Lease } | { readonly kind: 'held'; readonly by: Lease }
  >;
  /** Makes a lease last until `untilMs`; null where another has taken it since, which ends the work under it. */
  renewLease(lease: Lease, untilMs: number): Promise<Lease | null>;
  /** Gives a lease back; does nothing where another has taken it since. */
  releaseLease(lease: Lease): Promise<void>;
  /** Claims one scheduled time of a policy; false where it was claimed before. */
  claimTick(policy: string, scheduledAtMs: number): Promise<boolean>;
  /** The last scheduled time claimed for each policy. */
  lastTicks(): Promise<Readonly<Record<string, number>>>;
  /**
   * Leases that ended without being given back, those that ended first: whoever held them was killed. Giving one
   * back takes it out of here.
   */
  abandonedLeases(nowMs: number, limit: number): Promise<readonly Lease[]>;
  /** Notes that a repository was pushed to; does nothing where that mark is there. One write, and no read. */
  markPush(mark: PushMark): Promise<void>;
  /** Marks of pushes, the oldest first. */
  pushMarks(limit: number): Promise<readonly PushMark[]>;
  /** Takes marks away; does nothing where they are gone. */
  forgetPushes(marks: readonly PushMark[]): Promise<void>;
  /** Since when policies are in `mode: plan`, as it was last saved; empty where it never was. In no particular order. */
  planningSince(): Promise<readonly PlanningSince[]>;
  /** Replaces that. At most `PLANNING_MAX`. */
  savePlanningSince(all: readonly PlanningSince[]): Promise<void>;
}

/** What keeps runs from deleting, whatever their plans say. */
export interface RestraintLedger {
  /**
   * Everything of a repository that was put on hold and not released, by whichever of its names; ended holds too; in
   * no particular order.
   */
  holds(repository: string): Promise<readonly Hold[]>;
  /** Puts something on hold; replaces the hold that there is on the same subject. */
  saveHold(hold: Hold): Promise<void>;
  /** Takes a hold away; does nothing where there is none. */
  releaseHold(repository: string, on: HoldSubject): Promise<void>;
  /** The order that stops every run, or null where there is none. One read. */
  stopOrder(): Promise<StopOrder | null>;
  /** Gives the order, or lifts it with null. One write. */
  saveStopOrder(order: StopOrder | null): Promise<void>;
  /**
   * Takes up to `wanted` deletions from what may go on one day, and tells how many it got: never more, over all
   * callers together, than `max`. What is taken and not used stays taken.
   * @param day `YYYY-MM-DD` in UTC
   * @param max where it has to be found out, the first of a day does so, and it holds for all of that day
   */
  reserveDeletions(
    policy: string,
    day: string,
    wanted: number,
    max: number | (() => Promise<number>),
  ): Promise<number>;
  /** What the registry refused for good, see `core/blockage.ts`. */
  blockages(repository: string): Promise<readonly Blockage[]>;
  /** Replaces that. */
  saveBlockages(repository: string, all: readonly Blockage[], lease?: Lease): Promise<void>;
}

/**
 * On which days what was pulled, in UTC. Days are only added, so that entries may come in any order, late and twice;
 * where all of them are there already nothing is written.
 */
export interface PullLedger {
  /** Adds days on which digests and tags of one repository were pulled. */
  recordPulls(repository: string, pulls: readonly PullDays[]): Promise<void>;
  /** All of a repository, in no particular order. */
  pulls(repository: string): Promise<readonly PullDays[]>;
  /** Adds days on which the log of a project had entries of reads. */
  recordPullEvidence(project: string, days: DayRanges): Promise<void>;
  /** Adds days on which no entry was left unread. */
  recordDrained(days: DayRanges): Promise<void>;
  /** Both, for one project. */
  pullRecording(project: string): Promise<PullRecording>;
}

/**
 * On which days what was in use, in UTC. Days are only added, so that runs may write in any order and twice; where
 * all of it is there already nothing is written.
 */
export interface UsageLedger {
  /** Adds what one run saw. */
  recordUsage(repository: string, sighting: UsageSighting): Promise<void>;
  /** All that runs saw of a repository; uses in no particular order. */
  usageRecord(repository: string): Promise<UsageRecord>;
}

/** What is to go and stays for a time, see `core/quarantine-mark.ts`. */
export interface QuarantineLedger {
  /** All marks of a repository, those that have ended and are remembered too. */
  quarantine(repository: string): Promise<readonly QuarantineMark[]>;
  /** Replaces them. */
  saveQuarantine(repository: string, marks: readonly QuarantineMark[], lease?: Lease): Promise<void>;
  /** Repositories that something is in quarantine in, sorted. */
  quarantinedRepositories(): Promise<readonly string[]>;
}

/** Who pushed, untagged and deleted what, as far as the audit log told it. */
export interface DeedLedger {
  /** Adds deeds in one repository; those that are there already change nothing. */
  recordDeeds(repository: string, deeds: readonly ImageDeed[]): Promise<void>;
  /** Those of some days, in UTC, in no particular order. */
  deeds(repository: string, days: readonly number[]): Promise<readonly ImageDeed[]>;
}

/** Who may pull from a repository. */
export interface PublicReaders {
  /** Whether everybody may, as far as IAM says it of the repository and its project. Unknown where that can't be read. */
  hasPublicReaders(repository: Repository): Promise<Fact<boolean>>;
}

/** Who can do what in a project, and the keys that could be downloaded there, as the last audit saw it. */
export interface AccessRecord {
  readonly keys: readonly KeyRow[];
  readonly grants: readonly Grant[];
  /** What those lists may lack, one sentence each. */
  readonly notSeen: readonly string[];
}

/** The last audit of one project. */
export interface FindingRecord {
  readonly atMs: number;
  readonly findings: readonly Finding[];
  /** What was more than a PASS once, also what is mended since, see `core/finding-history.ts`. */
  readonly followed: readonly FollowedFinding[];
  /** null where an earlier version wrote it down. */
  readonly access: AccessRecord | null;
  /** What Artifact Registry's repositories of the project store, day by day; empty where that was never read. */
  readonly stored: readonly StoredSize[];
}

/** What the audit found. */
export interface FindingLedger {
  /** Replaces a project's findings and what is followed of them; old and new are never mixed. */
  saveFindings(project: string, record: FindingRecord): Promise<void>;
  /** null where the project was never audited, or only by a version whose findings were of another form. */
  findings(project: string): Promise<FindingRecord | null>;
  /** Projects that have findings, sorted. */
  auditedProjects(): Promise<readonly string[]>;
}

/** What a scan of the ledger finds. */
export type Archived =
  | {
      readonly kind: 'record';
      readonly record: LedgerRecord;
      /** Of an event: that its fact is in a pack. */
      readonly isPacked?: boolean;
    }
  /** What can't be read as a record, or not alone. */
  | { readonly kind: 'problem'; readonly code: string; readonly place: string; readonly detail: string };

/** Everything that the ledger holds, for a copy of it and for looking it over. Caches are left out. */
export interface ArchiveLedger {
  /** All records of a noun, in no particular order; some may come twice. Costs a read a document. */
  archived(noun: Noun): AsyncIterable<Archived>;
  /** Writes a lease as it is, unless one with that token or a newer one is there. */
  restoreLease(lease: Lease): Promise<void>;
  /** Adds days of references of one name, to pulls or uses, as they were read from another ledger. */
  restoreDays(noun: 'pulls' | 'uses', of: string, days: readonly ReferenceDays[]): Promise<void>;
}

/** Sorts more records than memory holds. */
export interface RecordSorter {
  /** Keeps a record; of those with one name what they come to together. */
  add(record: LedgerRecord): void;
  /** Those of a noun, sorted by their names. */
  sorted(noun: Noun): Iterable<LedgerRecord>;
  /** A set of texts beside them. */
  remember(text: string): void;
  remembers(text: string): boolean;
  close(): void;
}

/** The whole ledger: Firestore when deployed, a SQLite file on one machine. */
export interface Ledger
  extends EventLedger,
    RunLedger,
    RestorationLedger,
    CoordinationLedger,
    RestraintLedger,
    EstateLedger,
    PullLedger,
    UsageLedger,
    QuarantineLedger,
    DeedLedger,
    FindingLedger,
    ArchiveLedger {
  close(): Promise<void>;
}

/** A project in a folder or an organisation. */
export interface ProjectBelow {
  readonly project: string;
  /** false while it is being deleted: nothing in it can be used. */
  readonly isActive: boolean;
}

/**
 * Reads who may do what in a project from Google's own services. Never throws for what they answer: a read
 * that fails is unknown with its reason, and a list of which one page is missing is unknown as a whole.
 */
export interface GoogleAccess {
  identity(project: string): Promise<Fact<ProjectIdentity>>;
  /** `folders/N` and `organizations/N` above the project, the nearest first. */
  ancestry(project: string): Promise<Fact<readonly string[]>>;
  /** The project's own policy in version 3; nothing of its folders and organisation. */
  projectPolicy(project: string): Promise<Fact<IamPolicy>>;
  /** @param name `folders/N` or `organizations/N` */
  ancestorPolicy(name: string): Promise<Fact<IamPolicy>>;
  /** @param name `organizations/N` */
  organization(name: string): Promise<Fact<Organization>>;
  /** What a constraint comes to on the project, by all policies above it. */
  orgPolicy(project: string, constraint: OrgConstraint): Promise<Fact<OrgPolicy>>;
  /**
   * The projects directly below a folder or an organisation.
   * @param parent `folders/N` or `organizations/N`
   */
  projectsBelow(parent: string): Promise<Fact<readonly ProjectBelow[]>>;
  /** The folders directly below, that are not being deleted; `folders/N` each. */
  foldersBelow(parent: string): Promise<Fact<readonly string[]>>;
  /** @param onPage is given the accounts of each page as it comes, before it is known whether all will */
  serviceAccounts(
    project: string,
    onPage?: (accounts: readonly ServiceAccount[]) => void,
  ): Promise<Fact<readonly ServiceAccount[]>>;
  serviceAccountKeys(project: string, email: string): Promise<Fact<readonly ServiceAccountKey[]>>;
  /** The policy on an account: who may act as it. */
  serviceAccountPolicy(project: string, email: string): Promise<Fact<IamPolicy>>;
  /** What Policy Analyzer says about the last use of keys. */
  keyActivity(project: string): Promise<Fact<readonly KeyActivity[]>>;
  /** What Policy Analyzer says about the last use of accounts. */
  accountActivity(project: string): Promise<Fact<readonly AccountActivity[]>>;
  /** The direct members of a group, by its address. */
  group(address: string): Promise<Fact<GroupReply>>;
  /** The locations that Artifact Registry may have repositories in. */
  repositoryLocations(project: string): Promise<Fact<readonly string[]>>;
  repositories(project: string, location: string): Promise<Fact<readonly RegistryRepository[]>>;
  /** @param name `projects/P/locations/L/repositories/R` */
  repositoryPolicy(name: string): Promise<Fact<IamPolicy>>;
  /** Artifact Registry's `legacyRedirectionState`: how far the move from Container Registry is. */
  redirection(project: string): Promise<Fact<string>>;
  /** null where Cloud Storage says that there is no such bucket. */
  bucket(name: string): Promise<Fact<RegistryBucket | null>>;
  bucketPolicy(name: string): Promise<Fact<IamPolicy>>;
  /** What the bucket holds, measured once a day; unknown where nothing was measured. */
  bucketContents(project: string, name: string, nowMs: number): Promise<Fact<BucketContents>>;
  /** The policy of a Pub/Sub topic; null where the project has no such topic. */
  topicPolicy(project: string, topic: string): Promise<Fact<IamPolicy | null>>;
  clusters(project: string): Promise<Fact<readonly Cluster[]>>;
  /** The permissions of a role: `roles/X`, `projects/P/roles/X` or `organizations/N/roles/X`. None for a deleted one. */
  rolePermissions(role: string): Promise<Fact<readonly string[]>>;
}

/**
 * Reads what of a deployment is there, from Google's own services. Writes nothing. Never throws for what they
 * answer: a read that fails is unknown with its reason.
 */
export interface DeploymentReader {
  /** Names of the APIs that are on in a project. */
  enabledApis(project: string): Promise<Fact<readonly string[]>>;
  functions(project: string, region: string): Promise<Fact<readonly DeployedFunction[]>>;
  /** null where there is no such job. */
  schedulerJob(project: string, region: string, job: string): Promise<Fact<SchedulerJob | null>>;
  /** null where there is no such subscription. */
  subscription(project: string, subscription: string): Promise<Fact<Subscription | null>>;
  /** null where there is no such subscription. */
  subscriptionPolicy(project: string, subscription: string): Promise<Fact<IamPolicy | null>>;
  /**
   * Those of the permissions that somebody has on something.
   * @param account the service account that is asked about, whose token is fetched for it; null for the caller
   */
  grantedPermissions(
    place: PermissionPlace,
    permissions: readonly string[],
    account: string | null,
  ): Promise<Fact<readonly string[]>>;
  serverClock(): Promise<Fact<ServerClock>>;
}
