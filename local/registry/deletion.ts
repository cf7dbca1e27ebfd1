import { type Digest, isDigest } from '../../shared/core/digest.ts';
import type { Dialect } from './dialect.ts';
import type { ImageRepository } from './image-repository.ts';
import { manifestUnknown, problem } from './problem.ts';
import type { Reply } from './reply.ts';

/** What a delete does: the change that was made, or the answer that refuses it. */
export type Deletion =
  | { readonly kind: 'untagged'; readonly tag: string }
  | { readonly kind: 'deleted'; readonly digest: Digest; readonly bytes: number }
  | { readonly kind: 'refused'; readonly reply: Reply };

/**
 * Deletes by tag or by digest. It runs without a pause between the checks and the change: the digest delete
 * is a compare-and-swap, as it is on Google (dialect: delete-guard).
 */
export function deleteReference(
  repository: ImageRepository,
  reference: Digest | string,
  dialect: Dialect,
): Deletion {
  return isDigest(reference)
    ? deleteDigest(repository, reference, dialect)
    : deleteTag(repository, reference, dialect);
}

function deleteTag(repository: ImageRepository, tag: string, dialect: Dialect): Deletion {
  // The distribution registry deletes manifests only.
  if (dialect.guard === 'plain') {
    return refused(problem(405, 'UNSUPPORTED', 'The operation is unsupported.'));
  }
  if (repository.resolve(tag) === null) return refused(manifestUnknown(tag));
  if (dialect.immutableTags) return refused(immutable(tag));
  // Deleting a tag only untags: the manifest stays (dialect: delete-tag).
  repository.untag(tag);
  return { kind: 'untagged', tag };
}

function deleteDigest(repository: ImageRepository, digest: Digest, dialect: Dialect): Deletion {
  const held = repository.manifest(digest);
  if (held === null) return refused(manifestUnknown(digest));
  if (dialect.guard === 'google') {
    const refusal = claimOn(repository, digest, dialect);
    if (refusal !== null) return refused(refusal);
  }
  // Without the guard the manifest takes its tags along, and leaves indexes that list it broken.
  repository.remove(digest);
  return { kind: 'deleted', digest, bytes: held.bytes.length };
}

/** Google's refusal where a tag, an index or a referrer still points at a digest; null where nothing does. */
function claimOn(repository: ImageRepository, digest: Digest, dialect: Dialect): Reply | null {
  const [tag] = repository.tagsOf(digest);
  if (tag !== undefined) {
    return problem(400, 'GOOGLE_MANIFEST_DANGLING_TAG', `Manifest is still referenced by tag: ${tag}`);
  }
  const [parent] = repository.parentsOf(digest);
  if (parent !== undefined) {
    return problem(
      400,
      'GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE',
      `Manifest ${digest} is referenced by image ${parent}`,
    );
  }
  // A registry without the referrers API knows no such relation: `subject` is a field like any other there.
  const [referrer] = dialect.referrers ? repository.referrersOf(digest) : [];
  if (referrer !== undefined) {
    // Google's own text is not known; clients have to go by the code.
    return problem(
      400,
      'GOOGLE_MANIFEST_REFERRING_MANIFEST',
      `Manifest ${digest} is referred to by manifest ${referrer}`,
    );
  }
  return null;
}

/** The answer where an immutable tag would move or go. The code on Google's wire is not known. */
export function immutable(tag: string): Reply {
  return problem(400, 'FAILED_PRECONDITION', `Tag "${tag}" is immutable and can't be updated or deleted`);
}

function refused(reply: Reply): Deletion {
  return { kind: 'refused', reply };
}
