import { messageOf } from './error.ts';
import { type Fact, known, unknown } from './fact.ts';
import type { StoredManifest } from './journal.ts';
import { type Manifest, parseManifest } from './manifest.ts';

/** What a manifest that was kept tells of an image that is gone. */
export interface KeptManifest {
  readonly mediaType: Fact<string>;
  readonly sizeBytes: Fact<number>;
  readonly relations: Fact<Manifest>;
}

/** Reads what was kept; what can't be read is unknown. */
export function readKept({ content, mediaType }: StoredManifest): KeptManifest {
  let manifest: Manifest;
  try {
    manifest = parseManifest(content, mediaType);
  } catch (problem) {
    const unreadable = unknown(messageOf(problem));
    return { mediaType: known(mediaType), sizeBytes: unreadable, relations: unreadable };
  }
  const blobsBytes = manifest.blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  return {
    mediaType: known(mediaType),
    sizeBytes:
      manifest.kind === 'legacy'
        ? unknown('a manifest of schema 1 does not tell sizes')
        : known(Buffer.byteLength(content) + blobsBytes),
    relations: known(manifest),
  };
}
