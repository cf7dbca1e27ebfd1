import type { Digest } from './digest.ts';

/** One place where an image is in use. */
export interface Use {
  /** `HOST/NAME`; empty where what runs was named without a host. */
  readonly repository: string;
  /** The digest that runs, or null where only a tag is known. */
  readonly digest: Digest | null;
  /** The tag that is pulled when it starts again, or null where none is. */
  readonly tag: string | null;
  /** What uses it, as a person would name it: `pod prod/api-7c9 (container api)`. */
  readonly by: string;
  /**
   * Since when the workload exists, in milliseconds since 1970. Left out where that is not known, which protects
   * everything that its tag ever pointed at.
   */
  readonly sinceMs?: number;
}

/**
 * What one in-use source answered. `unknown` keeps everything that the source could have named; `best effort`
 * adds keeps and never takes one away.
 */
export type UsageAnswer = UsageScope &
  (
    | {
        readonly kind: 'complete' | 'best effort';
        readonly source: string;
        readonly asOfMs: number;
        readonly uses: readonly Use[];
      }
    | { readonly kind: 'unknown'; readonly source: string; readonly reason: string }
  );

/** What a source has to do with. */
export interface UsageScope {
  /**
   * Globs over the repositories that the source could name, as in policies. What it says of others counts, and
   * its silence says nothing of them. Left out: all repositories.
   */
  readonly repositories?: readonly string[];
}

/** All in-use sources' answers for one run. An empty list means that no source is configured. */
export interface Usage {
  readonly version: 1;
  readonly answers: readonly UsageAnswer[];
}
