import type { Digest } from '../../shared/core/digest.ts';
import type { Listing } from '../../shared/core/listing.ts';
import { subjectOfTag } from '../../shared/core/manifest.ts';
import type { Step } from '../../shared/core/plan.ts';

/** How Google refuses to delete a manifest that something still points at. */
export type ModelReply =
  | 'deleted'
  | 'MANIFEST_UNKNOWN'
  | 'GOOGLE_MANIFEST_DANGLING_TAG'
  | 'GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE'
  | 'GOOGLE_MANIFEST_REFERRING_MANIFEST';

/**
 * The smallest registry that refuses what Google's refuses, written from the dialect's table and without a
 * line of the planner: what it knows it reads from the listing itself.
 */
export class ModelRegistry {
  readonly #manifests: Set<Digest>;
  readonly #tags: Map<string, Digest>;
  readonly #listing: Listing;

  constructor(listing: Listing) {
    this.#listing = listing;
    this.#manifests = new Set(listing.manifests.map(({ digest }) => digest));
    this.#tags = new Map(
      listing.manifests.flatMap(({ digest, tags }) => tags.map((tag) => [tag, digest] as const)),
    );
  }

  apply(step: Step): ModelReply {
    if (step.kind === 'untag') return this.#tags.delete(step.tag) ? 'deleted' : 'MANIFEST_UNKNOWN';
    const { digest } = step;
    if (!this.#manifests.has(digest)) return 'MANIFEST_UNKNOWN';
    if ([...this.#tags.values()].includes(digest)) return 'GOOGLE_MANIFEST_DANGLING_TAG';
    for (const other of this.#manifests) {
      if (other === digest) continue;
      const relations = this.#listing.relations[other];
      if (relations?.kind !== 'known') continue;
      if (relations.value.children.some((child) => child.digest === digest)) {
        return 'GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE';
      }
      if (relations.value.subject?.digest === digest) return 'GOOGLE_MANIFEST_REFERRING_MANIFEST';
    }
    this.#manifests.delete(digest);
    return 'deleted';
  }

  has(digest: Digest): boolean {
    return this.#manifests.has(digest);
  }

  /** What is there, sorted. */
  digests(): Digest[] {
    return [...this.#manifests].sort();
  }

  /**
   * Everything that must be there because these are: children of any depth, and what is about any of them by
   * its `subject` or by a tag that it had.
   */
  neededBy(digests: Iterable<Digest>): Set<Digest> {
    const needed = new Set(digests);
    for (const digest of needed) {
      for (const { digest: other, tags } of this.#listing.manifests) {
        const relations = this.#listing.relations[other];
        const isReferrer =
          tags.some((tag) => subjectOfTag(tag) === digest) ||
          (relations?.kind === 'known' && relations.value.subject?.digest === digest);
        if (isReferrer) needed.add(other);
      }
      const relations = this.#listing.relations[digest];
      if (relations?.kind !== 'known') continue;
      for (const child of relations.value.children) needed.add(child.digest);
    }
    const listed = new Set(this.#listing.manifests.map(({ digest }) => digest));
    return new Set([...needed].filter((digest) => listed.has(digest)));
  }
}
