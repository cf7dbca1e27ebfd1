import type { Decision, RuleVoice } from './decision.ts';
import type { Digest } from './digest.ts';
import { canonicalJson } from './hash.ts';
import type { Completeness } from './listing.ts';
import type { Plan, Refusal, RepositoryPlan } from './plan.ts';
import { planSnapshot } from './plan-snapshot.ts';
import type { PolicyProblem, PolicySet } from './policy.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * What happens to one artifact when the policies change. `now enforced`: both versions would delete it, and
 * only now does it really go; `no longer enforced` is the way back. `other reason`: the verdict is the same,
 * and the rules that give it, or what they found, are not.
 */
export type ChangeKind = 'now deleted' | 'now kept' | 'now enforced' | 'no longer enforced' | 'other reason';

/** All kinds, the gravest first. */
export const CHANGE_KINDS: readonly ChangeKind[] = [
  'now deleted',
  'now enforced',
  'now kept',
  'no longer enforced',
  'other reason',
];

/** One artifact that changes hands, with both decisions in full. */
export interface DecisionChange {
  readonly kind: ChangeKind;
  readonly root: Digest;
  readonly before: Decision;
  readonly after: Decision;
}

/** What one version of the policies would take from one repository. */
export interface Deletions {
  /** Names of the policies that select the repository, sorted. */
  readonly policies: readonly string[];
  /** Manifests; artifacts may share them. */
  readonly manifests: number;
  /** Sum of the sizes that are known. */
  readonly sizeBytes: number;
  /** Manifests whose size is not known, and which the sum leaves out. */
  readonly unknownSizes: number;
  /** Why a run would stop before its first delete, or null. */
  readonly refusal: Refusal | null;
}

/** What changes hands in one repository. */
export interface RepositoryDiff {
  readonly repository: string;
  readonly artifactCount: number;
  readonly before: Deletions;
  readonly after: Deletions;
  /** By kind, the gravest first, then by root. */
  readonly changes: readonly DecisionChange[];
}

/** One inventory under two versions of the policies. */
export interface PolicyDiff {
  readonly version: 1;
  readonly kind: 'gcr-warden/policy-diff';
  /** The time at which both versions judged. */
  readonly atMs: number;
  readonly target: string;
  readonly catalog: Completeness;
  /** What is wrong in the files of each version. */
  readonly problems: { readonly before: readonly PolicyProblem[]; readonly after: readonly PolicyProblem[] };
  /** All that were judged, those without a change too, sorted. */
  readonly repositories: readonly RepositoryDiff[];
}

/** Judges a snapshot by two versions of the policies and says what changes hands. */
export function diffPolicies(snapshot: Snapshot, before: PolicySet, after: PolicySet): PolicyDiff {
  const plans = {
    before: planSnapshot(snapshot, before, 'all'),
    after: planSnapshot(snapshot, after, 'all'),
  };
  return {
    version: 1,
    kind: 'gcr-warden/policy-diff',
    atMs: snapshot.takenAtMs,
    target: snapshot.target,
    catalog: snapshot.catalog,
    problems: { before: before.problems, after: after.problems },
    repositories: diffPlans(plans.before, plans.after),
  };
}

/** Both plans are of one snapshot, so they have the same repositories and the same artifacts. */
function diffPlans(before: Plan, after: Plan): RepositoryDiff[] {
  const planned = new Map(after.repositories.map((one) => [one.repository, one]));
  return before.repositories.flatMap((one) => {
    const other = planned.get(one.repository);
    return other === undefined ? [] : [diffRepository(one, other)];
  });
}

function diffRepository(before: RepositoryPlan, after: RepositoryPlan): RepositoryDiff {
  const decided = new Map(after.decisions.map((decision) => [decision.root, decision]));
  const changes = before.decisions.flatMap((decision): DecisionChange[] => {
    const other = decided.get(decision.root);
    const kind = other === undefined ? null : changeOf(decision, other);
    if (other === undefined || kind === null) return [];
    return [{ kind, root: decision.root, before: decision, after: other }];
  });
  return {
    repository: before.repository,
    artifactCount: before.artifactCount,
    before: deletionsOf(before),
    after: deletionsOf(after),
    changes: changes.sort((a, b) => CHANGE_KINDS.indexOf(a.kind) - CHANGE_KINDS.indexOf(b.kind)),
  };
}

function changeOf(before: Decision, after: Decision): ChangeKind | null {
  if (before.verdict !== after.verdict) return after.verdict === 'delete' ? 'now deleted' : 'now kept';
  if (before.enforced !== after.enforced) return after.enforced ? 'now enforced' : 'no longer enforced';
  return reasonKey(before) === reasonKey(after) ? null : 'other reason';
}

/**
 * What a decision rests on. Where a rule stands in its file is left out: moving it changes nothing. So is what
 * rules say that keep nothing and delete nothing here.
 */
function reasonKey({ because, unknown, verdict, voices }: Decision): string {
  const speaks = (voice: RuleVoice): boolean => {
    if (verdict === 'delete') return voice.effect === 'delete' && voice.answer === 'yes';
    return voice.effect === 'keep' || (because === 'no rule names it' && voice.answer === 'unknown');
  };
  return canonicalJson({
    because,
    unknown,
    voices: voices
      .filter(speaks)
      .map(({ policy, rule, answer, evidence }) => ({ policy, rule, answer, evidence })),
  });
}

function deletionsOf({ policies, refusal, steps }: RepositoryPlan): Deletions {
  let manifests = 0;
  let sizeBytes = 0;
  let unknownSizes = 0;
  for (const step of steps) {
    if (step.kind !== 'delete') continue;
    manifests += 1;
    if (step.sizeBytes === null) unknownSizes += 1;
    else sizeBytes += step.sizeBytes;
  }
  return { policies: policies.map(({ name }) => name), manifests, sizeBytes, unknownSizes, refusal };
}
