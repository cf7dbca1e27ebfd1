import type { Decision } from './decision.ts';
import type { Digest } from './digest.ts';
import type { FreedSize } from './freed-size.ts';
import type { Completeness } from './listing.ts';
import type { PlannedPulls } from './planned-pulls.ts';
import type { Freeze, Limits, PolicyProblem, PolicySource, PolicySummary, ScopeLimit } from './policy.ts';
import type { QuarantineChanges } from './quarantine-mark.ts';

/** Who allowed a step: a policy's delete rule, with the mode the policy was in. */
export interface Allowance {
  readonly policy: string;
  readonly rule: string;
  readonly mode: 'plan' | 'enforce';
  readonly source: PolicySource;
}

/**
 * One request of a plan. `untag` removes a tag that must still point at `digest`; `delete` removes a
 * manifest by its digest. Steps stand in an order that Google's rules accept.
 */
export type Step =
  | {
      readonly kind: 'untag';
      readonly tag: string;
      readonly digest: Digest;
      /** The artifact that this belongs to. */
      readonly root: Digest;
      /** Steps of one chain run one after the other, in their order; chains are independent. */
      readonly chain: number;
      readonly allowedBy: readonly Allowance[];
    }
  | {
      readonly kind: 'delete';
      readonly digest: Digest;
      readonly root: Digest;
      readonly chain: number;
      /** The tags it had when the plan was made, all of them removed by earlier steps. */
      readonly tags: readonly string[];
      /** As listed; null where the registry did not say. */
      readonly sizeBytes: number | null;
      readonly allowedBy: readonly Allowance[];
    };

/** Why nothing may be deleted from a repository, whatever its steps are. */
export interface Refusal {
  readonly code:
    | 'LISTING_INCOMPLETE'
    | 'LIMIT_DIGESTS'
    | 'LIMIT_SHARE'
    | 'LIMIT_SIZE'
    | 'LIMIT_FREEZE'
    | 'LIMIT_LAST_ARTIFACT'
    | 'POLICY_BROKEN';
  readonly message: string;
}

/** What the policies that allow a plan's steps let one run take from one repository. */
export interface PlanLimits extends Omit<Limits, 'perDay' | 'scopes' | 'freeze'> {
  /** The policies with a limit a day, over everything that they select. */
  readonly perDay: readonly { readonly policy: string; readonly digests: number }[];
  /** Limits a day over what the repository lies in; `of` is its name. Left out where there is none. */
  readonly scopes?: readonly (ScopeLimit & { readonly policy: string; readonly of: string })[];
  /** Times in which nothing goes. */
  readonly freeze: readonly (Freeze & { readonly policy: string })[];
}

/** What is to be done with one repository, complete in itself. */
export interface RepositoryPlan {
  readonly repository: string;
  readonly listedAtMs: number;
  readonly completeness: Completeness;
  /** Manifests listed. */
  readonly manifestCount: number;
  readonly artifactCount: number;
  /** Hash of the inventory that was judged. */
  readonly inventoryHash: Digest;
  /** The policies that select the repository, sorted by name. */
  readonly policies: readonly PolicySummary[];
  /** Whether a rule asked what is in use; `apply` then asks again before the first delete. */
  readonly asksUsage: boolean;
  /** Whether every rule that asked takes best effort for an answer. Left out by earlier versions: no. */
  readonly trustsBestEffort?: boolean;
  /** The pulls that rules went by; `apply` then looks again. Left out where no rule asked, or they were not known. */
  readonly pulls?: PlannedPulls;
  /** What goes into quarantine, leaves it, or has served its time. Left out where that is nothing. */
  readonly quarantine?: QuarantineChanges;
  /** One an artifact, sorted by root. */
  readonly decisions: readonly Decision[];
  readonly steps: readonly Step[];
  /** What the policies that allow the steps let one run take, the strictest of each; null without steps. */
  readonly limits: PlanLimits | null;
  /**
   * How long what goes is kept for undo, the longest of what the policies that allow the steps want; 0 for not at
   * all. Left out where none of them says.
   */
  readonly undoMs?: number;
  readonly refusal: Refusal | null;
  readonly warnings: readonly string[];
}

/** The value that `apply` takes. `id` is the hash of everything else in it. */
export interface Plan {
  readonly version: 1;
  readonly kind: 'gcr-warden/plan';
  readonly id: Digest;
  readonly createdAtMs: number;
  /** What the plan was asked for, as printed: `HOST/PROJECT[/REPO]`. */
  readonly target: string;
  /** Whether all repositories of the target were seen. Those that were can be judged either way. */
  readonly catalog: Completeness;
  readonly problems: readonly PolicyProblem[];
  /** What concerns no single repository, one line each. */
  readonly warnings: readonly string[];
  /** Sorted by repository. */
  readonly repositories: readonly RepositoryPlan[];
  /** What all steps together would free, and whether that is exact. Left out by earlier versions. */
  readonly freed?: FreedSize;
}
