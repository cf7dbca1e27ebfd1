import type { FindingHistory } from '../finding-history.ts';
import { Grants } from './grants.ts';
import { compareFindings } from './index.ts';
import type { AuditReport } from './report.ts';

/** What became of a folder or an organisation whose projects were audited. */
export interface AuditedBelow {
  /** `folders/N` or `organizations/N` */
  readonly parent: string;
  readonly reports: readonly AuditReport[];
  /** Projects that are being deleted, of which nothing was read. */
  readonly deleting: readonly string[];
  /** What could not be listed, and why. */
  readonly unlisted: readonly { readonly parent: string; readonly reason: string }[];
}

/**
 * Makes one report of the reports of many projects, in the form that one project has: what fails first, over
 * all of them. Its `project` is the folder's or organisation's name; findings keep their own, and whatever else
 * could be any project's is told with its project.
 */
export function mergeReports(audited: AuditedBelow, nowMs: number): AuditReport {
  const { parent, reports, deleting, unlisted } = audited;
  const of = (project: string, line: string): string => `${project}: ${line}`;
  return {
    version: 2,
    project: parent,
    atMs: Math.min(nowMs, ...reports.map(({ atMs }) => atMs)),
    findings: reports.flatMap(({ findings }) => findings).sort(compareFindings),
    keys: reports
      .flatMap(({ keys }) => keys)
      .sort((a, b) => ageOrder(b) - ageOrder(a) || (a.account < b.account ? -1 : 1)),
    grants: new Grants(function* () {
      for (const { project, grants } of reports) {
        for (const grant of grants) yield { ...grant, on: grant.on.map((label) => of(project, label)) };
      }
    }),
    notSeen: [
      ...unlisted.map((one) => `What is below ${one.parent} was not listed whole: ${one.reason}`),
      ...deleting.map((project) => of(project, 'it is being deleted, and nothing of it was read')),
      ...reports.flatMap(({ project, notSeen }) => notSeen.map((line) => of(project, line))),
    ],
    // One folder judges all projects of an audit.
    policyFiles: reports[0]?.policyFiles ?? [],
    history: mergeHistories(reports),
  };
}

/** A key whose age is not known comes before the oldest, as in the report of one project. */
function ageOrder({ ageMs }: AuditReport['keys'][number]): number {
  return ageMs.kind === 'known' ? ageMs.value : Number.MAX_VALUE;
}

/** null where one of the reports was not compared with the audit before. */
function mergeHistories(reports: readonly AuditReport[]): FindingHistory | null {
  const histories = reports.map(({ history }) => history);
  const known = histories.filter((history) => history !== null);
  if (known.length < histories.length || known.length === 0) return null;
  const times = known.map(({ previousAtMs }) => previousAtMs);
  const audited = times.filter((atMs) => atMs !== null);
  return {
    previousAtMs: audited.length < times.length ? null : Math.min(...audited),
    changes: known.flatMap(({ changes }) => changes),
    followed: known.flatMap(({ followed }) => followed),
  };
}

/** What a report is about, in words: `project acme`, or `folders/12`. */
export function auditSubject({ project }: Pick<AuditReport, 'project'>): string {
  return project.includes('/') ? project : `project ${project}`;
}
