import { type ArtifactNote, artifactNote } from '../core/artifact-note.ts';
import { factsAskedBy } from '../core/asked-facts.ts';
import { assemblePlan } from '../core/assemble-plan.ts';
import { policiesFor } from '../core/decide.ts';
import { messageOf } from '../core/error.ts';
import { sha256 } from '../core/hash.ts';
import { deriveHistory, reconcile } from '../core/history.ts';
import type { Hold } from '../core/hold.ts';
import { holdPolicy } from '../core/hold-policy.ts';
import { targetWarnings } from '../core/inventory-warnings.ts';
import type { Run } from '../core/journal.ts';
import type { Completeness, Listing } from '../core/listing.ts';
import type { Plan, RepositoryPlan } from '../core/plan.ts';
import { type PlanScope, planListing } from '../core/plan-repository.ts';
import type { PolicySet } from '../core/policy.ts';
import { type PolicyWarning, sortByPolicy, warningSentence } from '../core/policy-warning.ts';
import {
  formatRepository,
  formatTarget,
  parseRepository,
  type Repository,
  type Target,
} from '../core/reference.ts';
import { type RepositorySample, takeSample } from '../core/repository-sample.ts';
import type { Usage } from '../core/usage.ts';
import type { Clock, Ledger, Logger, NewId, PublicReaders, RegistryReader, UsageReader } from '../ports.ts';
import { lanesFor, mapConcurrently } from './concurrency.ts';
import { endRun, type Notifications } from './end-run.ts';
import { exactlyFreed } from './exact-size.ts';
import { notePolicies } from './note-policies.ts';
import { quarantineSources } from './quarantine-sources.ts';
import { readPushed } from './read-pushed.ts';
import { recordUsage } from './record-usage.ts';
import { recordedPulls } from './recorded-pulls.ts';
import { watchPlanning } from './watch-planning.ts';

export interface PlanPorts {
  readonly registry: RegistryReader;
  readonly ledger: Ledger;
  readonly usage: UsageReader;
  /** Asked where a rule asks for pulls; left out, pulls are not known. */
  readonly publicReaders?: PublicReaders;
  /** Where the end of every run is told; left out, nowhere. */
  readonly notifications?: Notifications;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly logger: Logger;
  /** Whether what was pushed lately is read and kept, so that its deletion need not read it. Left out: no. */
  readonly readsPushed?: boolean;
  /** Requests side by side, which the registry's transport has to hold. */
  readonly concurrency: number;
  /** Told how many repositories were read and judged, of how many; first when the catalog is known. */
  readonly onRead?: (read: number, all: number) => void;
}

export interface PlanRequest {
  readonly policies: PolicySet;
  readonly scope: PlanScope;
  readonly trigger: Run['trigger'];
  /**
   * Names of the policies whose delete rules speak; null for all. Keep rules of every policy always speak:
   * a policy that is not due protects what it protects.
   */
  readonly deleting: ReadonlySet<string> | null;
  /** Of each repository only the oldest artifacts that may go, so many manifests at most; all where it is left out. */
  readonly oldest?: number;
  /** Whether to read every manifest, to tell exactly what would be freed. */
  readonly exactSize?: true;
}

/**
 * Plans every repository of a target: reads the listing, repairs the ledger with it, judges, and writes the
 * decisions down so that they can be explained. Deletes nothing. A repository that can't be planned is in the
 * plan, with its reason and without steps.
 */
export async function planTarget(ports: PlanPorts, target: Target, request: PlanRequest): Promise<Plan> {
  const catalog = await ports.registry.catalog(target);
  const repositories = catalog.repositories.map(parseRepository);
  const nowMs = ports.clock();
  const planning = await watchPlanning(ports, request.policies.policies, nowMs);
  await notePolicies(ports, request.policies.policies, nowMs);
  return planRepositories(
    ports,
    {
      target: formatTarget(target),
      catalog: catalog.completeness,
      repositories,
      warn: (parts) =>
        sortByPolicy([...planning, ...targetWarnings(request.policies.policies, parts, nowMs)]),
    },
    request,
  );
}

/**
 * Plans one repository, as `planTarget` does for each of a target's. What concerns no single repository is not
 * asked for: thousands of these run beside each other.
 */
export async function planOne(ports: PlanPorts, repository: Repository, request: PlanRequest): Promise<Plan> {
  const subject = {
    target: formatRepository(repository),
    catalog: { kind: 'complete' } as const,
    repositories: [repository],
    warn: () => [],
  };
  return planRepositories(ports, subject, request);
}

