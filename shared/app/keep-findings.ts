import type { Grant } from '../core/audit/grants.ts';
import type { AuditReport } from '../core/audit/report.ts';
import { type FindingHistory, followFindings } from '../core/finding-history.ts';
import { followStored, type StoredNow } from '../core/stored-size.ts';
import type { AccessRecord, FindingLedger, Publisher } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';

/** Messages under way side by side. */
const PUBLISHING_MAX = 10;

/** Grants kept beside the findings of one project. */
const GRANTS_MAX = 20_000;

/**
 * Compares a report with the audit before, tells what changed, and keeps the findings. Told before it is kept: an
 * audit that ends between the two tells its changes again, and never loses one. A message's `fingerprint`, `kind`
 * and `firstSeenMs` are the same then.
 * @param stored what the project's repositories store, which is kept day by day beside the findings
 * @throws WardenError LEDGER_* or PUBLISH_FAILED
 */
export async function keepFindings(
  ports: {
    readonly ledger: FindingLedger;
    readonly changes?: { readonly publisher: Publisher; readonly topic: string };
  },
  { project, atMs, findings, keys, grants, notSeen }: AuditReport,
  stored: readonly StoredNow[] = [],
): Promise<FindingHistory> {
  const before = await ports.ledger.findings(project);
  const history = followFindings(before, project, atMs, findings);
  const { changes } = ports;
  if (changes !== undefined) {
    await mapConcurrently(history.changes, PUBLISHING_MAX, (change) =>
      changes.publisher.publish(changes.topic, JSON.stringify(change), {
        type: 'finding',
        kind: change.kind,
        severity: change.severity,
        project,
      }),
    );
  }
  await ports.ledger.saveFindings(project, {
    atMs,
    findings,
    followed: history.followed,
    access: keptAccess({ keys, grants, notSeen }),
    stored: followStored(before?.stored ?? [], stored, atMs),
  });
  return history;
}

/** As much of the access matrix as a page can show. Its rows are made one by one, and no more than these. */
function keptAccess({
  keys,
  grants,
  notSeen,
}: Pick<AuditReport, 'keys' | 'grants' | 'notSeen'>): AccessRecord {
  const kept: Grant[] = [];
  for (const grant of grants) {
    if (kept.length === GRANTS_MAX) {
      const line = `There are more than ${GRANTS_MAX} grants, and only the first are kept; \`gcr-warden audit --view access\` prints all.`;
      return { keys, grants: kept, notSeen: [...notSeen, line] };
    }
    kept.push(grant);
  }
  return { keys, grants: kept, notSeen };
}
