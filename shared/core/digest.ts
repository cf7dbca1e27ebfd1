/** A content digest as registries write it. Only sha256 exists on Google's registries. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Whether a text is a whole, lower-case sha256 digest (OCI image specification, descriptor, "Digests"). */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && DIGEST.test(text);
}

/** How far digests are shortened, the shortest that tells all of them apart. */
const SHORT_LENGTHS = [12, 16, 24, 40] as const;

/** Shortens digests that stand beside each other: to twelve characters, or to as many as tell them apart. For people only. */
export function shortenAll(digests: readonly Digest[]): (digest: Digest) => string {
  const all = new Set(digests);
  const length = SHORT_LENGTHS.find(
    (one) => new Set(Array.from(all, (digest) => digest.slice(0, 'sha256:'.length + one))).size === all.size,
  );
  return (digest) =>
    digest.slice('sha256:'.length, length === undefined ? undefined : 'sha256:'.length + length);
}

/** The digest's first twelve hexadecimal characters, as Docker's tools shorten it. For people only. */
export function shortDigest(digest: Digest): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}
