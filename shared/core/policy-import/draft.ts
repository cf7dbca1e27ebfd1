import type { Condition, Newest } from '../policy.ts';

/**
 * What an import says beside the rules it made. Whoever reviews the output reads it as a comment.
 *
 * Less is deleted than by the source:
 * - `LEFT_OUT`: what a rule of the source deletes can't be said in ours, so nothing goes because of it.
 * - `SEVERAL_RULES`: an image that several rules of the source select stays until all of them let it go.
 * - `COUNTED_APART`: the source counts two kinds of images together, ours counts each for itself.
 * - `ROUNDED`: a length of time is up to a minute off, so that what the source writes in seconds is never cut short.
 * - `TIES`: of images uploaded at the same moment, all that share the last place stay.
 *
 * The same is deleted: `SAME` explains a spelling, `NEVER` a rule that can never apply.
 *
 * It differs from the source, and may delete what the source would not:
 * - `MEMBERS`: the source judges each manifest, ours an image with its platforms, signatures and attestations.
 * - `ORDER`: the source orders by the image's own created time, ours by upload.
 */
export interface ImportNote {
  readonly kind:
    | 'LEFT_OUT'
    | 'SEVERAL_RULES'
    | 'COUNTED_APART'
    | 'ROUNDED'
    | 'TIES'
    | 'SAME'
    | 'NEVER'
    | 'MEMBERS'
    | 'ORDER';
  /** The rule of the source that it is about, as the source names it; null where it is about all of them. */
  readonly rule: string | null;
  /** Whole sentences. */
  readonly text: string;
}

/** A rule to be printed. */
export interface RuleDraft {
  readonly name: string;
  /** Which rule of the source it is made from, for the comment above it. */
  readonly from: string;
  readonly notes: readonly ImportNote[];
  /** Never empty; `all` stands alone. */
  readonly conditions: readonly Condition[];
  readonly newest: Newest | null;
}

/** A policy to be printed. It is always in `mode: plan`. */
export interface PolicyDraft {
  readonly name: string;
  /** Globs as policies write them. */
  readonly repositories: readonly string[];
  readonly keep: readonly RuleDraft[];
  readonly delete: readonly RuleDraft[];
}

/** What one file of a source became. */
export interface SourceImport {
  readonly drafts: readonly PolicyDraft[];
  /** What belongs to no rule that is left. */
  readonly notes: readonly ImportNote[];
}

/** One file of a source. */
export interface SourceFile {
  /** As errors and comments name it. */
  readonly file: string;
  readonly text: string;
}

/** `newest` as every source means it: by upload, within one repository. null where there is none. */
export function newestOf(count: number): Newest {
  return { count, by: 'upload', per: { kind: 'repository' } };
}

/** What every source has in common: it knows manifests, and no images made of several. */
export function membersNote(source: string): ImportNote {
  return {
    kind: 'MEMBERS',
    rule: null,
    text: `${source} judges every manifest by itself. Here an index with its platforms, signatures and attestations is one image: it is judged and counted by its root and by its own tags, those of signatures are not among them, and all of it goes or stays together.`,
  };
}

/** What `newest` does with equals. */
export const TIES_NOTE: ImportNote = {
  kind: 'TIES',
  rule: null,
  text: 'Where images were uploaded at the same moment, newest keeps all that share its last place.',
};
