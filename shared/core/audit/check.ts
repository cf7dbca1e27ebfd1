import type { BindingEvidence, Evidence, Finding, Remediation, RemedyStep, Severity } from '../finding.ts';
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

/** Where else it is asked for, or explained. */
export type Reference =
  /** The numbers of CIS move between versions, so that one is nothing without the other. */
  | { readonly kind: 'cis'; readonly framework: string; readonly version: string; readonly id: string }
  | { readonly kind: 'documentation'; readonly title: string; readonly url: string };

/** A case and what the check says of it: documentation and test at once. */
export interface CheckExample {
  /** Without the verdict, which `answers` has: `A key of 91 days`. */
  readonly title: string;
  /** Made when asked for: an audit never needs it. */
  readonly replies: () => AuditReplies;
  /** Beside the defaults. */
  readonly settings?: Partial<AuditSettings>;
  /** This check's answers in the order of the report: `FAIL high`, `PASS`, `UNKNOWN`. A severity only for FAIL. */
  readonly answers: readonly string[];
}

/** One question that the audit asks. */
export interface Check {
  /** Stable: fingerprints and exceptions hang on it. */
  readonly id: string;
  readonly title: string;
  /** How much a FAIL matters at most; an answer may be milder. */
  readonly severity: Severity;
  /** Why anybody asks, in one to three sentences. */
  readonly rationale: string;
  /** How it is decided, and what makes it milder or UNKNOWN. */
  readonly decided: string;
  /** Google's documentation at least; CIS where it asks the same. */
  readonly references: readonly Reference[];
  /** At least one that fails and one that passes; `docs/audit-checks.md` prints them, one test runs all. */
  readonly examples: readonly CheckExample[];
  run(audit: AuditCase): readonly Finding[];
}

/** What a check says of one resource. */
export interface Answer {
  readonly status: 'PASS' | 'FAIL' | 'UNKNOWN';
  readonly resource: string;
  /** Tells answers about one resource apart: the binding that is meant. Never what was seen of it. */
  readonly subject?: unknown;
  /** The check's own where it is left out. */
  readonly severity?: Severity;
  /** The sentence of the evidence. */
  readonly evidence: string;
  readonly binding?: BindingEvidence;
  readonly datesMs?: Evidence['datesMs'];
  /** Only for FAIL. */
  readonly risk?: string;
  /** Only for FAIL. Made when somebody reads it. */
  readonly remediation?: () => readonly RemedyStep[];
}

const NOTHING_TO_DO: Remediation = { steps: [] };
const NO_DATES: Evidence['datesMs'] = {};

/** Makes the finding of an answer. Its fingerprint hangs on what is asked about, never on what was seen. */
export function findingOf(
  check: Pick<Check, 'id' | 'title' | 'severity'>,
  { replies: { project } }: { readonly replies: Pick<AuditReplies, 'project'> },
  answer: Answer,
): Finding {
  const isFail = answer.status === 'FAIL';
  return {
    version: 2,
    fingerprint: sha256(canonicalJson([check.id, project, answer.resource, answer.subject ?? null])),
    check: check.id,
    title: check.title,
    severity: answer.severity ?? check.severity,
    status: answer.status,
    project,
    resource: answer.resource,
    evidence: {
      sentence: answer.evidence,
      binding: answer.binding ?? null,
      datesMs: answer.datesMs ?? NO_DATES,
    },
    risk: isFail ? (answer.risk ?? '') : '',
    remediation: isFail && answer.remediation !== undefined ? remedyOf(answer.remediation) : NOTHING_TO_DO,
    exception: null,
  };
}

/** As texts, the remedies of many findings would be most of an audit's memory and work. */
function remedyOf(make: () => readonly RemedyStep[]): Remediation {
  return {
    get steps() {
      return make();
    },
  };
}
