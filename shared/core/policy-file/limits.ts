/** What one policy file may hold. Far above any that a person would review, far below what would hurt a run. */
export const FILE_BYTES_MAX = 128 * 1024;
export const DOCUMENTS_MAX = 100;
/**
 * Characters of one line. The parser of YAML takes time that grows with the square of what stands in one node, and
 * its stack with the depth; nobody reviews a line of this length.
 */
export const LINE_MAX = 10_000;
/** Entries of one list or mapping. */
export const ENTRIES_MAX = 500;
/** Characters of one text. */
export const TEXT_MAX = 1000;
/** Aliases of one document. */
export const ALIASES_MAX = 100;
/** Problems told of one document; the rest is counted. */
export const PROBLEMS_MAX = 50;
/** Errors of YAML itself told of one document: those after the first mostly follow from it. */
export const YAML_ERRORS_MAX = 3;
/** Manifests that `limits.digests` may name. */
export const LIMIT_DIGESTS_MAX = 1_000_000;
/** Artifacts that `newest` may count. */
export const NEWEST_MAX = 100_000;
/** Manifests a day that `limits.perDay` may name. */
export const LIMIT_PER_DAY_MAX = 100_000_000;
