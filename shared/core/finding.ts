/** How much a finding matters. */
export type Severity = 'critical' | 'high' | 'medium' | 'low';

/** `UNKNOWN` wherever a read failed: never PASS, never FAIL. */
export type FindingStatus = 'PASS' | 'FAIL' | 'UNKNOWN';

/** One answer of one check about one resource. */
export interface Finding {
  readonly version: 1;
  /** Stable over runs: hash of check and resource (and of the binding, where one is meant). */
  readonly fingerprint: string;
  readonly check: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
  readonly project: string;
  /** Google's full resource name, or as near to it as there is. */
  readonly resource: string;
  /** What was seen, in one sentence with numbers and names. For UNKNOWN: why it could not be seen. */
  readonly evidence: string;
  /** What can happen because of it, in one sentence; empty for PASS. */
  readonly risk: string;
  /** Commands that close the finding, in their order; empty for PASS and UNKNOWN. */
  readonly remediation: readonly string[];
}
