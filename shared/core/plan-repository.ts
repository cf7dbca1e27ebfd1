import { factsAskedBy } from './asked-facts.ts';
import { type ArtifactWatcher, decide, policiesFor } from './decide.ts';
import type { Decision } from './decision.ts';
import { prepareRule } from './evaluate.ts';
import type { Graph } from './graph.ts';
import type { History } from './history.ts';
import {
  type InventoryReader,
  type InventorySources,
  type InventoryTaking,
  openInventory,
  readInventory,
} from './inventory.ts';
import { InventoryHash } from './inventory-hash.ts';
import { repositoryWarnings } from './inventory-warnings.ts';
import type { Listing } from './listing.ts';
import { managedRepository } from './managed-repository.ts';
import { oldestPart } from './oldest-part.ts';
import { reachesRepository } from './pattern.ts';
import type { Refusal, RepositoryPlan, Step } from './plan.ts';
import { type Going, limitRefusal, sizeOf, strictestLimits } from './plan-limit.ts';
import { stepsFor } from './plan-steps.ts';
import { type PlannedPulls, plannedPulls } from './planned-pulls.ts';
import type { Condition, Policy, PolicyProblem, PolicySet, Quarantine } from './policy.ts';
import { sortByPolicy, warningSentence } from './policy-warning.ts';
import { policyWarnings } from './policy-warnings.ts';
import type { RecordedPulls } from './pull-record.ts';
import { quantity } from './quantity.ts';
import { type QuarantineSources, quarantineJudge, unmarked } from './quarantine.ts';
import type { QuarantineChanges } from './quarantine-mark.ts';
import { longestUndo } from './undo-term.ts';

/**
 * Which decisions become steps. `all`: what every policy allows, to be looked at. `enforced`: only what a
 * policy in `mode: enforce` allows, to be applied without anybody looking; everything that other artifacts
 * need stays, as if the rest had been kept.
 */
export type PlanScope = 'all' | 'enforced';

/** What one repository's plan is made from, whether its inventory is held or read. */
interface JudgingSources {
  readonly inventory: InventoryReader;
  readonly graph: Graph;
  readonly listing: Listing;
  readonly policies: PolicySet;
  readonly scope: PlanScope;
  /** Only the oldest artifacts that may go, so many manifests at most; all where it is left out. */
  readonly oldest?: number;
  /** Pulls and what they stood for; left out where nobody asked for them. */
  readonly pulls?: RecordedPulls;
  readonly history?: History;
  /** What is in quarantine; left out where nothing can be. */
  readonly quarantine?: QuarantineSources;
  readonly nowMs: number;
}

/** The same, of an inventory that is held as a whole. */
export type PlanSources = InventoryTaking & Omit<JudgingSources, keyof InventoryTaking>;

/** What one repository's plan is made from, as it was read. */
export type ListingPlanSources = InventorySources & Omit<JudgingSources, keyof InventoryTaking>;

/**
 * Takes the inventory of a listing, with the facts that the policies ask for, and plans it: what a run does
 * between reading and writing.
 * @param onJudged told of every artifact, in the order of the decisions
 */
export function planListing(sources: ListingPlanSources, onJudged?: ArtifactWatcher): RepositoryPlan {
  const selecting = policiesFor(sources.policies.policies, sources.listing.repository);
  return planFrom({ ...sources, ...openInventory(sources, factsAskedBy(selecting)) }, onJudged);
}

/**
 * Plans one repository: decisions, steps in an order that the registry accepts, and whether a limit stands in
 * the way. The same function serves the dry run and the real one.
 */
export function planRepository(sources: PlanSources): RepositoryPlan {
  return planFrom({ ...sources, inventory: readInventory(sources.inventory) });
}

