import type { Approval } from './approval.ts';
import type { Digest } from './digest.ts';
import type { Step } from './plan.ts';
import type { PolicySummary } from './policy.ts';

/** How one step ended. A closed set: whatever counts or shows results counts these. */
export type Outcome =
  | { readonly kind: 'deleted' }
  | { readonly kind: 'already gone' }
  | {
      readonly kind: 'skipped';
      readonly why: 'moved' | 'claimed' | 'in use' | 'held' | 'limit' | 'stopped';
      readonly detail: string;
    }
  /** `of`: the registry refuses every step of this kind in the repository, not this one alone. */
  | { readonly kind: 'blocked'; readonly reason: string; readonly of?: 'repository' }
  | { readonly kind: 'failed'; readonly retryable: boolean; readonly reason: string }
  | { readonly kind: 'repaired'; readonly detail: string };

/** What is about to be done, with the evidence; written before the request is sent. */
export interface Intent {
  readonly version: 1;
  readonly runId: string;
  /** Position in the repository's steps: `runId`, `repository` and `index` name the intent. */
  readonly index: number;
  readonly repository: string;
  readonly planId: Digest;
  readonly atMs: number;
  readonly step: Step;
  /** The sentence that says why, as every output shows it. */
  readonly reason: string;
  /** Where the tag of the step is to be put back on this digest instead; left out for a step of the plan. */
  readonly putBack?: Digest;
  /**
   * Of the policies that allowed it, those with an owner or a reason, as they were then; left out where none has.
   * The last decisions of a repository are replaced by the next run: what was deleted keeps its own.
   */
  readonly policies?: readonly PolicySummary[];
  /** Until when the manifest of the step is kept for undo; left out where it is not. */
  readonly keptUntilMs?: number;
}

/** The outcome of the intent with the same run, repository and index. */
export interface Settlement {
  readonly version: 1;
  readonly runId: string;
  readonly repository: string;
  readonly index: number;
  readonly atMs: number;
  readonly outcome: Outcome;
}

/** An intent with its outcome; null while none was written, which after a crash means: ask the registry. */
export interface JournalEntry {
  readonly intent: Intent;
  readonly settlement: Settlement | null;
}

/** One run over one repository. */
export interface Run {
  readonly version: 1;
  readonly id: string;
  readonly repository: string;
  readonly planId: Digest;
  readonly startedAtMs: number;
  /** null while it is under way, or was killed. */
  readonly finishedAtMs: number | null;
  readonly trigger: 'schedule' | 'command' | 'push';
  /** `plan`: it only said what it would do. */
  readonly mode: 'plan' | 'apply';
  /**
   * Names of the policies that were due, sorted: whoever continues a run that was killed lets them speak again.
   * Left out where all of them spoke.
   */
  readonly due?: readonly string[];
  /** Verdicts of the plan: artifacts. */
  readonly kept: number;
  readonly toDelete: number;
  /** Outcomes by kind, `skipped` by why: `{"deleted": 4, "skipped: moved": 1}`. Empty until finished. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Why nothing was deleted although something could have been; null where nothing stood in the way. */
  readonly refusal: string | null;
  /** Nobody was told of its end yet; left out where somebody was, or nobody asked to be. */
  readonly untold?: true;
  /** What it put into quarantine, and what left it; left out where that is nothing. */
  readonly quarantined?: {
    readonly entered: number;
    readonly ended: number;
    /** From then on the first of those that entered may go; null where none did. */
    readonly goesFromMs: number | null;
  };
  /** Who let it go over a limit, and why; left out where nobody had to. */
  readonly approval?: Approval;
}

/** A manifest as the registry served it, kept so that a deletion can be undone. */
export interface StoredManifest {
  readonly repository: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** The bytes as text: manifests are JSON in UTF-8. */
  readonly content: string;
}

/** The name under which an outcome is counted. */
export function outcomeLabel(outcome: Outcome): string {
  return outcome.kind === 'skipped' ? `skipped: ${outcome.why}` : outcome.kind;
}
