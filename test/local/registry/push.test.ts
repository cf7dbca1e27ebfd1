import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  buildImage,
  type LocalRegistry,
  pushImage,
  pushIndex,
  tagManifest,
} from '../../../local/registry/index.ts';
import { ask, fetchToken, imageOf, startRegistry, temporaryDirectory } from './stage.ts';

const NAME = 'acme/services/api';

function digestOf(bytes: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function beginUpload(registry: LocalRegistry): Promise<string> {
  const begun = await ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/`);
  expect(begun.status).toBe(202);
  return begun.headers.get('location') ?? '';
}

describe('a blob upload', () => {
  it('takes a whole blob in one POST', async () => {
    const directory = await temporaryDirectory();
    const registry = await startRegistry({ directory });
    const digest = digestOf('hello');
    const put = await ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/?digest=${digest}`, { body: 'hello' });
    expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, digest]);
    expect(await readFile(join(directory, 'sha256', digest.slice(7)), 'utf8')).toBe('hello');
  });

  it('takes chunks in order and says how far it came', async () => {
    const registry = await startRegistry();
    const location = await beginUpload(registry);
    const first = await ask(registry, 'PATCH', location, {
      body: 'hello ',
      headers: { 'Content-Range': '0-5' },
    });
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-5']);
    const skipping = await ask(registry, 'PATCH', location, {
      body: 'there',
      headers: { 'Content-Range': '7-11' },
    });
    expect([skipping.status, skipping.code]).toEqual([416, 'RANGE_INVALID']);
    await ask(registry, 'PATCH', location, { body: 'wor', headers: { 'Content-Range': '6-8' } });
    const asked = await ask(registry, 'GET', location);
    expect([asked.status, asked.headers.get('range')]).toEqual([204, '0-8']);
    const digest = digestOf('hello world');
    expect((await ask(registry, 'PUT', `${location}?digest=${digest}`, { body: 'ld' })).status).toBe(201);
    expect((await ask(registry, 'GET', `/v2/${NAME}/blobs/${digest}`)).text).toBe('hello world');
  });

  it('refuses bytes that do not have the digest, and keeps nothing of them', async () => {
    const directory = await temporaryDirectory();
    const registry = await startRegistry({ directory });
    const location = await beginUpload(registry);
    const put = await ask(registry, 'PUT', `${location}?digest=${digestOf('other')}`, { body: 'hello' });
    expect([put.status, put.code]).toEqual([400, 'DIGEST_INVALID']);
    expect((await ask(registry, 'GET', location)).status).toBe(404);
    expect((await ask(registry, 'GET', `/v2/${NAME}/blobs/${digestOf('other')}`)).status).toBe(404);
    expect(await readdir(join(directory, 'sha256'))).toEqual([]);
  });

  it('goes on where a client was cut off', async () => {
    const registry = await startRegistry();
    const location = await beginUpload(registry);
    const token = await fetchToken(registry, `repository:${NAME}:pull,push`);
    await new Promise<void>((resolve) => {
      const cut = request(`http://${registry.address}${location}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${token}`, 'Content-Length': 1000 },
      });
      cut.on('error', () => resolve());
      cut.write('hello', () => setTimeout(() => cut.destroy(), 50));
    });
    // The registry sees the end of the connection a moment later.
    await expect
      .poll(async () => (await ask(registry, 'PATCH', location, { body: '' })).headers.get('range'))
      .toBe('0-4');
    const digest = digestOf('hello!');
    expect((await ask(registry, 'PUT', `${location}?digest=${digest}`, { body: '!' })).status).toBe(201);
  });

  it('can be given up', async () => {
    const registry = await startRegistry();
    const location = await beginUpload(registry);
    expect((await ask(registry, 'DELETE', location)).status).toBe(204);
    expect((await ask(registry, 'PATCH', location, { body: 'x' })).code).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  it('belongs to its repository', async () => {
    const registry = await startRegistry();
    const id = (await beginUpload(registry)).split('/').at(-1);
    const other = await ask(registry, 'PATCH', `/v2/acme/other/blobs/uploads/${id}`, { body: 'x' });
    expect(other.code).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  it('mounts a blob of another repository, and begins an upload where there is none', async () => {
    const registry = await startRegistry();
    const digest = digestOf('hello');
    await ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/?digest=${digest}`, { body: 'hello' });
    expect((await ask(registry, 'HEAD', `/v2/acme/copy/blobs/${digest}`)).status).toBe(404);
    const mounted = await ask(registry, 'POST', `/v2/acme/copy/blobs/uploads/?mount=${digest}&from=${NAME}`);
    expect(mounted.status).toBe(201);
    expect((await ask(registry, 'HEAD', `/v2/acme/copy/blobs/${digest}`)).status).toBe(200);
    const missing = `/v2/acme/copy/blobs/uploads/?mount=${digestOf('no')}&from=${NAME}`;
    expect((await ask(registry, 'POST', missing)).status).toBe(202);
  });

  it('of more bytes than a blob may have is refused before they come', async () => {
    const registry = await startRegistry();
    const location = await beginUpload(registry);
    const token = await fetchToken(registry, `repository:${NAME}:pull,push`);
    const status = await new Promise<number>((resolve, reject) => {
      const large = request(`http://${registry.address}${location}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${token}`, 'Content-Length': 11 * 1024 ** 3 },
      });
      large.on('response', (reply) => {
        resolve(reply.statusCode ?? 0);
        large.destroy();
      });
      large.on('error', reject);
      large.flushHeaders();
    });
    expect(status).toBe(413);
  });

  it('waits for another to end where too many are open', async () => {
    const registry = await startRegistry();
    const locations: string[] = [];
    for (let number = 0; number < 256; number++) locations.push(await beginUpload(registry));
    const refused = await ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/`);
    expect([refused.status, refused.code]).toEqual([429, 'TOOMANYREQUESTS']);
    await ask(registry, 'DELETE', locations[0] ?? '');
    expect((await ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/`)).status).toBe(202);
  });

  it('leaves no file of an open upload behind when the registry ends', async () => {
    const directory = await temporaryDirectory();
    const registry = await startRegistry({ directory });
    await ask(registry, 'PATCH', await beginUpload(registry), { body: 'hello' });
    await registry.close();
    expect(await readdir(directory)).toEqual(['sha256']);
  });
});