function planFrom(sources: JudgingSources, onJudged: ArtifactWatcher = () => {}): RepositoryPlan {
  const { inventory, listing } = sources;
  const hash = new InventoryHash(inventory, inventory.artifacts.length);
  // In one pass: what is made of an artifact is hashed and judged while it is at hand, and then forgotten.
  const { selecting, decisions, steps, limits, undoMs, refusal, quarantine } = judge(
    sources,
    (artifact, node) => {
      hash.add(artifact);
      onJudged(artifact, node);
    },
  );
  const asking = [...selecting.flatMap(usageConditions), ...servedAsking(selecting, decisions)];
  const pulls = pullsGoneBy(sources, selecting, decisions);
  return {
    repository: inventory.repository,
    listedAtMs: listing.takenAtMs,
    completeness: inventory.completeness,
    manifestCount: inventory.manifestCount,
    artifactCount: inventory.artifacts.length,
    inventoryHash: hash.digest(),
    policies: selecting.map(({ name, owner, reason }) => ({ name, owner, reason })),
    asksUsage: asking.length > 0,
    trustsBestEffort: asking.length > 0 && asking.every(({ trustsBestEffort }) => trustsBestEffort === true),
    ...(pulls === null ? {} : { pulls }),
    ...(quarantine === null ? {} : { quarantine }),
    decisions,
    steps,
    limits,
    ...(undoMs === undefined ? {} : { undoMs }),
    refusal,
    warnings: [
      ...partWarning(sources.oldest),
      ...warningsOf(inventory.repository, selecting, decisions),
      ...holdWarnings(sources, selecting, decisions),
      ...repositoryWarnings(inventory, selecting, decisions, sources.nowMs).map(warningSentence),
    ],
  };
}

function pullsGoneBy(
  { pulls, history }: JudgingSources,
  selecting: readonly Policy[],
  decisions: readonly Decision[],
): PlannedPulls | null {
  if (pulls === undefined || history === undefined) return null;
  return factsAskedBy(selecting).has('lastPulledAtMs') ? plannedPulls(pulls, history, decisions) : null;
}

/** What a plan is made of, before it is put into the form that is written down. */
export interface Judgement
  extends Pick<RepositoryPlan, 'decisions' | 'steps' | 'limits' | 'undoMs' | 'refusal'> {
  /** null where nothing is, or goes into, quarantine. */
  readonly quarantine: QuarantineChanges | null;
  /** The policies that select the repository, sorted by name. */
  readonly selecting: readonly Policy[];
}

/** Decides, orders and holds against the limits, as `planRepository` does; the part of it that a replay repeats. */
export function judgeRepository(sources: PlanSources): Judgement {
  return judge({ ...sources, inventory: readInventory(sources.inventory) });
}

function judge(sources: JudgingSources, onJudged?: ArtifactWatcher): Judgement {
  const { inventory, graph, nowMs } = sources;
  const selecting = policiesFor(sources.policies.policies, inventory.repository);
  const quarantine = quarantineJudge(sources.quarantine ?? unmarked(selecting), selecting, inventory, nowMs);
  const decisions = decide(inventory, graph, selecting, nowMs, onJudged, quarantine);
  const goingAt = placesGoing(sources, decisions);
  const steps = stepsFor(graph, decisions, goingAt);
  const names = new Set<string>();
  let last: Step['allowedBy'] = [];
  for (const { allowedBy } of steps) {
    if (allowedBy === last) continue;
    last = allowedBy;
    for (const { policy } of allowedBy) names.add(policy);
  }
  const allowing = selecting.filter((policy) => names.has(policy.name));
  const refusal = refusalOf(sources, steps, inventory.artifacts.length - goingAt.length, allowing);
  const undoMs = longestUndo(allowing);
  return {
    selecting,
    decisions,
    steps,
    limits: strictestLimits(allowing, inventory.repository),
    ...(undoMs === undefined ? {} : { undoMs }),
    refusal,
    quarantine: quarantine?.changes(decisions) ?? null,
  };
}

/** The places of the decisions that become steps, rising. */
function placesGoing({ inventory, scope, oldest }: JudgingSources, decisions: readonly Decision[]): number[] {
  const mayGo = ({ verdict, enforced }: Decision): boolean =>
    verdict === 'delete' && (scope === 'all' || enforced);
  const part =
    oldest === undefined ? null : new Set(oldestPart(decisions.filter(mayGo), inventory.artifacts, oldest));
  const places: number[] = [];
  for (let at = 0; at < decisions.length; at++) {
    const decision = decisions[at] as Decision;
    if (mayGo(decision) && part?.has(decision) !== false) places.push(at);
  }
  return places;
}

