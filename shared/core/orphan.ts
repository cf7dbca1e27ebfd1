import type { Digest } from './digest.ts';
import { type Fact, known, unknown } from './fact.ts';
import type { Graph } from './graph.ts';
import type { Listing } from './listing.ts';
import { subjectOfTag } from './manifest.ts';

/** Says of an artifact's root, with the tags that name it, whether what it is about is gone. */
export type OrphanReader = (root: Digest, tags: readonly string[]) => Fact<boolean>;

const NO: Fact<boolean> = known(false);
const YES: Fact<boolean> = known(true);

/**
 * An orphan is about manifests that are gone: every digest that it names as its OCI `subject`, or by tags of
 * cosign's (`sha256-….sig`, `.att`, `.sbom`) or the referrers fallback tag, is missing in the listing, and it
 * has no tag of another kind, which would make it an image of its own. Nothing else is one, an index whose
 * children are gone neither.
 *
 * @param graph the listing's
 * @param listsUntagged whether the registry lists manifests without a tag; where it doesn't, a subject that is
 *   not listed may be there all the same
 */
export function orphanReader(
  { relations, completeness }: Listing,
  { placeOf, subjectGone }: Graph,
  listsUntagged: boolean,
): OrphanReader {
  const reason =
    completeness.kind === 'incomplete'
      ? `what it is about is not listed, and the listing may not hold everything: ${completeness.reason}`
      : 'what it is about is not listed, and this registry lists only what has a tag';
  const gone = listsUntagged && completeness.kind === 'complete' ? YES : unknown(reason);
  return (root, tags) => {
    if (tags.length === 0) return subjectGone.size > 0 && subjectGone.has(root) ? gone : NO;
    for (const tag of tags) {
      const subject = subjectOfTag(tag);
      // A tag of a listed subject is not among those that name an image, but for one that names itself.
      if (subject === null || placeOf(subject) !== -1) return NO;
    }
    const content = relations[root];
    if (content?.kind === 'unknown') return unknown(content.reason);
    const subject = content?.value.subject ?? null;
    return subject !== null && !subjectGone.has(root) ? NO : gone;
  };
}
