import type { Grant } from '../../core/audit/grants.ts';
import type { AuditReport } from '../../core/audit/report.ts';
import type { FindingLedger } from '../../ports.ts';
import { mapConcurrently } from '../concurrency.ts';

/** What is kept of a report. */
export interface KeptReport extends Pick<AuditReport, 'project' | 'atMs' | 'findings' | 'keys' | 'notSeen'> {
  readonly grants: readonly Grant[];
}

/** The last audit of one project, as the ledger keeps it. */
export interface AuditedProject {
  readonly project: string;
  /** null where an earlier version audited it, in a form that is not read any more. */
  readonly report: KeptReport | null;
  /** Whether keys and access are in `report`: an earlier version did not keep them. */
  readonly hasAccess: boolean;
}

/** What the audit found. */
export interface AuditsView {
  readonly atMs: number;
  /** Sorted by project. */
  readonly projects: readonly AuditedProject[];
  /** Projects that were audited and are not among them. */
  readonly rest: number;
}

const PROJECTS_SHOWN = 100;
const READS_AT_ONCE = 10;

/** Reads the last audits. */
export async function readAudits(ledger: FindingLedger, nowMs: number): Promise<AuditsView> {
  const names = await ledger.auditedProjects();
  const projects = await mapConcurrently(
    names.slice(0, PROJECTS_SHOWN),
    READS_AT_ONCE,
    async (project): Promise<AuditedProject> => {
      const record = await ledger.findings(project);
      if (record === null) return { project, report: null, hasAccess: false };
      const { atMs, findings, access } = record;
      const { keys, grants, notSeen } = access ?? { keys: [], grants: [], notSeen: [] };
      return {
        project,
        report: { project, atMs, findings, keys, grants, notSeen },
        hasAccess: access !== null,
      };
    },
  );
  return { atMs: nowMs, projects, rest: Math.max(0, names.length - PROJECTS_SHOWN) };
}
