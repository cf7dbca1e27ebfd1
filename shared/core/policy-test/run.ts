import { policiesFor } from '../decide.ts';
import type { Decision, RuleVoice } from '../decision.ts';
import { decisionsAbout } from '../decisions-about.ts';
import { type Digest, isDigest, shortDigest } from '../digest.ts';
import type { Fact } from '../fact.ts';
import { factsOfHistory } from '../history.ts';
import { type Inventory, takeInventory } from '../inventory.ts';
import type { Refusal } from '../plan.ts';
import { judgeRepository } from '../plan-repository.ts';
import type { Policy } from '../policy.ts';
import { nearest } from '../policy-file/spelling.ts';
import { lastPushes, type QuarantineSources, unmarked } from '../quarantine.ts';
import { meaningOf, type QuarantineMark } from '../quarantine-mark.ts';
import { decisionSentence } from '../sentence.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Usage } from '../usage.ts';
import type { Expectation, ExpectedDecider, ExpectedLimit, PolicyTest, TestPlace } from './policy-test.ts';
import { sourcesOf, type WrittenSources } from './written-inventory.ts';

/** One expectation that was not met. */
export interface Mismatch {
  readonly place: TestPlace;
  /** As the test names it; an image that it does not name by tag or digest. */
  readonly image: string;
  /** In words: `deleted by rule untagged`. */
  readonly expected: string;
  /** What was decided and why, in words, or why nothing could be. */
  readonly decided: string;
}

/** How one test ended; it passed where there is no mismatch. */
export interface PolicyTestResult {
  readonly name: string;
  readonly place: TestPlace;
  /** null where the snapshot has no such repository. */
  readonly repository: string | null;
  /** Images judged. */
  readonly imageCount: number;
  readonly mismatches: readonly Mismatch[];
}

/** What a test judged, for the coverage. */
export interface Judged {
  readonly inventory: Inventory;
  /** The policies that select the repository. */
  readonly policies: readonly Policy[];
  readonly decisions: readonly Decision[];
  readonly nowMs: number;
}

/** A test's result, and what was judged; null where nothing could be. */
export interface PolicyTestRun {
  readonly result: PolicyTestResult;
  readonly judged: Judged | null;
}

/**
 * Runs one test with the functions that a real run judges by.
 * @param snapshot the one that the test names; null where it has an inventory of its own
 */
export function runPolicyTest(
  test: PolicyTest,
  policies: readonly Policy[],
  snapshot: Snapshot | null,
): PolicyTestRun {
  const subject = subjectOf(test, snapshot);
  const result = { name: test.name, place: test.place };
  if (typeof subject === 'string') {
    const mismatch = { place: test.place, image: '', expected: 'a repository to judge', decided: subject };
    return { result: { ...result, repository: null, imageCount: 0, mismatches: [mismatch] }, judged: null };
  }
  const { listing } = subject.sources;
  const { inventory: taken, graph } = takeInventory(subject.sources);
  const inventory = withPulls(taken, subject.pulls);
  const { selecting, decisions, refusal } = judgeRepository({
    inventory,
    graph,
    listing,
    policies: { policies, problems: [] },
    scope: 'all',
    nowMs: subject.nowMs,
    quarantine: quarantineOf(subject, policiesFor(policies, listing.repository)),
  });
  const mismatches: Mismatch[] = [];
  if (selecting.length === 0) {
    const decided = `no policy selects ${listing.repository}`;
    mismatches.push({ place: test.place, image: '', expected: 'a policy to test', decided });
  }
  const named = new Set<Digest>();
  for (const expectation of test.expectations) {
    const decision = findDecision(decisions, expectation.image, subject.digests);
    if (typeof decision !== 'string') named.add(decision.root);
    const why = typeof decision === 'string' ? decision : contradicts(expectation, decision, selecting);
    if (why === null) continue;
    const { place, image } = expectation;
    mismatches.push({ place, image, expected: expectedSentence(expectation), decided: why });
  }
  if (test.othersKept) {
    for (const decision of decisions) {
      if (decision.verdict === 'keep' || named.has(decision.root)) continue;
      const image = nameOf(decision, subject.digests);
      mismatches.push({
        place: test.place,
        image,
        expected: 'kept, because the test does not name it (others: kept)',
        decided: decisionSentence(decision),
      });
    }
  }
  const limit = test.limit === null ? null : contradictsLimit(test.limit, refusal);
  if (limit !== null) mismatches.push(limit);
  return {
    result: { ...result, repository: listing.repository, imageCount: decisions.length, mismatches },
    judged: { inventory, policies: selecting, decisions, nowMs: subject.nowMs },
  };
}

