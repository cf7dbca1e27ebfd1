import { WardenError } from '../../core/error.ts';
import type { JournalEntry, Run } from '../../core/journal.ts';
import type { StopOrder } from '../../core/stop-order.ts';
import type { RestraintLedger, RunLedger } from '../../ports.ts';

/** The runs of late. */
export interface RunsView {
  readonly atMs: number;
  /** Newest first. */
  readonly runs: readonly Run[];
  /** Whether there are no more. */
  readonly isAll: boolean;
  readonly stopOrder: StopOrder | null;
}

/** One run over one repository, with everything that it did. */
export interface RunView {
  readonly atMs: number;
  readonly run: Run;
  /** In the order of its steps. */
  readonly steps: readonly JournalEntry[];
  readonly isAll: boolean;
}

const RUNS_SHOWN = 500;
const STEPS_SHOWN = 2_000;

/** Runs of one repository that are looked through for one. */
const RUNS_LOOKED_AT = 1_000;

/** Reads what ran. */
export async function readRuns(
  ledger: RunLedger & Pick<RestraintLedger, 'stopOrder'>,
  nowMs: number,
): Promise<RunsView> {
  const runs = await ledger.runs({ limit: RUNS_SHOWN + 1 });
  return {
    atMs: nowMs,
    runs: runs.slice(0, RUNS_SHOWN),
    isAll: runs.length <= RUNS_SHOWN,
    stopOrder: await ledger.stopOrder(),
  };
}

/**
 * Reads one run.
 * @throws WardenError RUN_UNKNOWN
 */
export async function readRun(
  ledger: RunLedger,
  { runId, repository }: { readonly runId: string; readonly repository: string },
  nowMs: number,
): Promise<RunView> {
  const runs = await ledger.runs({ repository, limit: RUNS_LOOKED_AT });
  const run = runs.find(({ id }) => id === runId);
  if (run === undefined) {
    throw new WardenError(
      'RUN_UNKNOWN',
      `The ledger knows no run ${runId} of ${repository} among its newest ${RUNS_LOOKED_AT}. Runs are listed for 400 days.`,
    );
  }
  const entries = await ledger.journal({ runId, repository, limit: STEPS_SHOWN + 1 });
  return {
    atMs: nowMs,
    run,
    steps: entries.slice(0, STEPS_SHOWN).toSorted((a, b) => a.intent.index - b.intent.index),
    isAll: entries.length <= STEPS_SHOWN,
  };
}
