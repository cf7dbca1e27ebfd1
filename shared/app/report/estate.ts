import type { ImageEvent } from '../../core/image-event.ts';
import type { Run } from '../../core/journal.ts';
import { type EstateDay, estateDays, type RepositorySample } from '../../core/repository-sample.ts';
import type { StopOrder } from '../../core/stop-order.ts';
import { DAY_MS } from '../../core/units.ts';
import type { EstateLedger, EventLedger, FindingLedger, RestraintLedger, RunLedger } from '../../ports.ts';

/** One repository of the estate. */
export interface EstateRow {
  readonly repository: string;
  /** Of the last month, oldest first; empty where no run kept one. */
  readonly samples: readonly RepositorySample[];
  /** The newest, among the runs that were read; null where it is not among them. */
  readonly lastRun: Run | null;
}

/** All that the ledger knows of, at a glance. */
export interface EstateView {
  readonly atMs: number;
  /** The largest first; those of unknown size last. */
  readonly repositories: readonly EstateRow[];
  /** Whether there are no more repositories than these. */
  readonly isAll: boolean;
  readonly days: readonly EstateDay[];
  readonly lastRun: Run | null;
  /** null where nothing stops runs. */
  readonly stopOrder: StopOrder | null;
  /** Newest first. */
  readonly events: readonly ImageEvent[];
  readonly auditedProjects: readonly string[];
}

/** Repositories on one page; of each a document a year is read. */
export const REPOSITORIES_MAX = 2_000;

/** How far back pages look. */
export const SAMPLED_MS = 365 * DAY_MS;

const ROW_SAMPLES_MS = 31 * DAY_MS;
const RUNS_READ = 500;
const EVENTS_SHOWN = 20;

/** Reads what there is and how it grew. */
export async function readEstate(
  ledger: EstateLedger & RunLedger & EventLedger & Pick<RestraintLedger, 'stopOrder'> & FindingLedger,
  nowMs: number,
): Promise<EstateView> {
  const [{ series, isAll }, runs, stopOrder, events, auditedProjects] = await Promise.all([
    ledger.samples({ sinceMs: nowMs - SAMPLED_MS, untilMs: nowMs, repositoriesMax: REPOSITORIES_MAX }),
    ledger.runs({ limit: RUNS_READ }),
    ledger.stopOrder(),
    ledger.recentEvents(EVENTS_SHOWN),
    ledger.auditedProjects(),
  ]);
  const lastRuns = new Map<string, Run>();
  for (const run of runs) if (!lastRuns.has(run.repository)) lastRuns.set(run.repository, run);
  const sampled = new Map(series.map(({ repository, samples }) => [repository, samples]));
  const names = new Set([...sampled.keys(), ...lastRuns.keys()]);
  const repositories = [...names].map((repository) => ({
    repository,
    samples: (sampled.get(repository) ?? []).filter(
      ({ atMs }, at, all) => atMs >= nowMs - ROW_SAMPLES_MS || at === all.length - 1,
    ),
    lastRun: lastRuns.get(repository) ?? null,
  }));
  return {
    atMs: nowMs,
    repositories: repositories.sort(
      (a, b) => sizeOf(b) - sizeOf(a) || (a.repository < b.repository ? -1 : 1),
    ),
    isAll,
    days: estateDays(series),
    lastRun: runs[0] ?? null,
    stopOrder,
    events,
    auditedProjects,
  };
}

function sizeOf({ samples }: EstateRow): number {
  return samples.at(-1)?.sizeBytes ?? -1;
}