/** What a test judges. */
interface Subject {
  readonly sources: Pick<WrittenSources, 'listing' | 'history'> & { readonly usage: Usage };
  readonly nowMs: number;
  /** Names that the test gave; empty for a snapshot. */
  readonly digests: ReadonlyMap<string, Digest>;
  readonly pulls: ReadonlyMap<Digest, Fact<number | null>>;
  /** Since when images have been in quarantine. */
  readonly quarantined: ReadonlyMap<Digest, number>;
}

/** Every rule with a quarantine has marked what the test says is in quarantine. */
function quarantineOf({ sources, quarantined }: Subject, policies: readonly Policy[]): QuarantineSources {
  const rules = policies.flatMap((policy) =>
    policy.delete.flatMap(({ name, quarantine }) =>
      quarantine === undefined
        ? []
        : [{ policy: policy.name, rule: name, graceMs: quarantine.graceMs, meaning: meaningOf(policy) }],
    ),
  );
  const marks = [...quarantined].map(
    ([root, sinceMs]): QuarantineMark => ({
      version: 1,
      root,
      tags: [],
      seenAtMs: sinceMs,
      sinceMs,
      runId: 'the test',
      rules,
      end: null,
    }),
  );
  return { ...unmarked(policies), marks, pushes: lastPushes(factsOfHistory(sources.history)) };
}

/** A text says why there is none. */
function subjectOf({ inventory }: PolicyTest, snapshot: Snapshot | null): Subject | string {
  if (inventory.kind === 'written') {
    const sources = sourcesOf(inventory);
    const pulls = new Map<Digest, Fact<number | null>>();
    const quarantined = new Map<Digest, number>();
    for (const { name, pulledAgeMs, quarantinedAgeMs } of inventory.images) {
      const digest = sources.digests.get(name);
      if (digest === undefined) continue;
      if (quarantinedAgeMs !== null) quarantined.set(digest, inventory.nowMs - quarantinedAgeMs);
      if (pulledAgeMs.kind === 'unknown') continue;
      const ageMs = pulledAgeMs.value;
      pulls.set(digest, { kind: 'known', value: ageMs === null ? null : inventory.nowMs - ageMs });
    }
    return { sources, nowMs: inventory.nowMs, digests: sources.digests, pulls, quarantined };
  }
  if (snapshot === null) return `the snapshot ${inventory.file} was not read`;
  const { repositories, usage, takenAtMs } = snapshot;
  const names = repositories.map(({ listing }) => listing.repository);
  const wanted = inventory.repository ?? (names.length === 1 ? names[0] : undefined);
  if (wanted === undefined) {
    return `${inventory.file} holds ${names.length} repositories; say which one with repository`;
  }
  const found = repositories.find(({ listing }) => listing.repository === wanted);
  if (found === undefined) return `${inventory.file} does not hold ${wanted}`;
  const nowMs = inventory.nowMs ?? takenAtMs;
  // Earlier than that, things would be in it that had not happened yet.
  if (nowMs < takenAtMs)
    return `now is before ${inventory.file} was taken, ${new Date(takenAtMs).toISOString()}`;
  return {
    sources: { ...found, usage },
    nowMs,
    digests: new Map(),
    pulls: new Map(),
    quarantined: new Map(),
  };
}

/** Pulls are in no listing and no notification: a test tells them, and they become facts of the inventory. */
function withPulls(inventory: Inventory, pulls: Subject['pulls']): Inventory {
  if (pulls.size === 0) return inventory;
  const artifacts = inventory.artifacts.map((artifact) => {
    const lastPulledAtMs = pulls.get(artifact.root);
    return lastPulledAtMs === undefined ? artifact : { ...artifact, lastPulledAtMs };
  });
  return { ...inventory, artifacts };
}

