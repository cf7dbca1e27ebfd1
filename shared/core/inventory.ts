import type { Digest } from './digest.ts';
import type { Fact } from './fact.ts';
import type { Completeness } from './listing.ts';

/** How a manifest came to belong to an artifact. */
export type MemberRole = 'child' | 'referrer' | 'signature' | 'fallback index';

/** A manifest that lives and dies with an artifact's root. */
export interface Member {
  readonly digest: Digest;
  readonly role: MemberRole;
  /** The manifest of the same artifact that ties it in. */
  readonly via: Digest;
  /** Tags of the member itself; signature and fallback tags among them. */
  readonly tags: readonly string[];
  readonly mediaType: Fact<string>;
  readonly sizeBytes: Fact<number>;
}

/**
 * The unit of every decision: a root manifest with its children, referrers and signatures, counted once.
 * A manifest may be a member of several artifacts; it goes only when all of them go.
 */
export interface Artifact {
  readonly root: Digest;
  /** The root's tags, sorted. */
  readonly tags: readonly string[];
  /** Sorted by digest. */
  readonly members: readonly Member[];
  readonly mediaType: Fact<string>;
  readonly artifactType: Fact<string | null>;
  /** Root and members as listed: an upper bound, since layers are shared. */
  readonly sizeBytes: Fact<number>;
  readonly uploadedAtMs: Fact<number>;
  /** Known only for an artifact without tags. */
  readonly untaggedSinceMs: Fact<number>;
  /** When the youngest of its tags was put there. Known only for an artifact with tags. */
  readonly taggedAtMs: Fact<number>;
  /** null: pulls are recorded and there was none. */
  readonly lastPulledAtMs: Fact<number | null>;
  /** What uses it; an empty list means that every source answered and none does. */
  readonly usedBy: Fact<readonly string[]>;
  /** Why this artifact must stay whatever a rule says: something about its relations could not be read. */
  readonly mustStay: string | null;
}

/** All that is known of one repository at one time. Rules ask the inventory and nothing else. */
export interface Inventory {
  readonly version: 1;
  readonly repository: string;
  readonly takenAtMs: number;
  readonly completeness: Completeness;
  /** All manifests listed, members included. */
  readonly manifestCount: number;
  /** Sorted by root digest. */
  readonly artifacts: readonly Artifact[];
}
