import type { Digest } from './digest.ts';
import type { PolicySource } from './policy.ts';
import type { QuarantineState } from './quarantine.ts';

/** What a condition found, as values; sentences are made from it in `sentence.ts` and nowhere else. */
export type Evidence =
  | { readonly kind: 'everything' }
  | { readonly kind: 'state'; readonly state: 'tagged' | 'untagged' }
  | { readonly kind: 'orphaned' }
  | {
      readonly kind: 'tags';
      readonly match: 'any' | 'all';
      readonly tags: readonly string[];
      readonly patterns: readonly string[];
    }
  | {
      readonly kind: 'age';
      readonly since: 'uploaded' | 'untagged' | 'tagged' | 'pulled';
      readonly ageMs: number;
      readonly wanted: 'more than' | 'less than';
      readonly wantedMs: number;
      /** It may be longer ago than `ageMs`. */
      readonly atLatest?: true;
    }
  | { readonly kind: 'never pulled' }
  | { readonly kind: 'in use'; readonly by: readonly string[] }
  | { readonly kind: 'digest'; readonly digest: Digest }
  | { readonly kind: 'size'; readonly sizeBytes: number; readonly wantedBytes: number }
  | { readonly kind: 'media type'; readonly mediaType: string }
  | {
      readonly kind: 'newest';
      readonly rank: number;
      readonly count: number;
      readonly of: number;
      readonly group: string | null;
    }
  | { readonly kind: 'unknown'; readonly what: string; readonly reason: string };

/** One rule that had something to say about an artifact. A rule whose answer is no says nothing. */
export interface RuleVoice {
  readonly policy: string;
  readonly rule: string;
  readonly effect: 'keep' | 'delete';
  /** `unknown`: a fact it asks for is not known. For a keep rule that keeps; for a delete rule it deletes nothing. */
  readonly answer: 'yes' | 'unknown';
  readonly mode: 'plan' | 'enforce';
  readonly source: PolicySource;
  /** 1-based line of the rule in `source.file`. */
  readonly line: number;
  readonly evidence: readonly Evidence[];
}

/** What was decided about one artifact, with every rule that spoke. */
export interface Decision {
  readonly root: Digest;
  readonly tags: readonly string[];
  /** Members by digest; they follow the root's verdict unless another artifact keeps them. */
  readonly members: readonly Digest[];
  readonly verdict: 'keep' | 'delete';
  /**
   * Why it is kept, where no rule says it: no rule names it, its relations could not be read, something that is
   * kept points at it or is about it, or its time in quarantine is not over. null where `voices` says it.
   */
  readonly because:
    | 'no rule names it'
    | 'its relations are not known'
    | 'something kept needs it'
    | 'in quarantine'
    | null;
  /** The reason behind `its relations are not known`; null otherwise. */
  readonly unknown: string | null;
  /** Sorted by policy, then rule. */
  readonly voices: readonly RuleVoice[];
  /** Whether a policy in `mode: enforce` allows the deletion. Always false for a keep. */
  readonly enforced: boolean;
  /** Where a rule that deletes it has a quarantine: how far that is. */
  readonly quarantine?: QuarantineState;
}