describe('a blob', () => {
  const ranges = [
    ['a part', 'bytes=1-3', 206, 'ell', 'bytes 1-3/5'],
    ['the rest', 'bytes=2-', 206, 'llo', 'bytes 2-4/5'],
    ['the end', 'bytes=-2', 206, 'lo', 'bytes 3-4/5'],
    ['a part that ends too late', 'bytes=3-99', 206, 'lo', 'bytes 3-4/5'],
    ['a part behind the end', 'bytes=5-', 416, '', 'bytes */5'],
    ['several parts: the whole', 'bytes=0-1,3-4', 200, 'hello', null],
    ['a malformed range: the whole', 'bytes=3-1', 200, 'hello', null],
  ] as const;
  it.each(ranges)('serves %s', async (_title, range, status, text, contentRange) => {
    const registry = await startRegistry();
    const digest = digestOf('hello');
    await ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/?digest=${digest}`, { body: 'hello' });
    const token = await fetchToken(registry, `repository:${NAME}:pull`);
    const reply = await fetch(`http://${registry.address}/v2/${NAME}/blobs/${digest}`, {
      headers: { Authorization: `Bearer ${token}`, Range: range },
    });
    expect([reply.status, await reply.text(), reply.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
  });

  it('of no bytes is a blob', async () => {
    const registry = await startRegistry();
    const digest = digestOf('');
    await ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/?digest=${digest}`, { body: '' });
    const answer = await ask(registry, 'GET', `/v2/${NAME}/blobs/${digest}`);
    expect([answer.status, answer.text, answer.headers.get('content-length')]).toEqual([200, '', '0']);
  });

  it("can't be deleted by a client", async () => {
    const registry = await startRegistry();
    expect((await ask(registry, 'DELETE', `/v2/${NAME}/blobs/${digestOf('hello')}`)).status).toBe(405);
  });
});

describe('a manifest', () => {
  it('is served by tag and by digest as it was pushed', async () => {
    const registry = await startRegistry();
    const built = buildImage(imageOf('1'));
    const pushed = await pushImage({ registry: registry.address, name: NAME, tags: ['v1'], ...imageOf('1') });
    expect(pushed).toEqual({
      mediaType: built.mediaType,
      digest: built.digest,
      sizeBytes: built.bytes.length,
    });
    for (const reference of ['v1', built.digest]) {
      const got = await ask(registry, 'GET', `/v2/${NAME}/manifests/${reference}`, { actions: 'pull' });
      expect(got.text).toBe(Buffer.from(built.bytes).toString());
      expect(got.headers.get('content-type')).toBe(built.mediaType);
      expect(got.headers.get('docker-content-digest')).toBe(built.digest);
      const head = await ask(registry, 'HEAD', `/v2/${NAME}/manifests/${reference}`, { actions: 'pull' });
      expect([head.status, head.text, head.headers.get('content-length')]).toEqual([
        200,
        '',
        String(built.bytes.length),
      ]);
    }
  });

  it('moves a tag that another manifest had', async () => {
    const registry = await startRegistry();
    const target = { registry: registry.address, name: NAME };
    await pushImage({ ...target, tags: ['latest'], ...imageOf('1') });
    const second = await pushImage({ ...target, tags: ['latest'], ...imageOf('2') });
    const got = await ask(registry, 'HEAD', `/v2/${NAME}/manifests/latest`);
    expect(got.headers.get('docker-content-digest')).toBe(second.digest);
  });

  it('gets another tag', async () => {
    const registry = await startRegistry();
    const target = { registry: registry.address, name: NAME };
    const pushed = await pushImage({ ...target, tags: ['v1'], ...imageOf('1') });
    expect(await tagManifest({ ...target, from: 'v1', tag: 'stable' })).toEqual(pushed);
    const got = await ask(registry, 'HEAD', `/v2/${NAME}/manifests/stable`);
    expect(got.headers.get('docker-content-digest')).toBe(pushed.digest);
  });

  it('keeps an immutable tag where it is, and takes the same push again', async () => {
    const registry = await startRegistry({ dialect: { immutableTags: true } });
    const target = { registry: registry.address, name: NAME, tags: ['v1'] };
    const pushed = await pushImage({ ...target, ...imageOf('1') });
    await expect(pushImage({ ...target, ...imageOf('2') })).rejects.toThrow(/FAILED_PRECONDITION.*immutable/);
    expect(await pushImage({ ...target, ...imageOf('1') })).toEqual(pushed);
  });

  const missing = [
    ['a tag', 'nope', 404, 'MANIFEST_UNKNOWN', 'Failed to fetch "nope"'],
    ['a digest', digestOf('nope'), 404, 'MANIFEST_UNKNOWN', `Failed to fetch "${digestOf('nope')}"`],
    ['a digest that is none', 'sha256:abc', 400, 'DIGEST_INVALID', expect.any(String)],
    ['a tag that is none', '.dot', 400, 'TAG_INVALID', expect.any(String)],
  ] as const;
  it.each(missing)('is not found by %s', async (_title, reference, status, code, message) => {
    const registry = await startRegistry();
    await pushImage({ registry: registry.address, name: NAME, tags: ['v1'], ...imageOf('1') });
    const answer = await ask(registry, 'GET', `/v2/${NAME}/manifests/${reference}`);
    expect([answer.status, answer.code, answer.message]).toEqual([status, code, message]);
  });

  it('is not found where the repository is not', async () => {
    const registry = await startRegistry();
    const answer = await ask(registry, 'GET', `/v2/${NAME}/manifests/v1`);
    expect([answer.status, answer.code, answer.message]).toEqual([
      404,
      'NAME_UNKNOWN',
      `Repository "${NAME}" not found`,
    ]);
  });
});

describe('a manifest is refused', () => {
  const OCI = 'application/vnd.oci.image.manifest.v1+json';
  const INDEX = 'application/vnd.oci.image.index.v1+json';
  const descriptor = { mediaType: 'application/octet-stream', digest: digestOf('hello'), size: 5 };
  const rows: readonly [string, string, string, unknown, number, string][] = [
    [
      'without its blobs',
      'v1',
      OCI,
      { schemaVersion: 2, mediaType: OCI, config: { ...descriptor, digest: digestOf('no') }, layers: [] },
      400,
      'MANIFEST_BLOB_UNKNOWN',
    ],
    [
      'with a wrong blob size',
      'v1',
      OCI,
      { schemaVersion: 2, mediaType: OCI, config: { ...descriptor, size: 6 }, layers: [] },
      400,
      'MANIFEST_INVALID',
    ],
    [
      'as an index without its children',
      'v1',
      INDEX,
      { schemaVersion: 2, mediaType: INDEX, manifests: [{ ...descriptor, digest: digestOf('no') }] },
      400,
      'MANIFEST_BLOB_UNKNOWN',
    ],
    [
      'under another digest',
      digestOf('other'),
      OCI,
      { schemaVersion: 2, mediaType: OCI, config: descriptor, layers: [] },
      400,
      'DIGEST_INVALID',
    ],
    [
      'under another media type',
      'v1',
      INDEX,
      { schemaVersion: 2, mediaType: OCI, config: descriptor, layers: [] },
      400,
      'MANIFEST_INVALID',
    ],
    [
      'without a media type',
      'v1',
      '',
      { schemaVersion: 2, config: descriptor, layers: [] },
      400,
      'MANIFEST_INVALID',
    ],
    [
      'as schema 1',
      'v1',
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      { schemaVersion: 1 },
      400,
      'MANIFEST_INVALID',
    ],
    ['as a list', 'v1', OCI, [], 400, 'MANIFEST_INVALID'],
    ['over 4 MiB', 'v1', OCI, 'x'.repeat(4 * 1024 * 1024), 413, 'SIZE_INVALID'],
  ];
  it.each(rows)('%s', async (_title, reference, mediaType, document, status, code) => {
    const registry = await startRegistry();
    await ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/?digest=${descriptor.digest}`, { body: 'hello' });
    const answer = await ask(registry, 'PUT', `/v2/${NAME}/manifests/${reference}`, {
      headers: { 'Content-Type': mediaType },
      body: JSON.stringify(document),
    });
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect((await ask(registry, 'GET', '/v2/_catalog')).text).toContain('"repositories":[]');
  });

  it('but not because its subject is missing', async () => {
    const registry = await startRegistry();
    const subject = { mediaType: OCI, digest: digestOf('gone') as `sha256:${string}`, sizeBytes: 4 };
    const pushed = pushImage({ registry: registry.address, name: NAME, tags: [], ...imageOf('1'), subject });
    await expect(pushed).resolves.toMatchObject({ mediaType: OCI });
  });
});

