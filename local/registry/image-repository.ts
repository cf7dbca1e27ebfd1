import type { Digest } from '../../shared/core/digest.ts';
import type { Manifest } from '../../shared/core/manifest.ts';

/** A manifest as the registry holds it. */
export interface HeldManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  /** When it was first pushed here. */
  readonly uploadedAtMs: number;
  /** The created time that its config claims, or null where it claims none. */
  readonly createdAtMs: number | null;
}

/**
 * One repository's manifests, tags and known blobs. Relations are kept in both directions, so that asking
 * what still points at a digest costs the same in a repository of any size.
 */
export class ImageRepository {
  readonly name: string;
  /** Blobs that were pushed or mounted here, with the time at which they were last; a manifest may only name these. */
  readonly blobs: Map<Digest, number> = new Map();
  readonly #manifests = new Map<Digest, HeldManifest>();
  readonly #digestByTag = new Map<string, Digest>();
  readonly #tagsByDigest = new Map<Digest, Set<string>>();
  readonly #parents = new Map<Digest, Set<Digest>>();
  readonly #referrers = new Map<Digest, Set<Digest>>();
  #sortedDigests: readonly Digest[] | null = null;

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.#manifests.size;
  }

  manifest(digest: Digest): HeldManifest | null {
    return this.#manifests.get(digest) ?? null;
  }

  /** The digest a tag points at, or null where there is no such tag. */
  resolve(tag: string): Digest | null {
    return this.#digestByTag.get(tag) ?? null;
  }

  digests(): readonly Digest[] {
    this.#sortedDigests ??= [...this.#manifests.keys()].sort();
    return this.#sortedDigests;
  }

  tags(): readonly string[] {
    return [...this.#digestByTag.keys()].sort();
  }

  tagsOf(digest: Digest): readonly string[] {
    return [...(this.#tagsByDigest.get(digest) ?? [])].sort();
  }

  /** The indexes here that list a digest, sorted. */
  parentsOf(digest: Digest): readonly Digest[] {
    return [...(this.#parents.get(digest) ?? [])].sort();
  }

  /** The manifests here whose subject is a digest, sorted. The subject itself may be missing. */
  referrersOf(digest: Digest): readonly Digest[] {
    return [...(this.#referrers.get(digest) ?? [])].sort();
  }

  /** The blobs that no manifest here names, and that came at or before a time in milliseconds since 1970. */
  unreferencedBlobs(atLatestMs: number): readonly Digest[] {
    const named = new Set<Digest>();
    for (const { manifest } of this.#manifests.values()) {
      // An index may list blobs too.
      for (const { digest } of [...manifest.blobs, ...manifest.children]) named.add(digest);
    }
    return [...this.blobs]
      .filter(([digest, ms]) => ms <= atLatestMs && !named.has(digest))
      .map(([digest]) => digest);
  }

  add(held: HeldManifest): void {
    if (this.#manifests.has(held.digest)) return;
    this.#manifests.set(held.digest, held);
    this.#sortedDigests = null;
    for (const child of held.manifest.children) link(this.#parents, child.digest, held.digest);
    if (held.manifest.subject !== null) link(this.#referrers, held.manifest.subject.digest, held.digest);
  }

  /** Removes a manifest with the tags on it; what may be removed is decided elsewhere. */
  remove(digest: Digest): void {
    const held = this.#manifests.get(digest);
    if (held === undefined) return;
    for (const tag of this.tagsOf(digest)) this.untag(tag);
    this.#manifests.delete(digest);
    this.#sortedDigests = null;
    for (const child of held.manifest.children) unlink(this.#parents, child.digest, digest);
    if (held.manifest.subject !== null) unlink(this.#referrers, held.manifest.subject.digest, digest);
  }

  /** Points a tag at a manifest that is here, away from any other. */
  tag(tag: string, digest: Digest): void {
    this.untag(tag);
    this.#digestByTag.set(tag, digest);
    link(this.#tagsByDigest, digest, tag);
  }

  untag(tag: string): void {
    const digest = this.#digestByTag.get(tag);
    if (digest === undefined) return;
    this.#digestByTag.delete(tag);
    unlink(this.#tagsByDigest, digest, tag);
  }
}

function link<K, V>(relation: Map<K, Set<V>>, from: K, to: V): void {
  const known = relation.get(from);
  if (known === undefined) relation.set(from, new Set([to]));
  else known.add(to);
}

function unlink<K, V>(relation: Map<K, Set<V>>, from: K, to: V): void {
  const known = relation.get(from);
  if (known?.delete(to) && known.size === 0) relation.delete(from);
}
