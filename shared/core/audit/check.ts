import type { Finding, FindingStatus, Severity } from '../finding.ts';
import { canonicalJson, sha256 } from '../hash.ts';
import type { AccessGraph } from './graph.ts';
import type { AuditReplies } from './replies.ts';
import type { AuditSettings } from './settings.ts';

/** What every check is given. */
export interface AuditCase {
  readonly replies: AuditReplies;
  readonly graph: AccessGraph;
  readonly nowMs: number;
  readonly settings: AuditSettings;
}

/** One question that the audit asks. */
export interface Check {
  /** Stable: fingerprints and exceptions hang on it. */
  readonly id: string;
  readonly title: string;
  /** How much a FAIL matters at most; an answer may be milder. */
  readonly severity: Severity;
  /** How it is decided, for `docs/audit-checks.md`. */
  readonly decided: string;
  run(audit: AuditCase): readonly Finding[];
}

/** What a check says of one resource. */
export interface Answer {
  readonly status: FindingStatus;
  readonly resource: string;
  /** Tells answers about one resource apart: the binding that is meant. */
  readonly subject?: unknown;
  /** The check's own where it is left out. */
  readonly severity?: Severity;
  readonly evidence: string;
  /** Only for FAIL. */
  readonly risk?: string;
  /** Only for FAIL. */
  readonly remediation?: readonly string[];
}

/** Makes the finding of an answer. Its fingerprint hangs on what is asked about, never on what was seen. */
export function findingOf(check: Check, audit: AuditCase, answer: Answer): Finding {
  const { project } = audit.replies;
  const isFail = answer.status === 'FAIL';
  return {
    version: 1,
    fingerprint: sha256(canonicalJson([check.id, project, answer.resource, answer.subject ?? null])),
    check: check.id,
    title: check.title,
    severity: answer.severity ?? check.severity,
    status: answer.status,
    project,
    resource: answer.resource,
    evidence: answer.evidence,
    risk: isFail ? (answer.risk ?? '') : '',
    remediation: isFail ? (answer.remediation ?? []) : [],
  };
}
