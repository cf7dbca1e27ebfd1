import type { Digest } from './digest.ts';
import type { Fact } from './fact.ts';
import type { Manifest } from './manifest.ts';

/**
 * Whether a listing is known to hold everything. Only `complete` may lead to a deletion; an incomplete one
 * is good for reports.
 */
export type Completeness =
  | { readonly kind: 'complete' }
  | { readonly kind: 'incomplete'; readonly reason: string };

/** One manifest as a registry's listing names it. */
export interface ListedManifest {
  readonly digest: Digest;
  /** Sorted; empty for an untagged manifest. */
  readonly tags: readonly string[];
  readonly mediaType: Fact<string>;
  /** Size as the registry tells it: manifest, config and layers; shared layers counted again for each image. */
  readonly sizeBytes: Fact<number>;
  /** When this registry received it. Never the image's own created time, which can be anything. */
  readonly uploadedAtMs: Fact<number>;
}

/** What a registry said about one repository at one time. */
export interface Listing {
  readonly version: 1;
  /** `HOST/NAME` */
  readonly repository: string;
  readonly takenAtMs: number;
  readonly completeness: Completeness;
  /** Sorted by digest, each digest once. */
  readonly manifests: readonly ListedManifest[];
  /**
   * The relations of every manifest that can be an index or a referrer; a digest that is listed and absent
   * here is a plain image that points at no other manifest.
   */
  readonly relations: Readonly<Record<Digest, Fact<Manifest>>>;
}

/** The repositories that a registry named, and whether they are all there are. */
export interface Catalog {
  readonly completeness: Completeness;
  /** `HOST/NAME`, sorted. */
  readonly repositories: readonly string[];
}
