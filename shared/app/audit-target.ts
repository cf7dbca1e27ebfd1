import type { AuditReport } from '../core/audit/report.ts';
import type { AuditSettings } from '../core/audit/settings.ts';
import type { AuditTarget } from '../core/audit/target.ts';
import type { GoogleAccess } from '../ports.ts';
import { type AuditPorts, auditProject } from './audit.ts';

/** What comes of an audit of many projects, one after the other. */
export type AuditStep =
  | { readonly kind: 'audited'; readonly report: AuditReport }
  /** A project that is being deleted: nothing in it can be used, and nothing of it is read. */
  | { readonly kind: 'deleting'; readonly project: string }
  /** A folder or an organisation of which the projects or the folders could not be listed: they are not in the audit. */
  | { readonly kind: 'unlisted'; readonly parent: string; readonly reason: string };

/** Projects whose reads are under way at the same time; the reads themselves have a limit of their own. */
const PROJECTS_AT_ONCE = 4;
/** Folders are at most ten levels deep; one that comes twice or deeper is not followed. */
const LEVELS_MAX = 12;
/** More projects than this are not audited in one run, and the last step says so. */
const PROJECTS_MAX = 10_000;

/**
 * Audits a project, or all projects below a folder or an organisation, each as `auditProject` does: projects
 * are listed level by level by Resource Manager, strongly consistent. What can't be listed is told and never
 * left out silently. Reports come in the order of the listing, as soon as they are there.
 * @throws whatever `auditProject` throws
 */
export async function* auditTarget(
  ports: AuditPorts,
  target: AuditTarget,
  settings: AuditSettings,
): AsyncGenerator<AuditStep> {
  if (target.kind === 'project') {
    yield { kind: 'audited', report: await auditProject(ports, target.project, settings) };
    return;
  }
  const underWay: Promise<AuditStep>[] = [];
  for await (const found of projectsUnder(ports.access, target.parent)) {
    const step =
      found.kind === 'project'
        ? auditProject(ports, found.project, settings).then(
            (report): AuditStep => ({ kind: 'audited', report }),
          )
        : Promise.resolve(found);
    // It is awaited below, at the latest when the listing ends; until then nobody may call it unhandled.
    step.catch(() => {});
    underWay.push(step);
    if (underWay.length >= PROJECTS_AT_ONCE) yield await (underWay.shift() as Promise<AuditStep>);
  }
  for (const step of underWay) yield await step;
}

type Found =
  | { readonly kind: 'project'; readonly project: string }
  | Exclude<AuditStep, { readonly kind: 'audited' }>;

async function* projectsUnder(access: GoogleAccess, top: string): AsyncGenerator<Found> {
  const seen = new Set([top]);
  let left = PROJECTS_MAX;
  let level = [top];
  for (let depth = 0; level.length > 0; depth += 1) {
    const below: string[] = [];
    for (const parent of level) {
      if (depth >= LEVELS_MAX) {
        yield { kind: 'unlisted', parent, reason: `it is more than ${LEVELS_MAX} levels down` };
        continue;
      }
      const [projects, folders] = await Promise.all([
        access.projectsBelow(parent),
        access.foldersBelow(parent),
      ]);
      if (folders.kind === 'unknown') yield { kind: 'unlisted', parent, reason: folders.reason };
      else below.push(...folders.value.filter((name) => !seen.has(name) && seen.add(name)));
      if (projects.kind === 'unknown') {
        yield { kind: 'unlisted', parent, reason: projects.reason };
        continue;
      }
      for (const { project, isActive } of projects.value) {
        if (!isActive) {
          yield { kind: 'deleting', project };
          continue;
        }
        if (left === 0) {
          yield { kind: 'unlisted', parent, reason: `there are more than ${PROJECTS_MAX} projects` };
          return;
        }
        left -= 1;
        yield { kind: 'project', project };
      }
    }
    level = below;
  }
}
