import type { Digest } from './digest.ts';
import { sha256 } from './hash.ts';

/**
 * Whether a manifest is the one of a digest. Of Docker's signed schema 1 (`v1+prettyjws`) the digest is that of what is
 * signed, without the signatures around it: https://distribution.github.io/distribution/spec/deprecated-schema-v1/
 */
export function isManifestOf(content: string | Uint8Array, digest: Digest): boolean {
  return sha256(content) === digest || manifestDigest(content) === digest;
}

/** The digest by which registries know a manifest. */
export function manifestDigest(content: string | Uint8Array): Digest {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return sha256(signedPart(bytes) ?? bytes);
}

/** Only schema 1 is signed in itself, and those who say so are few: most manifests are not parsed for it. */
const SIGNATURES = '"signatures"';

/** What a document in the form of "JWS pretty" signs; null where it is none. */
function signedPart(bytes: Uint8Array): Uint8Array | null {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(SIGNATURES)) return null;
  try {
    const document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as {
      readonly schemaVersion?: unknown;
      readonly signatures?: readonly { readonly protected?: unknown }[];
    };
    const protection = document.schemaVersion === 1 ? document.signatures?.[0]?.protected : undefined;
    if (typeof protection !== 'string') return null;
    const { formatLength, formatTail } = JSON.parse(
      Buffer.from(protection, 'base64url').toString('utf8'),
    ) as {
      readonly formatLength?: unknown;
      readonly formatTail?: unknown;
    };
    if (typeof formatTail !== 'string' || typeof formatLength !== 'number') return null;
    if (!Number.isSafeInteger(formatLength) || formatLength < 0 || formatLength > bytes.byteLength)
      return null;
    return Buffer.concat([bytes.subarray(0, formatLength), Buffer.from(formatTail, 'base64url')]);
  } catch {
    // Not JSON, or not of that form: it is what its bytes are.
    return null;
  }
}
