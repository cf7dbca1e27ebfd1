import type { Digest } from './digest.ts';
import type { Run } from './journal.ts';

/** What is told of one run over one repository. Its form is `docs/schemas/run.schema.json`. */
export interface RunNotification {
  readonly version: 1;
  /**
   * `planned`: it only said what it would do. `applied`: it did something, or there was nothing to do for it.
   * `refused`: something stood in the way before its first step.
   */
  readonly kind: 'planned' | 'applied' | 'refused';
  readonly runId: string;
  readonly repository: string;
  readonly planId: Digest;
  readonly trigger: Run['trigger'];
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  /** Artifacts by verdict of the plan. */
  readonly kept: number;
  readonly toDelete: number;
  /** Outcomes by kind, as in the ledger: `{"deleted": 4, "skipped: moved": 1}`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** What it put into quarantine and what left it, and from when on the first of it may go; left out where that is nothing. */
  readonly quarantined?: NonNullable<Run['quarantined']>;
  /** Why it was refused, or ended before its last step; null where nothing stood in the way. */
  readonly reason: string | null;
  readonly links: {
    /** Opens the repository in Google's console, where it is one of Google's. */
    readonly repository: string;
    /** Tells of the repository's runs. */
    readonly command: string;
  };
}

/** What to tell of a run that has ended. */
export function runNotification(run: Run, finishedAtMs: number): RunNotification {
  const { id: runId, repository, planId, trigger, startedAtMs, kept, toDelete, outcomes, refusal } = run;
  const isUntouched = Object.keys(outcomes).length === 0 && run.quarantined === undefined;
  const ended = run.mode === 'plan' ? 'planned' : 'applied';
  return {
    version: 1,
    kind: refusal !== null && isUntouched ? 'refused' : ended,
    runId,
    repository,
    planId,
    trigger,
    startedAtMs,
    finishedAtMs,
    kept,
    toDelete,
    outcomes,
    ...(run.quarantined === undefined ? {} : { quarantined: run.quarantined }),
    reason: refusal,
    links: { repository: `https://${repository}`, command: `gcr-warden history ${repository}` },
  };
}
