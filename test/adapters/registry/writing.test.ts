import { expect, it, onTestFinished } from 'vitest';
import { pushImage, startLocalRegistry } from '../../../local/registry/index.ts';
import { createRegistryWriter } from '../../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import { sha256 } from '../../../shared/core/hash.ts';
import { MEDIA_TYPES } from '../../../shared/core/manifest.ts';
import { temporaryDirectory } from '../../local/registry/stage.ts';
import { patientTransport } from './test-server.ts';

const PUSHER = { username: 'me', password: 'pass:word' } as const;

async function open(credential: 'right' | 'none') {
  const registry = await startLocalRegistry({ directory: await temporaryDirectory(), credentials: [PUSHER] });
  const transport = patientTransport();
  onTestFinished(async () => {
    await transport.close();
    await registry.close();
  });
  const credentials = fixedCredentials(
    credential === 'none' ? {} : { [registry.host]: { kind: 'basic', ...PUSHER } },
  );
  const writer = createRegistryWriter({ transport, credentials, clock: Date.now });
  return { registry, writer, repository: { host: registry.host, name: 'acme/api' } };
}

const CONTENT = '{"not":"a manifest"}';
const BROKEN = { digest: sha256(CONTENT), mediaType: MEDIA_TYPES.ociManifest, content: CONTENT };

it('tells whether a blob is there, and says why a manifest was not taken', async () => {
  const { registry, writer, repository } = await open('right');
  const layer = Buffer.from('layer');
  await pushImage({
    registry: registry.host,
    name: repository.name,
    credential: PUSHER,
    tags: ['one'],
    layers: [{ bytes: layer }],
  });
  expect(await writer.hasBlob(repository, sha256(layer))).toBe(true);
  expect(await writer.hasBlob(repository, sha256('other'))).toBe(false);
  const refused = await writer.putManifest(repository, { repository: 'acme/api', ...BROKEN });
  expect(refused).toMatchObject({ kind: 'failed', reason: expect.stringContaining('MANIFEST_INVALID') });
});

it('does not take a registry that lets nobody in for one that has no blobs, and shows no secret', async () => {
  const { writer, repository } = await open('none');
  await expect(writer.hasBlob(repository, sha256('other'))).rejects.toMatchObject({
    code: expect.stringMatching(/^REGISTRY_/),
  });
  const refused = await writer.putTag(repository, 'one', { repository: 'acme/api', ...BROKEN });
  expect(refused.kind).toBe('failed');
  expect(JSON.stringify(refused)).not.toContain(PUSHER.password);
});
