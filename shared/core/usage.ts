import type { Digest } from './digest.ts';

/** One place where an image is in use. */
export interface Use {
  /** `HOST/NAME` */
  readonly repository: string;
  /** The digest that runs, or null where only a tag is known. */
  readonly digest: Digest | null;
  /** The tag the workload names, or null. */
  readonly tag: string | null;
  /** What uses it, as a person would name it: `pod prod/api-7c9 (container api)`. */
  readonly by: string;
}

/**
 * What one in-use source answered. `unknown` keeps everything that the source could have named;
 * `best effort` may add keeps and never takes one away.
 */
export type UsageAnswer =
  | {
      readonly kind: 'complete' | 'best effort';
      readonly source: string;
      readonly asOfMs: number;
      readonly uses: readonly Use[];
    }
  | { readonly kind: 'unknown'; readonly source: string; readonly reason: string };

/** All in-use sources' answers for one run. An empty list means that no source is configured. */
export interface Usage {
  readonly version: 1;
  readonly answers: readonly UsageAnswer[];
}