interface PlanSubject {
  readonly target: string;
  readonly catalog: Completeness;
  readonly repositories: readonly Repository[];
  /** What is to be told of all repositories together. */
  readonly warn: (parts: Pick<Plan, 'target' | 'catalog' | 'repositories'>) => readonly PolicyWarning[];
}

async function planRepositories(ports: PlanPorts, subject: PlanSubject, request: PlanRequest): Promise<Plan> {
  const createdAtMs = ports.clock();
  const policies = speaking(request.policies, request.deleting);
  const silenced = new Set(
    request.policies.policies
      .filter((policy, at) => policy.delete.length > 0 && policies.policies[at]?.delete.length === 0)
      .map(({ name }) => name),
  );
  const usage = await ports.usage.read();
  let read = 0;
  const all = subject.repositories.length;
  const lanes = lanesFor(ports.concurrency);
  ports.onRead?.(read, all);
  const judged = await mapConcurrently(subject.repositories, lanes, async (repository) => {
    const name = formatRepository(repository);
    try {
      return await judge(ports, repository, {
        policies,
        whole: request.policies,
        silenced,
        usage,
        scope: request.scope,
        nowMs: createdAtMs,
        ...(request.oldest === undefined ? {} : { oldest: request.oldest }),
      });
    } catch (problem) {
      ports.logger.log('ERROR', 'repository could not be planned', {
        repository: name,
        reason: messageOf(problem),
      });
      return { plan: unplannable(name, createdAtMs, messageOf(problem)), notes: null, sample: null };
    } finally {
      read += 1;
      ports.onRead?.(read, all);
    }
  });
  const { target, catalog } = subject;
  const repositories = judged.map(({ plan }) => plan);
  const made = assemblePlan({
    createdAtMs,
    target,
    catalog,
    problems: request.policies.problems,
    warnings: subject.warn({ target, catalog, repositories }).map(warningSentence),
    repositories,
    ...(request.exactSize === true ? { freed: await exactlyFreed(ports, repositories, catalog) } : {}),
  });
  await writeDown(ports, made, judged, request.trigger);
  return made;
}

/** Takes the delete rules from policies that are not due, and leaves their keep rules. */
function speaking(set: PolicySet, deleting: ReadonlySet<string> | null): PolicySet {
  if (deleting === null) return set;
  return {
    ...set,
    policies: set.policies.map((policy) => (deleting.has(policy.name) ? policy : { ...policy, delete: [] })),
  };
}

interface Judging {
  readonly policies: PolicySet;
  /** With the delete rules of policies that are not due. */
  readonly whole: PolicySet;
  /** Names of the policies whose delete rules were taken away. */
  readonly silenced: ReadonlySet<string>;
  readonly usage: Usage;
  readonly scope: PlanScope;
  readonly oldest?: number;
  readonly nowMs: number;
}

/** A repository's plan, and what else is written down of it. */
interface Judged {
  readonly plan: RepositoryPlan;
  /** null where the repository was not read. */
  readonly notes: readonly ArtifactNote[] | null;
  /** null where the listing may not hold everything: what it lacks would look like something that was deleted. */
  readonly sample: RepositorySample | null;
}

async function judge(
  ports: PlanPorts,
  repository: Repository,
  { silenced, whole, ...judging }: Judging,
): Promise<Judged> {
  const listing = await ports.registry.list(repository);
  if (ports.readsPushed === true) await readPushed(ports, repository, listing, judging.nowMs);
  const { history, holds, quarantine } = await remembered(ports, listing, { ...judging, whole });
  const policies = withHolds(judging.policies, holds, listing.repository, judging.nowMs);
  const selecting = policiesFor(policies.policies, listing.repository);
  const asked = factsAskedBy(selecting);
  // Pulls are read only for rules that ask for them.
  const pulls = asked.has('lastPulledAtMs')
    ? { pulls: await recordedPulls(ports, repository, judging.nowMs) }
    : {};
  const notes: ArtifactNote[] = [];
  const plan = planListing(
    { ...judging, ...pulls, ...(quarantine === null ? {} : { quarantine }), listing, history, policies },
    (artifact, node) => notes.push(artifactNote(artifact, node)),
  );
  const isAll = !selecting.some(({ name }) => silenced.has(name));
  return {
    plan,
    notes,
    sample: listing.completeness.kind === 'complete' ? takeSample(listing, plan, isAll) : null,
  };
}

