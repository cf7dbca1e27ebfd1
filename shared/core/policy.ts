import type { Digest } from './digest.ts';
import type { Fact } from './fact.ts';

/** Where a policy comes from: what every decision made by it records. */
export interface PolicySource {
  /** The file's name as the reader knows it, relative to the folder of policies. */
  readonly file: string;
  /** 1-based line of the document's first line in the file. */
  readonly line: number;
  /** Digest of the whole file's bytes. */
  readonly contentHash: Digest;
  /** The commit that the file was taken from. */
  readonly gitRevision: Fact<string>;
}

/** A pattern over one tag. `glob`: `*` and `?` within the tag. `regex`: RE2, found anywhere unless anchored. */
export type TagPattern = {
  readonly kind: 'glob' | 'regex' | 'prefix' | 'semver' | 'exact';
  readonly text: string;
};

/** What `newest` counts within: the whole repository, a part of the version, or a named capture of the regex. */
export type NewestGroup =
  | { readonly kind: 'repository' }
  | { readonly kind: 'semver'; readonly part: 'major' | 'minor' }
  | { readonly kind: 'capture'; readonly name: string };

/**
 * One condition of a rule. All conditions of a rule are required. Every age is in milliseconds and counts
 * from what its name says; where that time is not known the condition's answer is unknown.
 */
export type Condition =
  | { readonly kind: 'all' }
  | { readonly kind: 'state'; readonly state: 'tagged' | 'untagged' }
  /** A signature, attestation or other referrer of something that is gone. */
  | { readonly kind: 'orphaned' }
  | {
      readonly kind: 'tags';
      /** `any`: one tag that matches is enough. `all`: there are tags and every one matches. */
      readonly match: 'any' | 'all';
      /** A tag matches when one of these does. */
      readonly patterns: readonly TagPattern[];
    }
  /** Uploaded longer ago than this. */
  | { readonly kind: 'olderThan'; readonly ageMs: number }
  /** Uploaded within this time. */
  | { readonly kind: 'newerThan'; readonly ageMs: number }
  /** Has no tag, and has had none for longer than this. */
  | { readonly kind: 'untaggedFor'; readonly ageMs: number }
  /** Got its youngest tag within this time. */
  | { readonly kind: 'taggedWithin'; readonly ageMs: number }
  | { readonly kind: 'pulledWithin'; readonly ageMs: number }
  | { readonly kind: 'notPulledFor'; readonly ageMs: number }
  /** `trustsBestEffort`: that no source names it is enough, even where all of them answer by best effort. */
  | { readonly kind: 'inUse'; readonly trustsBestEffort?: true }
  | { readonly kind: 'digests'; readonly digests: readonly Digest[] }
  | { readonly kind: 'largerThan'; readonly sizeBytes: number }
  | { readonly kind: 'mediaTypes'; readonly mediaTypes: readonly string[] };

/** Among the artifacts that match the rule's conditions, the first `count` of each group. Keep rules only. */
export interface Newest {
  readonly count: number;
  readonly by: 'upload' | 'semver';
  readonly per: NewestGroup;
}

/** A time for which what a delete rule names is announced and stays, so that anybody who wants it can say so. */
export interface Quarantine {
  readonly graceMs: number;
  /** What need not be known during that time; where it is known it ends the quarantine all the same. */
  readonly without: readonly ('pulls' | 'inUse')[];
  /** As for the condition `inUse`. */
  readonly trustsBestEffort?: true;
}

export interface Rule {
  readonly name: string;
  readonly effect: 'keep' | 'delete';
  /** 1-based line in the policy's file. */
  readonly line: number;
  readonly conditions: readonly Condition[];
  readonly newest: Newest | null;
  /** A keep rule that ends: after this time it says nothing. null means it never ends. */
  readonly untilMs: number | null;
  /** Of a delete rule; left out where what it names goes at once. */
  readonly quarantine?: Quarantine;
}

/** A time in which nothing is deleted: from the first moment up to and without the last. */
export interface Freeze {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How much may go on one day (in UTC) from everything that lies in one repository of Artifact Registry, or in one project. */
export interface ScopeLimit {
  readonly scope: LimitScope;
  /** At most this many manifests; null for no such limit. */
  readonly digests: number | null;
  /** At most this many bytes, as the registry lists the manifests that go; null for no such limit. */
  readonly sizeBytes: number | null;
  /** At most this share of the manifests that lie in it, 0 to 1; left out where there is no such limit. */
  readonly share?: number;
}

export type LimitScope = 'repository' | 'project';

/** How much one run may take from one repository. Checked before the first delete. */
export interface Limits {
  /** At most this many manifests. */
  readonly digests: number;
  /** At most this share of the repository's manifests, 0 to 1. */
  readonly share: number;
  /** At most this many bytes, as the registry lists the manifests that go; null for no such limit. */
  readonly sizeBytes: number | null;
  /** Whether the last artifact of a repository may go. */
  readonly mayEmpty: boolean;
  /** At most this many manifests a day (in UTC) over all repositories, runs and workers; null for no such limit. */
  readonly perDay: number | null;
  /** At most one for each scope, held over all image repositories, runs and workers; left out where there is none. */
  readonly scopes?: readonly ScopeLimit[];
  readonly freeze: readonly Freeze[];
}

/** The limits of a policy that names none. */
export const DEFAULT_LIMITS: Limits = {
  digests: 500,
  share: 0.5,
  sizeBytes: null,
  mayEmpty: false,
  perDay: null,
  freeze: [],
};

/** Globs over `HOST/NAME`: `*` within a path component, `**` across. Selected: any include and no exclude. */
export interface RepositorySelection {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface Schedule {
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
}

/** A run of a repository that was pushed to, once the pushes have settled. */
export interface OnPush {
  /** After so long without a push. */
  readonly settleMs: number;
  /** Not longer after the first push than this, however often it is pushed to. */
  readonly atMostMs: number;
}

/**
 * A retention policy. Keep beats delete, what no rule names is kept, and the order of rules never matters.
 */
export interface Policy {
  readonly version: 1;
  readonly name: string;
  readonly source: PolicySource;
  readonly repositories: RepositorySelection;
  readonly schedule: Schedule | null;
  /** null: pushes set nothing going. */
  readonly onPush: OnPush | null;
  readonly mode: 'plan' | 'enforce';
  readonly limits: Limits;
  /** How long what it deletes is kept for undo; 0 for not at all. Left out: as long as is usual. */
  readonly undoMs?: number;
  readonly owner: string | null;
  readonly reason: string | null;
  readonly keep: readonly Rule[];
  readonly delete: readonly Rule[];
}

/** What reports show of a policy beside its rules. */
export type PolicySummary = Pick<Policy, 'name' | 'owner' | 'reason'>;

/** What is wrong with a policy file, and where. */
export interface PolicyProblem {
  readonly code: string;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** What is wrong, what was expected, and a suggestion where there is one. */
  readonly message: string;
  /** The policy that this stops, or null where not even its name could be read. */
  readonly policy: string | null;
  /**
   * The repositories for which this problem may hide a keep: those that the broken policy selects, where it
   * has keep rules. Nothing is deleted from them meanwhile, since what a keep rule says is unknown. null where
   * no keep can be lost, or where the selection itself can't be read.
   */
  readonly guards: RepositorySelection | null;
}

/**
 * What reading policy files gave. A problem stops its own policy and no other. Where a problem hides what a
 * broken policy would have kept, `problems` is what makes the run say so.
 */
export interface PolicySet {
  readonly policies: readonly Policy[];
  readonly problems: readonly PolicyProblem[];
}