/** The decision about an image, or why there is none. */
function findDecision(
  decisions: readonly Decision[],
  image: string,
  digests: ReadonlyMap<string, Digest>,
): Decision | string {
  const digest = digests.get(image) ?? image;
  const found = decisions.find(
    ({ root, tags }) => root === digest || (digests.size === 0 && tags.includes(image)),
  );
  if (found !== undefined) return found;
  const owners = isDigest(digest) ? decisionsAbout(decisions, digest) : [];
  if (owners.length === 0) return 'there is no such image in the repository';
  const names = owners.map((owner) => nameOf(owner, digests)).join(' and ');
  return owners.length === 1
    ? `it is a part of ${names}, and goes or stays with it`
    : `it is a part of ${names}, and goes only when all of them go`;
}

/** What an image is called: by the test, by its first tag, or by its digest. */
function nameOf(decision: Decision, digests: ReadonlyMap<string, Digest>): string {
  for (const [name, digest] of digests) if (digest === decision.root) return name;
  return decision.tags[0] ?? shortDigest(decision.root);
}

/** Why a decision is not the one expected, or null. */
function contradicts(
  expectation: Expectation,
  decision: Decision,
  policies: readonly Policy[],
): string | null {
  const isMet =
    decision.verdict === expectation.verdict && expectation.deciders.every((one) => decides(one, decision));
  if (isMet) return null;
  const rules = policies.flatMap((policy) => [...policy.keep, ...policy.delete].map(({ name }) => name));
  for (const decider of expectation.deciders) {
    if (decider.kind !== 'rule' || rules.includes(decider.rule)) continue;
    const near = nearest(decider.rule, rules);
    const hint = near === null ? '' : ` (did you mean ${near}?)`;
    return `no policy for this repository has a rule ${decider.rule}${hint}; ${decisionSentence(decision)}`;
  }
  return decisionSentence(decision);
}

/** The mismatch of what a test expects of the limits, or null. */
function contradictsLimit({ limit, place }: ExpectedLimit, refusal: Refusal | null): Mismatch | null {
  const wanted = limit === 'within' ? undefined : (`LIMIT_${limit.toUpperCase().replace('-', '_')}` as const);
  if (refusal?.code === wanted) return null;
  return {
    place,
    image: '',
    expected: limit === 'within' ? 'a run within its limits' : `a run that the limit ${limit} stops`,
    decided: refusal?.message ?? 'no limit stands in its way',
  };
}

function decides(expected: ExpectedDecider, decision: Decision): boolean {
  if (expected.kind === 'because') return decision.because === expected.because;
  return decidingVoices(decision).some(
    ({ policy, rule, answer }) =>
      rule === expected.rule &&
      answer === expected.answer &&
      (expected.policy === null || policy === expected.policy),
  );
}

/**
 * The rules that a decision rests on, the same that its sentence names: for a deletion those that allow it, for
 * a keep those that keep, for a quarantine those that have it; and where nothing names the image, a delete rule that could not be answered.
 */
export function decidingVoices({ verdict, because, voices }: Decision): readonly RuleVoice[] {
  if (because === 'no rule names it') return voices.filter(({ answer }) => answer === 'unknown');
  if (because !== null && because !== 'in quarantine') return [];
  const isDeleted = verdict === 'delete' || because === 'in quarantine';
  return voices.filter(({ effect, answer }) =>
    isDeleted ? effect === 'delete' && answer === 'yes' : effect === 'keep',
  );
}

function expectedSentence({ verdict, deciders }: Expectation): string {
  const by = deciders.map((decider) => {
    if (decider.kind === 'because') return `because ${decider.because}`;
    const policy = decider.policy === null ? '' : ` of policy ${decider.policy}`;
    const why = decider.answer === 'yes' ? '' : ', because what it asks for is not known';
    return `by rule ${decider.rule}${policy}${why}`;
  });
  return [verdict === 'keep' ? 'kept' : 'deleted', by.join(' and ')].filter((one) => one !== '').join(' ');
}
