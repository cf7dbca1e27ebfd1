import type { AuditReport } from '../core/audit/report.ts';
import { type FindingHistory, followFindings } from '../core/finding-history.ts';
import type { FindingLedger, Publisher } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';

/** Messages under way side by side. */
const PUBLISHING_MAX = 10;

/**
 * Compares a report with the audit before, tells what changed, and keeps the findings. Told before it is kept: an
 * audit that ends between the two tells its changes again, and never loses one. A message's `fingerprint`, `kind`
 * and `firstSeenMs` are the same then.
 * @throws WardenError LEDGER_* or PUBLISH_FAILED
 */
export async function keepFindings(
  ports: {
    readonly ledger: FindingLedger;
    readonly changes?: { readonly publisher: Publisher; readonly topic: string };
  },
  { project, atMs, findings, keys, grants, notSeen }: AuditReport,
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
    access: { keys, grants, notSeen },
  });
  return history;
}
