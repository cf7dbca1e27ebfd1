import type { Finding } from '../core/finding.ts';
import type { ImageEvent } from '../core/image-event.ts';
import type { Run } from '../core/journal.ts';
import type { Clock, DecisionRecord, EventLedger, FindingLedger, RunLedger } from '../ports.ts';

/** What the report page shows, all of it from the ledger. */
export interface Overview {
  readonly atMs: number;
  /** Newest first. */
  readonly runs: readonly Run[];
  /** The last decisions of the repositories that recent runs were about, sorted by repository. */
  readonly repositories: readonly { readonly repository: string; readonly record: DecisionRecord }[];
  /** Newest first. */
  readonly events: readonly ImageEvent[];
  /** Sorted by project. */
  readonly audits: readonly {
    readonly project: string;
    readonly atMs: number;
    readonly findings: readonly Finding[];
  }[];
}

const RUNS_SHOWN = 100;
const EVENTS_SHOWN = 50;
const REPOSITORIES_SHOWN = 50;

/** Reads what happened lately. */
export async function readOverview(
  ledger: EventLedger & RunLedger & FindingLedger,
  clock: Clock,
): Promise<Overview> {
  const runs = await ledger.runs({ limit: RUNS_SHOWN });
  const names = [...new Set(runs.map((run) => run.repository))].sort().slice(0, REPOSITORIES_SHOWN);
  const repositories: { repository: string; record: DecisionRecord }[] = [];
  for (const repository of names) {
    const record = await ledger.lastDecisions(repository);
    if (record !== null) repositories.push({ repository, record });
  }
  const audits: { project: string; atMs: number; findings: readonly Finding[] }[] = [];
  for (const project of await ledger.auditedProjects()) {
    const saved = await ledger.findings(project);
    if (saved !== null) audits.push({ project, ...saved });
  }
  return { atMs: clock(), runs, repositories, events: await ledger.recentEvents(EVENTS_SHOWN), audits };
}
