import type { AuditReport } from '../core/audit/report.ts';
import type { Finding } from '../core/finding.ts';

/**
 * Since when a finding is as it is: `new`, `since 2026-11-03`, `came back 2026-11-20`. Empty where no audit was before
 * this one, and for what was never more than a PASS.
 */
export function lifeOf({
  history,
  atMs,
}: Pick<AuditReport, 'history' | 'atMs'>): (finding: Finding) => string {
  const followed = new Map((history?.followed ?? []).map((one) => [one.fingerprint, one]));
  return ({ fingerprint, status }) => {
    const one = followed.get(fingerprint);
    if (one === undefined || status === 'PASS' || history?.previousAtMs == null) return '';
    if (one.firstSeenMs === atMs) return 'new';
    const day = new Date(one.sinceMs).toISOString().slice(0, 10);
    return one.change === 'came back' ? `came back ${day}` : `since ${day}`;
  };
}
