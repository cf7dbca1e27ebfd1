import type { Digest } from '../../shared/core/digest.ts';
import { formatImageReference, type Repository } from '../../shared/core/reference.ts';

/**
 * What the registry tells topic `gcr` about one change (dialect: notification): the documented JSON, in which `digest` is
 * `HOST/NAME@sha256:…` and `tag` is `HOST/NAME:TAG`. There is no time, size or actor in it.
 */
export interface Notification {
  readonly action: 'INSERT' | 'DELETE';
  readonly digest?: string;
  readonly tag?: string;
}

/** A push by tag names both; a push by digest names the digest only. */
export function pushed(repository: Repository, digest: Digest, tag: string | null): Notification {
  const byDigest = formatImageReference({ repository, tag: null, digest });
  if (tag === null) return { action: 'INSERT', digest: byDigest };
  return { action: 'INSERT', digest: byDigest, tag: formatImageReference({ repository, tag, digest: null }) };
}

/** Untagging names the tag only. */
export function untagged(repository: Repository, tag: string): Notification {
  return { action: 'DELETE', tag: formatImageReference({ repository, tag, digest: null }) };
}

/** That a deleted digest is told at all is not documented; readers have to cope with both (dialect: notification-delete). */
export function deleted(repository: Repository, digest: Digest): Notification {
  return { action: 'DELETE', digest: formatImageReference({ repository, tag: null, digest }) };
}
