import type { Digest } from './digest.ts';
import { type Fact, unknown } from './fact.ts';
import type { ListedManifest, Listing } from './listing.ts';

/** One version of an image, as Artifact Registry's API names it. */
export interface VersionRecord {
  readonly digest: Digest;
  /** When the registry received it. */
  readonly uploadedAtMs: Fact<number>;
  /** As in a listing. */
  readonly sizeBytes: Fact<number>;
}

/** What Artifact Registry's API says of one image: a second voice beside the registry's listing. */
export interface ImageRecords {
  readonly versions: readonly VersionRecord[];
  readonly tags: readonly { readonly tag: string; readonly digest: Digest }[];
}

/** Both come from one time of one system; what lies further apart is not the same time. */
const SAME_TIME_MS = 60_000;

/**
 * A listing beside the records of the same image. Times and sizes that the listing does not tell are taken from
 * the records. What only one of them names makes the listing incomplete with that as its reason, and so do
 * records that can't be read: whoever asks for a second voice wants both.
 */
export function crossChecked(listing: Listing, records: Fact<ImageRecords>): Listing {
  if (records.kind === 'unknown') {
    return withProblem(listing, `the cross-check could not be made: ${records.reason}`);
  }
  const { versions, tags } = records.value;
  const recorded = new Map(versions.map((version) => [version.digest, version]));
  const manifests = listing.manifests.map((manifest) => {
    const record = recorded.get(manifest.digest);
    return record === undefined ? manifest : completed(manifest, record);
  });
  const problem = disagreement(
    listing.manifests,
    recorded,
    new Map(tags.map(({ tag, digest }) => [tag, digest])),
  );
  const whole = { ...listing, manifests };
  return problem === null ? whole : withProblem(whole, problem);
}

/** An incomplete listing keeps its first reason. */
function withProblem(listing: Listing, reason: string): Listing {
  return listing.completeness.kind === 'incomplete'
    ? listing
    : { ...listing, completeness: { kind: 'incomplete', reason } };
}

function completed(manifest: ListedManifest, record: VersionRecord): ListedManifest {
  const { uploadedAtMs, sizeBytes } = manifest;
  return {
    ...manifest,
    uploadedAtMs: agreedTime(uploadedAtMs, record.uploadedAtMs),
    sizeBytes:
      sizeBytes.kind === 'unknown' && record.sizeBytes.kind === 'known' ? record.sizeBytes : sizeBytes,
  };
}

function agreedTime(listed: Fact<number>, recorded: Fact<number>): Fact<number> {
  if (recorded.kind === 'unknown') return listed;
  if (listed.kind === 'unknown') return recorded;
  if (Math.abs(listed.value - recorded.value) <= SAME_TIME_MS) return listed;
  return unknown(
    `the listing and Artifact Registry's API tell different upload times, ${Math.round(Math.abs(listed.value - recorded.value) / 1_000)} s apart`,
  );
}

function disagreement(
  manifests: readonly ListedManifest[],
  recorded: ReadonlyMap<Digest, VersionRecord>,
  tags: ReadonlyMap<string, Digest>,
): string | null {
  const listed = new Set(manifests.map(({ digest }) => digest));
  for (const digest of recorded.keys()) {
    if (!listed.has(digest)) return `Artifact Registry's API names ${digest}, and the listing does not`;
  }
  let tagCount = 0;
  for (const { digest, tags: held } of manifests) {
    if (!recorded.has(digest)) return `the listing names ${digest}, and Artifact Registry's API does not`;
    for (const tag of held) {
      tagCount += 1;
      const other = tags.get(tag);
      if (other === undefined)
        return `the listing names the tag ${tag}, and Artifact Registry's API does not`;
      if (other !== digest)
        return `the tag ${tag} is at ${digest} in the listing, and at ${other} in Artifact Registry's API`;
    }
  }
  return tags.size > tagCount ? "Artifact Registry's API names tags that the listing does not" : null;
}
