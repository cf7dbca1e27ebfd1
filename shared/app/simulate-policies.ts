import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/error.ts';
import { type Fact, known, unknown } from '../core/fact.ts';
import { deriveHistory, factsOfHistory, type HistoryFact, reconcile } from '../core/history.ts';
import type { Completeness, Listing } from '../core/listing.ts';
import type { PolicyProblem, PolicySet } from '../core/policy.ts';
import type { RecordedPulls } from '../core/pull-record.ts';
import {
  formatRepository,
  formatTarget,
  parseRepository,
  type Repository,
  type Target,
} from '../core/reference.ts';
import { simulate } from '../core/simulate.ts';
import type { Simulation, SimulationSources } from '../core/simulation.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { NO_USAGE_RECORD } from '../core/usage-record.ts';
import type {
  Clock,
  EventLedger,
  Logger,
  PublicReaders,
  PullLedger,
  RegistryReader,
  RunLedger,
  UsageLedger,
  UsageReader,
} from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';
import { recordedPulls } from './recorded-pulls.ts';

export interface SimulatePorts {
  readonly registry: RegistryReader;
  readonly ledger: Pick<EventLedger, 'historyFacts'> &
    Pick<RunLedger, 'manifests'> &
    PullLedger &
    Pick<UsageLedger, 'usageRecord'>;
  /** As for planning. */
  readonly publicReaders?: PublicReaders;
  readonly usage: UsageReader;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Repositories read side by side. */
  readonly concurrency: number;
}

export interface SimulateRequest {
  readonly policies: PolicySet;
  /** How far back, in milliseconds. */
  readonly sinceAgeMs: number;
  readonly unrecorded: SimulationSources['unrecorded'];
}

/** What policies would have done to the repositories of a target. */
export interface SimulationReport {
  readonly version: 1;
  readonly kind: 'gcr-warden/simulation';
  readonly target: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly catalog: Completeness;
  readonly problems: readonly PolicyProblem[];
  /** Sorted by repository; unknown where one could not be replayed. */
  readonly repositories: readonly { readonly repository: string; readonly simulation: Fact<Simulation> }[];
}

/** Manifests asked for at once. */
const MANIFESTS_ASKED = 500;

/** A snapshot holds none. */
const NO_PULLS: RecordedPulls = { sinceMs: unknown('pulls are not recorded in a snapshot'), pulls: [] };

/**
 * Replays the history of a target's repositories. Reads only: what the listing shows and nobody told counts in
 * the replay and is not written to the ledger. A repository that can't be replayed has its reason.
 */
export async function simulateTarget(
  ports: SimulatePorts,
  target: Target,
  request: SimulateRequest,
): Promise<SimulationReport> {
  const untilMs = ports.clock();
  const catalog = await ports.registry.catalog(target);
  const usage = await ports.usage.read();
  const repositories = await mapConcurrently(
    [...catalog.repositories].sort(),
    ports.concurrency,
    async (repository) => ({
      repository,
      simulation: await replayed(async () => {
        const parsed = parseRepository(repository);
        const { listing, facts, manifests } = await recordOf(ports, parsed);
        const pulls = await recordedPulls(ports, parsed, untilMs);
        const used = await ports.ledger.usageRecord(repository);
        return replay({ repository, listing, facts, manifests, usage, used, pulls }, request, untilMs);
      }),
    }),
  );
  return {
    version: 1,
    kind: 'gcr-warden/simulation',
    target: formatTarget(target),
    sinceMs: untilMs - request.sinceAgeMs,
    untilMs,
    catalog: catalog.completeness,
    problems: request.policies.problems,
    repositories,
  };
}

/** The same from a snapshot, up to the time at which it was taken; what is gone by then has no manifest in it. */
export async function simulateSnapshot(
  snapshot: Snapshot,
  request: SimulateRequest,
): Promise<SimulationReport> {
  const untilMs = snapshot.takenAtMs;
  const repositories: { repository: string; simulation: Fact<Simulation> }[] = [];
  for (const { listing, history } of snapshot.repositories) {
    const { repository } = listing;
    const facts = factsOfHistory(history);
    const record = {
      repository,
      listing,
      facts,
      manifests: [],
      usage: snapshot.usage,
      used: NO_USAGE_RECORD,
      pulls: NO_PULLS,
    };
    repositories.push({ repository, simulation: await replayed(() => replay(record, request, untilMs)) });
  }
  return {
    version: 1,
    kind: 'gcr-warden/simulation',
    target: snapshot.target,
    sinceMs: untilMs - request.sinceAgeMs,
    untilMs,
    catalog: snapshot.catalog,
    problems: request.policies.problems,
    repositories,
  };
}

type RepositoryRecord = Pick<
  SimulationSources,
  'repository' | 'listing' | 'facts' | 'manifests' | 'usage' | 'used' | 'pulls'
>;

function replay(record: RepositoryRecord, request: SimulateRequest, untilMs: number): Simulation {
  return simulate({
    ...record,
    policies: request.policies,
    sinceMs: untilMs - request.sinceAgeMs,
    untilMs,
    unrecorded: request.unrecorded,
  });
}

async function replayed(work: () => Simulation | Promise<Simulation>): Promise<Fact<Simulation>> {
  try {
    return known(await work());
  } catch (problem) {
    return unknown(messageOf(problem));
  }
}

/** What the registry lists, what the ledger was told, and the kept manifests of what is gone. */
async function recordOf(
  { registry, ledger, logger }: SimulatePorts,
  repository: Repository,
): Promise<Pick<SimulationSources, 'listing' | 'facts' | 'manifests'>> {
  const name = formatRepository(repository);
  const listing: Listing = await registry.list(repository);
  if (listing.completeness.kind === 'incomplete') {
    logger.log('WARNING', 'the listing is not whole: what it lacks is replayed as if it were gone', {
      repository: name,
      reason: listing.completeness.reason,
    });
  }
  const told = await ledger.historyFacts(name);
  const facts: HistoryFact[] = [...told, ...reconcile(deriveHistory(name, told), listing)];
  const listed = new Set(listing.manifests.map(({ digest }) => digest));
  const gone = new Set<Digest>();
  for (const { digest } of facts) if (digest !== null && !listed.has(digest)) gone.add(digest);
  const manifests = [];
  const asked = [...gone].sort();
  for (let from = 0; from < asked.length; from += MANIFESTS_ASKED) {
    manifests.push(...(await ledger.manifests(name, asked.slice(from, from + MANIFESTS_ASKED))));
  }
  return { listing, facts, manifests };
}
