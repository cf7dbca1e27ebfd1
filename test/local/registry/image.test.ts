import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { buildImage, buildIndex, buildLayer } from '../../../local/registry/index.ts';
import { imageOf } from './stage.ts';

describe('an image', () => {
  it('has the same digest on every machine', () => {
    const layer = buildLayer([{ path: 'app/version', content: '1.2.3\n' }]);
    const { digest } = buildImage({
      layers: [{ bytes: layer }],
      config: { created: '2026-01-02T03:04:05Z' },
    });
    expect(digest).toBe('sha256:5d64bd85b7b527b5c2ce0a70597b97004d606d7846ebd23af58308c334759a10');
  });

  it('differs where its content does', () => {
    const contents = [imageOf('1'), imageOf('2'), { ...imageOf('1'), annotations: { a: 'b' } }];
    expect(new Set(contents.map((content) => buildImage(content).digest)).size).toBe(3);
  });

  it('of an artifact type has the empty config', () => {
    const { blobs, bytes } = buildImage({ layers: [], artifactType: 'application/vnd.example.sbom' });
    expect(blobs.map((blob) => Buffer.from(blob.bytes).toString())).toEqual(['{}']);
    expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
      artifactType: 'application/vnd.example.sbom',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', size: 2 },
    });
  });

  it("in Docker's format carries no field that Docker's format does not know", () => {
    const subject = { mediaType: 'x', digest: buildImage(imageOf('1')).digest, sizeBytes: 1 };
    const image = buildImage({ ...imageOf('2'), format: 'docker', artifactType: 'a/b', subject });
    const index = buildIndex({ children: [], format: 'docker', subject });
    expect(Object.keys(JSON.parse(Buffer.from(image.bytes).toString())).sort()).toEqual([
      'config',
      'layers',
      'mediaType',
      'schemaVersion',
    ]);
    expect(Object.keys(JSON.parse(Buffer.from(index.bytes).toString())).sort()).toEqual([
      'manifests',
      'mediaType',
      'schemaVersion',
    ]);
  });
});

describe('a layer', () => {
  it('is an archive that tar reads', () => {
    const layer = buildLayer([
      { path: 'app/a', content: 'one' },
      { path: 'app/b', content: Buffer.alloc(512, 'x') },
      { path: 'empty', content: '' },
    ]);
    const listed = spawnSync('tar', ['-tf', '-'], { input: layer, encoding: 'utf8' });
    expect([listed.status, listed.stdout]).toEqual([0, 'app/a\napp/b\nempty\n']);
    const read = spawnSync('tar', ['-xOf', '-', 'app/a'], { input: layer, encoding: 'utf8' });
    expect(read.stdout).toBe('one');
  });

  it.each(['', '/etc/passwd', '../up', 'a//b', `${'a'.repeat(101)}`])('has no file %j', (path) => {
    expect(() => buildLayer([{ path, content: '' }])).toThrow(/can't be a file of a layer/);
  });
});
