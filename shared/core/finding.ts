import type { IamCondition } from './audit/access.ts';
import type { Digest } from './digest.ts';
import type { Fact } from './fact.ts';

/** How much a finding can matter, the worst first. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;

/** How much a finding matters. */
export type Severity = (typeof SEVERITIES)[number];

/** What a check can answer, what asks for somebody first. */
export const FINDING_STATUSES = ['FAIL', 'UNKNOWN', 'EXCEPTED', 'PASS'] as const;

/**
 * `UNKNOWN` wherever a read failed: never PASS, never FAIL. `EXCEPTED` is a FAIL that somebody answers for until a
 * day, see `audit/exception.ts`.
 */
export type FindingStatus = (typeof FINDING_STATUSES)[number];

/** The one binding that a finding is about. */
export interface BindingEvidence {
  readonly member: string;
  readonly role: string;
  /** Google's full name of the resource whose policy holds it: for an inherited grant not the finding's own. */
  readonly on: string;
  /** null: it always holds. Unknown: there is one that the reply hides. */
  readonly condition: Fact<IamCondition | null>;
}

/** What was seen. */
export interface Evidence {
  /** In one sentence with numbers and names. For UNKNOWN: why it could not be seen. */
  readonly sentence: string;
  /** null where it is about no binding. */
  readonly binding: BindingEvidence | null;
  /** The dates that decided it, in milliseconds since 1970, by what happened then: `created`, `expires`, `last used`. */
  readonly datesMs: Readonly<Record<string, number>>;
}

/** One thing to do. Its commands and its Terraform do the same: whoever has the resource in Terraform uses that. */
export interface RemedyStep {
  /** What the step is for, or what the reader has to find out or do himself, in one or two sentences. */
  readonly say: string;
  /** Lines for a POSIX shell, in their order; empty where there is only something to be done by hand. */
  readonly gcloud: readonly string[];
  /** Blocks of HCL with comments; null where the step changes nothing that Terraform would hold. */
  readonly terraform: string | null;
  /** What to wait for before the next step. */
  readonly wait?: string;
}

/**
 * What closes a finding, in the order that loses nobody's access: create the replacement, move the users, disable,
 * wait, delete. Empty for PASS and UNKNOWN.
 */
export interface Remediation {
  readonly steps: readonly RemedyStep[];
}

/** Why a FAIL is accepted, and for how long. */
export interface ExceptionNote {
  readonly owner: string;
  readonly reason: string;
  /** It stops to hold at this time. */
  readonly expiresMs: number;
  /** `FILE:LINE` below the folder of policies. */
  readonly place: string;
  /** Digest of the whole file; like the next, left out in what was kept before it was recorded. */
  readonly contentHash?: Digest;
  /** The commit that the file was taken from. */
  readonly gitRevision?: Fact<string>;
}

/** One answer of one check about one resource. */
export interface Finding {
  readonly version: 2;
  /** Stable over runs: hash of check and resource (and of the binding, where one is meant). */
  readonly fingerprint: string;
  readonly check: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
  readonly project: string;
  /** Google's full resource name, or as near to it as there is. */
  readonly resource: string;
  readonly evidence: Evidence;
  /** What can happen because of it, in one sentence; empty for PASS and UNKNOWN. */
  readonly risk: string;
  readonly remediation: Remediation;
  /** Exactly for EXCEPTED. */
  readonly exception: ExceptionNote | null;
}
