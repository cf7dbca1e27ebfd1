import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { buildImage, pushImage } from '../../../local/registry/index.ts';
import { ask, imageOf, NOW_MS, startRegistry, temporaryDirectory } from './stage.ts';

const NAME = 'acme/services/api';

function blobPath(name: string, digest: string): string {
  return `/v2/${name}/blobs/${digest}`;
}

describe('layers that no manifest names', () => {
  it('go from the repository and from the disk, and then the manifest can not be put back', async () => {
    const directory = await temporaryDirectory();
    const registry = await startRegistry({ directory });
    const target = { registry: registry.address, name: NAME };
    const image = { ...imageOf('one'), tags: [] };
    const { digest } = await pushImage({ ...target, ...image });
    const kept = await pushImage({ ...target, ...imageOf('two'), tags: ['v2'] });
    const built = buildImage(image);
    const putBack = () =>
      ask(registry, 'PUT', `/v2/${NAME}/manifests/${digest}`, {
        headers: { 'Content-Type': built.mediaType },
        body: built.bytes,
      });

    await ask(registry, 'DELETE', `/v2/${NAME}/manifests/${digest}`);
    // Until the layers go, undo works.
    expect((await putBack()).status).toBe(201);
    expect(await registry.removeUnreferencedLayers()).toEqual({ count: 0, sizeBytes: 0 });
    await ask(registry, 'DELETE', `/v2/${NAME}/manifests/${digest}`);

    // The config is the other image's too.
    const own = built.blobs.filter(({ bytes }) => Buffer.from(bytes).equals(Buffer.from('one')));
    const removed = await registry.removeUnreferencedLayers();
    expect(removed.count).toBeGreaterThanOrEqual(own.length);
    for (const blob of own)
      expect((await ask(registry, 'HEAD', blobPath(NAME, blob.digest))).status).toBe(404);
    const refused = await putBack();
    expect([refused.status, refused.code]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    expect((await ask(registry, 'GET', `/v2/${NAME}/manifests/${kept.digest}`)).status).toBe(200);
    const files = await readdir(join(directory, 'sha256'));
    for (const blob of own) expect(files).not.toContain(blob.digest.slice('sha256:'.length));
  });

  it('stay where another repository names them', async () => {
    const registry = await startRegistry();
    const image = { ...imageOf('shared'), tags: [] };
    const { digest } = await pushImage({ registry: registry.address, name: NAME, ...image });
    await pushImage({ registry: registry.address, name: 'acme/other/api', ...image });
    await ask(registry, 'DELETE', `/v2/${NAME}/manifests/${digest}`);
    expect(await registry.removeUnreferencedLayers()).toEqual({ count: 0, sizeBytes: 0 });
    for (const blob of buildImage(image).blobs) {
      expect((await ask(registry, 'HEAD', blobPath(NAME, blob.digest))).status).toBe(404);
      expect((await ask(registry, 'HEAD', blobPath('acme/other/api', blob.digest))).status).toBe(200);
    }
  });

  it('stay while their manifest may be on its way', async () => {
    let nowMs = NOW_MS;
    const registry = await startRegistry({ now: () => nowMs });
    const [blob] = buildImage(imageOf('pushed')).blobs;
    if (blob === undefined) throw new Error('An image has a blob.');
    const pushed = await ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/?digest=${blob.digest}`, {
      body: blob.bytes,
    });
    expect(pushed.status).toBe(201);
    nowMs += 59_000;
    expect((await registry.removeUnreferencedLayers(60_000)).count).toBe(0);
    nowMs += 1_000;
    expect((await registry.removeUnreferencedLayers(60_000)).count).toBe(1);
  });

  it('go by themselves where the registry is told to', async () => {
    let nowMs = NOW_MS;
    const registry = await startRegistry({ removeLayersEveryMs: 20, now: () => nowMs });
    const image = { ...imageOf('passing'), tags: [] };
    const { digest } = await pushImage({ registry: registry.address, name: NAME, ...image });
    const [blob] = buildImage(image).blobs;
    await ask(registry, 'DELETE', `/v2/${NAME}/manifests/${digest}`);
    nowMs += 20;
    await vi.waitFor(
      async () => {
        expect((await ask(registry, 'HEAD', blobPath(NAME, blob?.digest ?? ''))).status).toBe(404);
      },
      { timeout: 60_000 },
    );
  });

  it('are not taken along by a push of the same bytes', async () => {
    const registry = await startRegistry();
    const bytes = Buffer.from('again and again');
    const [, layer] = buildImage({ layers: [{ bytes }] }).blobs;
    const push = () =>
      ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/?digest=${layer?.digest}`, { body: bytes });
    for (let round = 0; round < 20; round += 1) {
      const [pushed] = await Promise.all([push(), registry.removeUnreferencedLayers(), push()]);
      expect(pushed.status).toBe(201);
      const head = await ask(registry, 'HEAD', blobPath(NAME, layer?.digest ?? ''));
      const body = await ask(registry, 'GET', blobPath(NAME, layer?.digest ?? ''));
      // There, with its file, or gone: never a name without its bytes.
      expect([200, 404]).toContain(head.status);
      expect(body.text === 'again and again').toBe(head.status === 200);
    }
  });
});
