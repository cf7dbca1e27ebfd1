import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuiltManifest, buildImage, buildLayer, type Platform } from '../../local/registry/index.ts';

/** Writes images as an OCI image layout, from which `skopeo copy oci:DIR:NAME` pushes them. */
export async function writeOciLayout(
  directory: string,
  images: Readonly<Record<string, BuiltManifest>>,
): Promise<void> {
  const blobs = join(directory, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const manifests = [];
  for (const [name, image] of Object.entries(images)) {
    for (const blob of [...image.blobs, image])
      await writeFile(join(blobs, blob.digest.slice('sha256:'.length)), blob.bytes);
    manifests.push({
      mediaType: image.mediaType,
      digest: image.digest,
      size: image.bytes.length,
      annotations: { 'org.opencontainers.image.ref.name': name },
    });
  }
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

/** A small image whose digest depends on the text alone. */
export function imageWith(
  text: string,
  platform: Platform = { os: 'linux', architecture: 'amd64' },
): BuiltManifest {
  return buildImage({
    layers: [{ bytes: buildLayer([{ path: 'content', content: text }]) }],
    config: platform,
  });
}
