import type { AuditReport } from '../core/audit/report.ts';
import { type Finding, type FindingStatus, SEVERITIES } from '../core/finding.ts';

/** What comes first in every output for people, one sentence each. */
export interface AuditSummary {
  /** How much is wrong, by severity, and how much is not. */
  readonly wrong: string;
  /** The worst finding; null where nothing fails. */
  readonly worst: string | null;
  /** The first step of its remedy; null where nothing fails. */
  readonly next: string | null;
  readonly notSeen: string;
}

/** Says what is wrong, what is worst, what to do next, and what could not be seen. */
export function auditSummary({ findings, notSeen }: Pick<AuditReport, 'findings' | 'notSeen'>): AuditSummary {
  const count = (status: FindingStatus): number =>
    findings.filter((finding) => finding.status === status).length;
  const failing = findings.filter(({ status }) => status === 'FAIL');
  const bySeverity = SEVERITIES.map((severity) => ({
    severity,
    number: failing.filter((finding) => finding.severity === severity).length,
  })).filter(({ number }) => number > 0);
  const parts = bySeverity.map(({ severity, number }) => `${number} ${severity}`).join(', ');
  const [worst] = failing;
  const unknown = count('UNKNOWN');
  return {
    wrong: `${failing.length} FAIL${parts === '' ? '' : ` (${parts})`}, ${unknown} UNKNOWN, ${count('EXCEPTED')} EXCEPTED, ${count('PASS')} PASS`,
    worst: worst === undefined ? null : `${worst.title}: ${worst.evidence.sentence}`,
    next: worst === undefined ? null : nextStep(worst),
    notSeen:
      unknown + notSeen.length === 0
        ? 'Everything that was asked about was seen.'
        : `${unknown} ${unknown === 1 ? 'question' : 'questions'} could not be decided, and ${notSeen.length} ${notSeen.length === 1 ? 'thing' : 'things'} could not be read; they are listed below.`,
  };
}

function nextStep({ remediation: { steps }, check }: Finding): string {
  const [first] = steps;
  const say = first?.say ?? `See the check ${check}.`;
  return steps.length > 1 ? `${say} (step 1 of ${steps.length})` : say;
}
