import type { Digest } from '../../core/digest.ts';
import { WardenError } from '../../core/error.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { ListedManifest, Listing } from '../../core/listing.ts';
import { type Manifest, MEDIA_TYPES } from '../../core/manifest.ts';
import type { Repository } from '../../core/reference.ts';
import { inLanes } from './lanes.ts';
import { type ResolvedTag, resolveTag } from './manifest-source.ts';
import { type RelationsOptions, readRelations } from './relations.ts';

/** What a listing is made of, and the first thing that keeps it from being whole. */
export interface FoundManifests {
  /** Sorted by digest. */
  readonly manifests: readonly ListedManifest[];
  readonly relations: Listing['relations'];
  readonly problem: string | null;
}

/** After so many tags that can't be resolved the rest is not tried; the listing is incomplete anyway. */
const FAILURES_MAX = 20;

/**
 * A plain registry names tags only: each is resolved and its manifest read. Untagged manifests stay unseen,
 * so an index's children are not listed either: an index that we can't see might need them.
 */
export async function resolveTags(
  repository: Repository,
  tags: readonly string[],
  options: RelationsOptions,
): Promise<FoundManifests> {
  const resolved = new Map<Digest, { readonly tags: string[]; readonly mediaType: string | null }>();
  let problem: string | null = null;
  let failureCount = 0;
  await inLanes([...tags].sort(), options.laneCount, async (tag) => {
    if (failureCount >= FAILURES_MAX) return;
    let target: ResolvedTag | null;
    try {
      target = await resolveTag(options.session, repository, tag);
    } catch (thrown) {
      if (!(thrown instanceof WardenError)) throw thrown;
      failureCount += 1;
      problem ??= `tag ${tag} can't be resolved: ${thrown.message}`;
      return;
    }
    if (target === null) {
      problem ??= `tag ${tag} was listed, and was gone when it was to be resolved`;
      return;
    }
    const held = resolved.get(target.digest);
    if (held === undefined) resolved.set(target.digest, { tags: [tag], mediaType: target.mediaType });
    else held.tags.push(tag);
  });
  const listed = [...resolved.keys()];
  const read = await readRelations(repository, listed, listed, options);
  const relations: Record<Digest, Fact<Manifest>> = {};
  const manifests: ListedManifest[] = [];
  const inOrder = [...resolved].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [digest, held] of inOrder) {
    const fact = read.get(digest) ?? unknown('it was not read');
    relations[digest] = fact.kind === 'known' ? known(fact.value.manifest) : fact;
    manifests.push({
      digest,
      tags: held.tags.sort(),
      mediaType: fact.kind === 'known' ? typeFact(fact.value.manifest.mediaType) : unreadType(held.mediaType),
      sizeBytes: fact.kind === 'known' ? weighed(fact.value.manifest, fact.value.sizeBytes) : fact,
      uploadedAtMs: unknown('this registry does not tell when it received a manifest'),
    });
  }
  return { manifests, relations, problem };
}

/**
 * An image of OCI that can't be read may be about any other, and nothing but Google's own guard would keep that
 * other one from going. Of an unknown type it is what everything here may hang on.
 */
function unreadType(mediaType: string | null): Fact<string> {
  return mediaType === MEDIA_TYPES.ociManifest
    ? unknown('it can not be read, so what it is and what it is about is not known')
    : typeFact(mediaType);
}

function typeFact(mediaType: string | null): Fact<string> {
  return mediaType === null || mediaType === ''
    ? unknown('the registry names no media type')
    : known(mediaType);
}

/** As Google weighs: the manifest, its config and its layers. */
function weighed(manifest: Manifest, manifestSizeBytes: number): Fact<number> {
  if (manifest.kind !== 'image') return unknown('this registry tells no sizes, and the manifest names none');
  return known(manifest.blobs.reduce((sum, blob) => sum + blob.sizeBytes, manifestSizeBytes));
}
