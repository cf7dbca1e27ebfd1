import type { Decision } from '../decision.ts';
import type { Digest } from '../digest.ts';
import type { Fact } from '../fact.ts';
import type { PolicyProblem } from '../policy.ts';
import type { EXPECTED_LIMITS } from './keyword.ts';

/** Where something stands in a test file. Lines and columns count from 1. */
export interface TestPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a test file, and where. It stops the test that it is in and no other. */
export type PolicyTestProblem = Pick<PolicyProblem, 'code' | 'file' | 'line' | 'column' | 'message'>;

/** One image as a test describes it; every age is in milliseconds before the test's clock. */
export interface WrittenImage {
  readonly name: string;
  /** null: made from the name. */
  readonly digest: Digest | null;
  readonly tags: readonly string[];
  /** null: the registry does not tell. */
  readonly uploadedAgeMs: number | null;
  /** When its tags were put there. null: when it was uploaded. */
  readonly taggedAgeMs: number | null;
  /** Since when it has had no tag. null: since it was uploaded, that is without one. */
  readonly untaggedAgeMs: number | null;
  /** null: pulls are recorded, and there was none. */
  readonly pulledAgeMs: Fact<number | null>;
  /** For how long it has been in quarantine. null: it is not. */
  readonly quarantinedAgeMs: number | null;
  readonly sizeBytes: Fact<number>;
  /** null: that of an image, or of an index where it has children. */
  readonly mediaType: string | null;
  readonly artifactType: string | null;
  /** Names of what it points at as an index. */
  readonly children: readonly string[];
  /** Names of what is about it by OCI `subject`. */
  readonly referrers: readonly string[];
  /** Whether it has a cosign signature, under its tag. */
  readonly isSigned: boolean;
  /** What uses it, as a report names it; null where the test names nothing. */
  readonly usedBy: string | null;
  /** Why its relations can't be read; null where they can. */
  readonly unreadable: string | null;
}

/** How the in-use sources of a test answer. `none`: there is no source. */
export type WrittenUsage = 'complete' | 'best effort' | 'unknown' | 'none';

/** What a test is judged by. */
export type TestInventory =
  | {
      readonly kind: 'written';
      readonly repository: string;
      readonly nowMs: number;
      readonly images: readonly WrittenImage[];
      readonly usage: WrittenUsage;
    }
  | {
      readonly kind: 'snapshot';
      /** Relative to the test file's folder. */
      readonly file: string;
      /** null: the only one in the snapshot. */
      readonly repository: string | null;
      /** null: when the snapshot was taken. */
      readonly nowMs: number | null;
    };

/**
 * Who has to decide an image. `rule`: that rule, for what it found, or (`unknown`) because something that it
 * asks for is not known. The others are the reasons of a `Decision` that no rule gives.
 */
export type ExpectedDecider =
  | {
      readonly kind: 'rule';
      /** null: of whichever policy. */
      readonly policy: string | null;
      readonly rule: string;
      readonly answer: 'yes' | 'unknown';
    }
  | {
      readonly kind: 'because';
      readonly because: NonNullable<Decision['because']>;
    };

/** What has to happen to one image. */
export interface Expectation {
  /** Its name; of a snapshot one of its tags, or its digest. */
  readonly image: string;
  readonly verdict: 'keep' | 'delete';
  /** All of these have to be among those that decide. Empty: whoever does. */
  readonly deciders: readonly ExpectedDecider[];
  readonly place: TestPlace;
}

/** What the limits have to say of a run. */
export interface ExpectedLimit {
  /** `within`: nothing. Else the limit that has to stop it. */
  readonly limit: (typeof EXPECTED_LIMITS)[number];
  readonly place: TestPlace;
}

/** One test of the policies of a folder: an inventory, a clock, and what has to be kept and deleted. */
export interface PolicyTest {
  readonly name: string;
  readonly place: TestPlace;
  readonly inventory: TestInventory;
  readonly expectations: readonly Expectation[];
  /** Whether an image that no expectation names has to be kept. */
  readonly othersKept: boolean;
  /** null where the test does not ask. */
  readonly limit: ExpectedLimit | null;
}

/** What reading test files gave. */
export interface PolicyTestSet {
  readonly tests: readonly PolicyTest[];
  readonly problems: readonly PolicyTestProblem[];
}
