import type { Approval } from '../core/approval.ts';
import type { Outcome, Run } from '../core/journal.ts';
import type { Step } from '../core/plan.ts';
import type {
  Clock,
  Ledger,
  Logger,
  NewId,
  PublicReaders,
  RegistryDeleter,
  RegistryReader,
  TagKeeper,
  UsageReader,
} from '../ports.ts';
import type { QuarantineCounts } from './change-quarantine.ts';
import type { Notifications } from './end-run.ts';

/** What applying a plan works with. */
export interface ApplyPorts {
  readonly registry: RegistryReader;
  readonly deleter: RegistryDeleter;
  readonly ledger: Ledger;
  readonly usage: UsageReader;
  /** Asked where a rule went by pulls; left out, pulls are not known. */
  readonly publicReaders?: PublicReaders;
  /** Puts back tags that were lost in a race; where it is left out they are told. */
  readonly tags?: TagKeeper;
  /** Where the end of every run is told; left out, nowhere. */
  readonly notifications?: Notifications;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly logger: Logger;
  /** Requests under way side by side, over all repositories. */
  readonly concurrency: number;
}

/** How a plan is to be applied. */
export interface ApplyRequest {
  readonly trigger: Run['trigger'];
  /** After this time no further step is begun; null for no such time. */
  readonly untilMs: number | null;
  /** Names of the policies that are due, sorted; left out where that is no question. */
  readonly due?: readonly string[];
  /** Asked before every request; true ends the run cleanly. */
  readonly isStopped: () => boolean;
  /** Told of every outcome as it is known. */
  readonly onOutcome: (repository: string, step: Step, outcome: Outcome) => void;
  /** A person's word for this plan, over its limits; none where it is left out. */
  readonly approval?: Approval;
  /** Whether the manifests of what goes are kept for undo; kept where it is left out. */
  readonly undo?: boolean;
  /** What is in use, pulled, on hold and claimed is read again when it is older than this; ten minutes where it is left out. */
  readonly factsAgeMaxMs?: number;
}

/** What was done with one step. */
export interface StepResult {
  readonly step: Step;
  readonly outcome: Outcome;
}

/** What was done with one repository. */
export interface RepositoryResult {
  readonly repository: string;
  /** null where no run was begun: nothing to do, or something stood in the way before. */
  readonly runId: string | null;
  /** Why the repository was left alone, or left half way; null where nothing stood in the way. */
  readonly refusal: string | null;
  readonly results: readonly StepResult[];
  /** What went into quarantine, and what left it; left out where that is nothing. */
  readonly quarantined?: QuarantineCounts;
}