function partWarning(oldest: number | undefined): string[] {
  if (oldest === undefined) return [];
  const most = quantity(oldest, 'manifest');
  return [`Only the oldest part is planned, ${most} at most; what else is marked to go stays for now.`];
}

/** The quarantines of what goes now, where what is in use has to be known for them. */
function servedAsking(selecting: readonly Policy[], decisions: readonly Decision[]): Quarantine[] {
  const served = decisions.filter(
    ({ verdict, quarantine }) => verdict === 'delete' && quarantine?.kind === 'served',
  );
  if (served.length === 0) return [];
  return selecting
    .flatMap((policy) => policy.delete)
    .flatMap(({ quarantine }) => quarantine ?? [])
    .filter(({ without }) => !without.includes('inUse'));
}

type UsageCondition = Extract<Condition, { kind: 'inUse' }>;

function usageConditions(policy: Policy): UsageCondition[] {
  return [...policy.keep, ...policy.delete].flatMap((rule) =>
    rule.conditions.filter((condition): condition is UsageCondition => condition.kind === 'inUse'),
  );
}

/** The first reason for which nothing may be deleted, the gravest first. */
function refusalOf(
  sources: JudgingSources,
  steps: readonly Step[],
  remaining: number,
  allowing: readonly Policy[],
): Refusal | null {
  const { inventory } = sources;
  if (inventory.completeness.kind === 'incomplete') {
    return {
      code: 'LISTING_INCOMPLETE',
      message: `The listing may not hold everything: ${inventory.completeness.reason}. Nothing is deleted from it.`,
    };
  }
  const guard = guardOf(sources.policies.problems, inventory.repository);
  if (guard !== null) {
    return {
      code: 'POLICY_BROKEN',
      message: `${guard.file}:${guard.line}:${guard.column}: this policy selects the repository and can't be read, so what it would keep is not known. Mend it first.`,
    };
  }
  const deletions = steps.filter((step) => step.kind === 'delete').length;
  if (deletions === 0) return null;
  const going: Going = {
    deletions,
    manifestCount: inventory.manifestCount,
    sizeBytes: sizeOf(steps),
    remaining,
    nowMs: sources.nowMs,
  };
  return limitRefusal(allowing, going);
}

function guardOf(problems: readonly PolicyProblem[], repository: string): PolicyProblem | null {
  return (
    problems.find((problem) => problem.guards !== null && reachesRepository(problem.guards, repository)) ??
    null
  );
}

function warningsOf(
  repository: string,
  selecting: readonly Policy[],
  decisions: readonly Decision[],
): string[] {
  const warnings: string[] = [];
  if (selecting.length === 0) {
    const managed = managedRepository(repository);
    warnings.push(
      managed === null
        ? 'No policy selects this repository: everything in it is kept.'
        : `${managed.by} fills this repository for itself, so everything in it is kept. A policy that is meant for it names it without a wildcard: ${managed.root === repository ? repository : `${managed.root}/**`}.`,
    );
  }
  const unreadable = decisions.filter((decision) => decision.unknown !== null);
  if (unreadable.length > 0) {
    warnings.push(
      `${quantity(unreadable.length, 'artifact')} kept because of relations that are not known: ${unreadable[0]?.unknown}.`,
    );
  }
  return warnings;
}

/** Holds that end or have ended, and how many artifacts go that an ended one would have kept. */
function holdWarnings(
  { inventory, nowMs }: JudgingSources,
  selecting: readonly Policy[],
  decisions: readonly Decision[],
): string[] {
  return sortByPolicy(policyWarnings(selecting, nowMs))
    .filter(({ code }) => code === 'HOLD_ENDED' || code === 'HOLD_ENDS_SOON')
    .map((warning) => {
      const rule = selecting
        .find(({ name }) => name === warning.policy)
        ?.keep.find(({ name }) => name === warning.rule);
      if (warning.code !== 'HOLD_ENDED' || rule === undefined) return warningSentence(warning);
      const asks = prepareRule({ ...rule, untilMs: null }, inventory, nowMs);
      const lost = decisions.filter(
        ({ verdict }, at) => verdict === 'delete' && asks(inventory.artifacts.at(at), at).kind !== 'no',
      );
      return `${warningSentence(warning)} ${quantity(lost.length, 'artifact')} here that it would keep would go.`;
    });
}
