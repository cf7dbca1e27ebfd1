import { type Digest, isDigest } from '../digest.ts';
import { formatRepository, type ImageReference, parseImageReference } from '../reference.ts';
import type { Use } from '../usage.ts';

/** An image as a workload names it. */
export interface NamedImage {
  /** `HOST/NAME[:TAG][@DIGEST]` as it was written down. */
  readonly image: string;
  /** What the platform says that it resolved to: `HOST/NAME@sha256:…`; null where it says nothing. */
  readonly resolved: string | null;
  readonly by: string;
  /** Since when the workload exists; null where that is not known. */
  readonly sinceMs: number | null;
  /** Whether the tag is pulled again when the workload starts anew. Where the platform keeps the digest, it is not. */
  readonly pullsTag: boolean;
}

/** What a reference without tag and digest means to every container runtime. */
const DEFAULT_TAG = 'latest';

/**
 * Who uses what by naming an image. The digest that it was resolved to counts; where none is known, its tag.
 * An image of Docker Hub, which is written without a host, counts by its digest: that may be a copy of ours.
 */
export function usesOfImage({ image, resolved, by, sinceMs, pullsTag }: NamedImage): Use[] {
  const since = sinceMs === null ? {} : { sinceMs };
  const reference = referenceOf(image);
  const repository = reference === null ? '' : formatRepository(reference.repository);
  const digests = new Set<Digest>();
  const running = resolved === null ? null : digestIn(resolved);
  if (running !== null) digests.add(running);
  if (reference !== null && reference.digest !== null) digests.add(reference.digest);
  if (digests.size > 0) {
    // With a digest in it, the tag of a reference is never looked up.
    const tag = pullsTag && reference?.digest === null ? (reference.tag ?? DEFAULT_TAG) : null;
    return [...digests].map((digest) => ({ repository, digest, tag, by, ...since }));
  }
  if (reference === null) return [];
  return [{ repository, digest: null, tag: reference.tag ?? DEFAULT_TAG, by, ...since }];
}

function referenceOf(image: string): ImageReference | null {
  try {
    return parseImageReference(image);
  } catch {
    return null;
  }
}

/**
 * The digest behind the `@` of what a platform resolved. A bare `sha256:…` is none: some runtimes write the
 * digest of the image's configuration so, which is no manifest.
 */
function digestIn(resolved: string): Digest | null {
  const sign = resolved.lastIndexOf('@');
  const digest = sign < 0 ? '' : resolved.slice(sign + 1);
  return isDigest(digest) ? digest : null;
}