describe('an index', () => {
  it('lists images of its repository, and nested indexes', async () => {
    const registry = await startRegistry();
    const target = { registry: registry.address, name: NAME };
    const amd64 = await pushImage({ ...target, tags: [], ...imageOf('amd64') });
    const arm64 = await pushImage({ ...target, tags: [], ...imageOf('arm64'), format: 'docker' });
    const inner = await pushIndex({
      ...target,
      tags: [],
      children: [
        { ...amd64, platform: { os: 'linux', architecture: 'amd64' } },
        { ...arm64, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      ],
    });
    const outer = await pushIndex({ ...target, tags: ['v1'], children: [inner], format: 'docker' });
    const got = JSON.parse((await ask(registry, 'GET', `/v2/${NAME}/manifests/${inner.digest}`)).text);
    expect(got.manifests[1]).toEqual({
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      digest: arm64.digest,
      size: arm64.sizeBytes,
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
    });
    expect(outer.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json');
  });
});

describe('the pushing client', () => {
  it('sends nothing to another machine', async () => {
    const push = pushImage({ registry: 'gcr.io', name: NAME, tags: [], ...imageOf('1') });
    await expect(push).rejects.toMatchObject({ code: 'LOCAL_PUSH_FAILED' });
  });

  it('uploads a blob once', async () => {
    const registry = await startRegistry();
    const target = { registry: registry.address, name: NAME, ...imageOf('1') };
    await pushImage({ ...target, tags: ['v1'] });
    await pushImage({ ...target, tags: ['v2'] });
    expect(registry.requests).toMatchObject({ 'POST uploads': 2, 'PUT uploads': 2, 'PUT manifests': 2 });
  });
});
