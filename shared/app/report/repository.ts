import { type ArtifactRow, hasWords, isShown, SHOWN, type Shown, sortRows } from '../../core/artifact-row.ts';
import { lastDay, type ReferenceDays } from '../../core/day-ranges.ts';
import { WardenError } from '../../core/error.ts';
import type { Fact } from '../../core/fact.ts';
import { type Hold, isInForce } from '../../core/hold.ts';
import type { Run } from '../../core/journal.ts';
import type { PolicySummary } from '../../core/policy.ts';
import { recordedSince } from '../../core/pull-record.ts';
import { parseRepository, projectOf } from '../../core/reference.ts';
import type { RepositorySample } from '../../core/repository-sample.ts';
import type { EstateLedger, PullLedger, RestraintLedger, RunLedger, UsageLedger } from '../../ports.ts';
import { SAMPLED_MS } from './estate.ts';

/** What the ledger knows of one repository, read once for all of its pages. */
export interface RepositoryRecord {
  readonly atMs: number;
  readonly repository: string;
  /** null where it was never judged. */
  readonly judged: {
    readonly atMs: number;
    readonly runId: string;
    readonly policies: readonly PolicySummary[];
  } | null;
  /** What goes first, then the youngest. */
  readonly rows: readonly ArtifactRow[];
  readonly counts: Readonly<Record<Shown, number>>;
  /** Of the last year, oldest first. */
  readonly samples: readonly RepositorySample[];
  /** Newest first. */
  readonly runs: readonly Run[];
  /** Those in force. */
  readonly holds: readonly Hold[];
  /** Since when pulls are recorded. */
  readonly pullsSinceMs: Fact<number>;
}

/** A part of a repository's artifacts. */
export interface RepositoryView {
  readonly record: RepositoryRecord;
  readonly shown: Shown;
  readonly search: string;
  /** How many artifacts are shown and match the search. */
  readonly found: number;
  readonly rows: readonly ArtifactRow[];
  /** 1 for the first. */
  readonly part: number;
  readonly parts: number;
}

/** Artifacts on one page: more are slower to read than to leaf through. */
export const ROWS_A_PART = 200;

const RUNS_SHOWN = 20;

/**
 * Reads a repository.
 * @throws WardenError REPOSITORY_UNKNOWN where the ledger never heard of it
 */
export async function readRepository(
  ledger: RunLedger & PullLedger & UsageLedger & EstateLedger & Pick<RestraintLedger, 'holds'>,
  repository: string,
  nowMs: number,
): Promise<RepositoryRecord> {
  const [record, runs, holds, { series }, pulls, usage, pullsSinceMs] = await Promise.all([
    ledger.lastDecisions(repository),
    ledger.runs({ repository, limit: RUNS_SHOWN }),
    ledger.holds(repository),
    ledger.samples({ repository, sinceMs: nowMs - SAMPLED_MS, untilMs: nowMs, repositoriesMax: 1 }),
    ledger.pulls(repository),
    ledger.usageRecord(repository),
    pullsRecorded(ledger, repository, nowMs),
  ]);
  if (record === null && runs.length === 0 && series.length === 0) {
    throw new WardenError('REPOSITORY_UNKNOWN', `The ledger knows no run over ${repository}.`);
  }
  const pulledOn = lastDays(pulls);
  const usedOn = lastDays(usage.uses);
  const rows = (record?.decisions ?? []).map((decision, at): ArtifactRow => {
    const { root, members, tags } = decision;
    return {
      decision,
      note: record?.notes?.[at] ?? null,
      lastPullDay: pulledOn.size === 0 ? null : latest(pulledOn, [root, ...members, ...tags]),
      lastUseDay: usedOn.size === 0 ? null : latest(usedOn, [root, ...members]),
    };
  });
  return {
    atMs: nowMs,
    repository,
    judged: record === null ? null : { atMs: record.atMs, runId: record.runId, policies: record.policies },
    rows: sortRows(rows),
    counts: countsOf(rows, nowMs),
    samples: series[0]?.samples ?? [],
    runs,
    holds: holds.filter((hold) => isInForce(hold, nowMs)),
    pullsSinceMs,
  };
}

async function pullsRecorded(ledger: PullLedger, repository: string, nowMs: number): Promise<Fact<number>> {
  // A name in a ledger may be one that no reference can have.
  const project = projectIn(repository);
  if (project === null) return { kind: 'unknown', reason: 'pulls are not recorded' };
  return recordedSince(await ledger.pullRecording(project), nowMs);
}

function projectIn(repository: string): string | null {
  try {
    return projectOf(parseRepository(repository));
  } catch {
    return null;
  }
}

function lastDays(all: readonly ReferenceDays[]): ReadonlyMap<string, number> {
  return new Map(
    all.flatMap(({ reference, days }) => {
      const day = lastDay(days);
      return day === null ? [] : [[reference, day] as const];
    }),
  );
}

function latest(days: ReadonlyMap<string, number>, names: readonly string[]): number | null {
  let found: number | null = null;
  for (const name of names) {
    const day = days.get(name);
    if (day !== undefined && (found === null || day > found)) found = day;
  }
  return found;
}

/** Takes a part of what is shown; a part beyond the last is the last. */
export function repositoryPart(
  record: RepositoryRecord,
  wanted: { readonly shown: Shown; readonly part: number; readonly search?: string },
): RepositoryView {
  const { shown, search = '' } = wanted;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = record.rows.filter((row) => isShown(row, shown, record.atMs) && hasWords(row, words));
  const parts = Math.max(1, Math.ceil(found.length / ROWS_A_PART));
  const part = Math.min(Math.max(1, wanted.part), parts);
  const from = (part - 1) * ROWS_A_PART;
  return {
    record,
    shown,
    search,
    found: found.length,
    rows: found.slice(from, from + ROWS_A_PART),
    part,
    parts,
  };
}

function countsOf(rows: readonly ArtifactRow[], nowMs: number): Record<Shown, number> {
  const counts = { all: 0, going: 0, waiting: 0, kept: 0, untagged: 0, used: 0 };
  for (const row of rows) {
    for (const one of SHOWN) if (isShown(row, one, nowMs)) counts[one] += 1;
  }
  return counts;
}
