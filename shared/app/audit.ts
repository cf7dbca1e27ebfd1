import type { AuditFolder } from '../core/audit/folder.ts';
import type { PullSecretReading } from '../core/audit/pull-secret.ts';
import type { AuditReplies } from '../core/audit/replies.ts';
import { type AuditReport, auditReport } from '../core/audit/report.ts';
import type { AuditSettings } from '../core/audit/settings.ts';
import type { FindingStatus } from '../core/finding.ts';
import type { StoredNow } from '../core/stored-size.ts';
import type { Clock, FindingLedger, GoogleAccess, Logger, Publisher } from '../ports.ts';
import { keepFindings } from './keep-findings.ts';
import { readAccess } from './read-access.ts';

/** What the audit works with. */
export interface AuditPorts {
  readonly access: GoogleAccess;
  readonly ledger: FindingLedger;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a folder of policies says to it; left out, nobody named one. */
  readonly folder?: AuditFolder;
  /** Who is told of what changed, one message a change; left out, nobody. */
  readonly changes?: { readonly publisher: Publisher; readonly topic: string };
  /** Where somebody let the audit look into clusters, which need not be the project's; left out, nothing is asked about pull secrets. */
  readonly pullSecrets?: () => Promise<PullSecretReading>;
}

/**
 * Reads who may do what in a project, judges it, and keeps the findings. What can't be read makes what
 * depends on it unknown; it never ends the audit.
 * @throws whatever the ledger throws when the findings can't be saved
 * @throws WardenError PUBLISH_FAILED where a change can't be told; the next audit tells it
 */
export async function auditProject(
  ports: AuditPorts,
  project: string,
  settings: AuditSettings,
): Promise<AuditReport> {
  const { clock, logger } = ports;
  const replies = await readAccess(ports.access, project, clock(), ports.pullSecrets);
  const report = auditReport(replies, clock(), settings, ports.folder);
  const history = await keepFindings(ports, report, storedIn(replies));
  const count = (status: FindingStatus): number =>
    report.findings.filter((finding) => finding.status === status).length;
  logger.log('INFO', 'audit finished', {
    project,
    failing: count('FAIL'),
    unknown: count('UNKNOWN'),
    passing: count('PASS'),
    keys: report.keys.length,
    // Counted by an alert of the Terraform module.
    overdueKeys: report.findings.filter(({ check, status }) => check === 'key-age' && status === 'FAIL')
      .length,
    changes: history.changes.length,
  });
  return { ...report, history };
}

/** What the repositories that could be listed say that they store. */
function storedIn({ locations }: AuditReplies): StoredNow[] {
  if (locations.kind === 'unknown') return [];
  return locations.value.flatMap(({ repositories }) =>
    repositories.kind === 'unknown'
      ? []
      : repositories.value.map(({ repository: { name, sizeBytes } }) => ({ name, sizeBytes })),
  );
}
