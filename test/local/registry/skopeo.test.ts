import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { buildImage, buildLayer, type Dialect, pushImage, pushIndex } from '../../../local/registry/index.ts';
import { describeWithPeers } from '../../support/peer.ts';
import { ask, imageOf, startRegistry, temporaryDirectory } from './stage.ts';

const run = promisify(execFile);

/** Runs skopeo with no login and no settings of whoever runs the test. */
async function skopeo(...words: string[]): Promise<string> {
  const home = await temporaryDirectory();
  const environment = { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home, TMPDIR: home };
  const { stdout } = await run('skopeo', ['--insecure-policy', ...words], {
    env: environment,
    timeout: 60_000,
  });
  return stdout;
}

/** An OCI image layout on disk with one image, as `skopeo` takes it for a source. */
async function writeLayout(): Promise<{ path: string; digest: string }> {
  const path = await temporaryDirectory();
  const layer = buildLayer([{ path: 'app/version', content: '1.2.3\n' }]);
  const image = buildImage({ layers: [{ bytes: layer }], config: { created: '2026-01-02T03:04:05Z' } });
  await mkdir(join(path, 'blobs', 'sha256'), { recursive: true });
  for (const { digest, bytes } of [...image.blobs, image]) {
    await writeFile(join(path, 'blobs', 'sha256', digest.slice('sha256:'.length)), bytes);
  }
  const manifests = [{ mediaType: image.mediaType, digest: image.digest, size: image.bytes.length }];
  await writeFile(join(path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await writeFile(join(path, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return { path, digest: image.digest };
}

describeWithPeers(['skopeo'], 'skopeo, without a login', () => {
  const challenges: readonly Dialect['challenge'][] = ['artifact-registry', 'gcr', 'gcr-unquoted'];
  it.each(challenges)('pushes, lists, inspects and pulls behind the challenge of %s', async (challenge) => {
    const registry = await startRegistry({ dialect: { challenge } });
    const image = `docker://${registry.host}/acme/services/api`;
    const layout = await writeLayout();
    // The layer is sent as it is, so that the digest stays.
    const preserve = ['--preserve-digests', '--dest-tls-verify=false'];
    await skopeo('copy', ...preserve, `oci:${layout.path}`, `${image}:v1`);

    const tags = JSON.parse(await skopeo('list-tags', '--tls-verify=false', image));
    expect(tags.Tags).toEqual(['v1']);
    const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', `${image}:v1`));
    expect(inspected).toMatchObject({ Digest: layout.digest, RepoTags: ['v1'], Architecture: 'amd64' });
    const pulled = await temporaryDirectory();
    await skopeo('copy', '--src-tls-verify=false', `${image}@${layout.digest}`, `oci:${pulled}:v1`);
  });

  it('copies an index with its images to another repository', async () => {
    const registry = await startRegistry();
    const target = { registry: registry.host, name: 'acme/services/api' };
    const children = [
      await pushImage({ ...target, tags: [], ...imageOf('amd64'), format: 'docker' }),
      await pushImage({ ...target, tags: [], ...imageOf('arm64'), format: 'docker' }),
    ];
    const { digest } = await pushIndex({ ...target, tags: ['v1'], children, format: 'docker' });
    const [from, to] = ['services/api:v1', 'copies/api:v1'].map(
      (name) => `docker://${registry.host}/acme/${name}`,
    );
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    await skopeo('copy', '--all', '--preserve-digests', ...plain, from ?? '', to ?? '');
    const copied = await ask(registry, 'HEAD', '/v2/acme/copies/api/manifests/v1');
    expect(copied.headers.get('docker-content-digest')).toBe(digest);
  });

  it('deletes by the digest that a tag points at: refused with the guard, done without', async () => {
    for (const guard of ['google', 'plain'] as const) {
      const registry = await startRegistry({ dialect: { guard } });
      const image = { registry: registry.host, name: 'acme/api', tags: ['v1'], ...imageOf('1') };
      const { digest } = await pushImage(image);
      const deleting = skopeo('delete', '--tls-verify=false', `docker://${registry.host}/acme/api:v1`);
      if (guard === 'google') await expect(deleting).rejects.toThrow('GOOGLE_MANIFEST_DANGLING_TAG');
      else await deleting;
      const left = await ask(registry, 'HEAD', `/v2/acme/api/manifests/${digest}`);
      expect(left.status).toBe(guard === 'google' ? 200 : 404);
    }
  });

  it('deletes an untagged digest', async () => {
    const registry = await startRegistry();
    const image = { registry: registry.host, name: 'acme/api', tags: [], ...imageOf('1') };
    const { digest } = await pushImage(image);
    await skopeo('delete', '--tls-verify=false', `docker://${registry.host}/acme/api@${digest}`);
    expect((await ask(registry, 'HEAD', `/v2/acme/api/manifests/${digest}`)).status).toBe(404);
  });
});
