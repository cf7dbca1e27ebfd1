/** A content digest as registries write it. Only sha256 exists on Google's registries. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Whether a text is a whole, lower-case sha256 digest (OCI image specification, descriptor, "Digests"). */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && DIGEST.test(text);
}

/** The digest's first twelve hexadecimal characters, as Docker's tools shorten it. For people only. */
export function shortDigest(digest: Digest): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}