/**
 * What the ledger knows of a repository, and what runs now written to it. The facts that the history is made of are
 * as large as the history, and end here.
 */
async function remembered(
  ports: PlanPorts,
  listing: Listing,
  { usage, nowMs, whole }: Pick<Judging, 'usage' | 'nowMs' | 'whole'>,
) {
  const { repository } = listing;
  const { history, facts } = await reconciledHistory(ports, listing);
  await recordUsage(ports, usage, { listing, history }, nowMs);
  const holds = await ports.ledger.holds(repository);
  const policies = policiesFor(whole.policies, repository);
  const quarantine = await quarantineSources(ports.ledger, repository, { facts, holds, policies });
  return { history, holds, quarantine };
}

/** What is on hold is kept by a policy of its own, beside those of the files. */
function withHolds(set: PolicySet, holds: readonly Hold[], repository: string, nowMs: number): PolicySet {
  const holding = holdPolicy(repository, holds, nowMs);
  return holding === null ? set : { ...set, policies: [...set.policies, holding] };
}

/** The ledger's history of a repository and the facts that it is made of, after what the listing shows and nobody told was written to it. */
async function reconciledHistory(ports: PlanPorts, listing: Listing) {
  const { facts, loose } = await ports.ledger.readHistory(listing.repository);
  const remembered = deriveHistory(listing.repository, facts);
  const missed = reconcile(remembered, listing);
  await ports.ledger.foldHistory(listing.repository, loose, missed);
  if (missed.length === 0) return { history: remembered, facts };
  const all = [...facts, ...missed];
  return { history: deriveHistory(listing.repository, all), facts: all };
}

function unplannable(repository: string, atMs: number, reason: string): RepositoryPlan {
  return {
    repository,
    listedAtMs: atMs,
    completeness: { kind: 'incomplete', reason },
    manifestCount: 0,
    artifactCount: 0,
    inventoryHash: sha256(''),
    policies: [],
    asksUsage: false,
    decisions: [],
    steps: [],
    limits: null,
    refusal: { code: 'LISTING_INCOMPLETE', message: `The repository could not be read: ${reason}` },
    warnings: [],
  };
}

/** Owner and reason have at most 2,000 characters, and the record may have 1 MiB with 800 KiB of decisions. */
const POLICIES_RECORDED_MAX = 40;

async function writeDown(
  ports: PlanPorts,
  made: Plan,
  judged: readonly Judged[],
  trigger: Run['trigger'],
): Promise<void> {
  const seen = new Map(judged.map((one) => [one.plan.repository, one]));
  await mapConcurrently(made.repositories, ports.concurrency, async (repository) => {
    const runId = ports.newId();
    const toDelete = repository.decisions.filter((decision) => decision.verdict === 'delete').length;
    const saved = endRun(ports, {
      version: 1,
      id: runId,
      repository: repository.repository,
      planId: made.id,
      startedAtMs: made.createdAtMs,
      finishedAtMs: ports.clock(),
      trigger,
      mode: 'plan',
      kept: repository.decisions.length - toDelete,
      toDelete,
      outcomes: {},
      refusal: repository.refusal?.message ?? null,
    });
    const { completeness, policies, decisions } = repository;
    // A repository that could not be read was not judged: what was decided last stays to be explained.
    if (completeness.kind === 'incomplete' && decisions.length === 0) return saved;
    const explained = ports.ledger.saveDecisions(repository.repository, {
      runId,
      planId: made.id,
      atMs: made.createdAtMs,
      policies: policies
        .filter(({ owner, reason }) => owner !== null || reason !== null)
        .slice(0, POLICIES_RECORDED_MAX),
      decisions,
      notes: seen.get(repository.repository)?.notes ?? null,
    });
    const sampled = keepSample(ports, repository.repository, seen.get(repository.repository)?.sample ?? null);
    await Promise.all([saved, explained, sampled]);
  });
}

/** Only pages ask for samples: where one can't be kept, the run goes on. */
async function keepSample(
  { ledger, logger }: PlanPorts,
  repository: string,
  sample: RepositorySample | null,
): Promise<void> {
  if (sample === null) return;
  try {
    await ledger.recordSample(repository, sample);
  } catch (problem) {
    logger.log('WARNING', 'how large the repository is was not written down', {
      repository,
      reason: messageOf(problem),
    });
  }
}
