import { describe, expect, it } from 'vitest';
import { type Dialect, type LocalRegistry, pushImage, pushIndex } from '../../../local/registry/index.ts';
import { ask, imageOf, NOW_MS, startRegistry } from './stage.ts';

const NAME = 'acme/services/api';

interface ListingBody {
  readonly child?: string[];
  readonly manifest?: Record<string, { tag: string[] }>;
  readonly tags: string[];
  readonly next?: string;
}

async function list(registry: LocalRegistry, path = `/v2/${NAME}/tags/list`) {
  const answer = await ask(registry, 'GET', path, { actions: 'pull' });
  expect(answer.status).toBe(200);
  return { body: JSON.parse(answer.text) as ListingBody, link: answer.headers.get('link') };
}

/** Pushes so many untagged images and returns their digests, sorted. */
async function pushMany(registry: LocalRegistry, count: number): Promise<string[]> {
  const digests: string[] = [];
  for (let number = 0; number < count; number++) {
    const target = { registry: registry.address, name: NAME, tags: [`v${number}`] };
    digests.push((await pushImage({ ...target, ...imageOf(`image ${number}`) })).digest);
  }
  return digests.sort();
}

describe('tags/list', () => {
  it('shows every manifest, tagged or not, with its numbers as texts', async () => {
    let nowMs = NOW_MS;
    const registry = await startRegistry({ now: () => nowMs });
    const target = { registry: registry.address, name: NAME };
    const tagged = await pushImage({ ...target, tags: ['v1', 'latest'], ...imageOf('1') });
    nowMs += 1000;
    const untagged = await pushImage({ ...target, tags: [], ...imageOf('2'), config: {} });
    const index = await pushIndex({ ...target, tags: ['multi'], children: [untagged] });
    const { body } = await list(registry);
    expect(body).toEqual({
      child: [],
      manifest: {
        [tagged.digest]: {
          imageSizeBytes: expect.stringMatching(/^[0-9]+$/),
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          tag: ['latest', 'v1'],
          timeCreatedMs: String(Date.UTC(2026, 0, 2, 3, 4, 5)),
          timeUploadedMs: String(NOW_MS),
        },
        [untagged.digest]: {
          imageSizeBytes: expect.stringMatching(/^[0-9]+$/),
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          tag: [],
          timeCreatedMs: '-62135596800000',
          timeUploadedMs: String(NOW_MS + 1000),
        },
        [index.digest]: {
          imageSizeBytes: '0',
          mediaType: 'application/vnd.oci.image.index.v1+json',
          tag: ['multi'],
          timeCreatedMs: '-62135596800000',
          timeUploadedMs: String(NOW_MS + 1000),
        },
      },
      name: NAME,
      tags: ['latest', 'multi', 'v1'],
    });
  });

  it('counts manifest, config and layers as the size', async () => {
    const registry = await startRegistry();
    const layer = Buffer.alloc(10_000);
    const target = { registry: registry.address, name: NAME, tags: ['v1'], layers: [{ bytes: layer }] };
    const { digest, sizeBytes } = await pushImage(target);
    const manifest = await ask(registry, 'GET', `/v2/${NAME}/manifests/v1`);
    const configBytes = JSON.parse(manifest.text).config.size;
    const { body } = await list(registry);
    expect(body.manifest?.[digest]).toMatchObject({
      imageSizeBytes: String(10_000 + configBytes + sizeBytes),
    });
  });

  it('keeps the upload time of a manifest that is pushed again', async () => {
    let nowMs = NOW_MS;
    const registry = await startRegistry({ now: () => nowMs });
    const image = { registry: registry.address, name: NAME, ...imageOf('1') };
    const { digest } = await pushImage({ ...image, tags: ['v1'] });
    nowMs += 5000;
    await pushImage({ ...image, tags: ['v2'] });
    expect((await list(registry)).body.manifest?.[digest]).toMatchObject({
      tag: ['v1', 'v2'],
      timeUploadedMs: String(NOW_MS),
    });
  });

  it('names the paths below, for a path that is no repository itself too', async () => {
    const registry = await startRegistry();
    for (const name of ['acme/services', 'acme/services/api/v2', 'acme/services/web', 'acme/servicesx/y']) {
      await pushImage({ registry: registry.address, name, tags: ['v1'], ...imageOf('1') });
    }
    const { body } = await list(registry, '/v2/acme/services/tags/list');
    expect([body.child, body.tags]).toEqual([['api', 'web'], ['v1']]);
    const parent = await list(registry, '/v2/acme/services/api/tags/list');
    expect(parent.body).toEqual({ child: ['v2'], manifest: {}, name: 'acme/services/api', tags: [] });
  });

  const refused = [
    [
      'a repository that is not there',
      '/v2/acme/none/tags/list',
      404,
      'NAME_UNKNOWN',
      'Repository "acme/none" not found',
    ],
    [
      'a path of one component',
      '/v2/acme/tags/list',
      400,
      'NAME_INVALID',
      'invalid number of path components: 1',
    ],
    [
      'a page of no entries',
      `/v2/${NAME}/tags/list?n=0`,
      400,
      'PAGINATION_NUMBER_INVALID',
      expect.any(String),
    ],
    [
      'a page size that is no number',
      `/v2/${NAME}/tags/list?n=x`,
      400,
      'PAGINATION_NUMBER_INVALID',
      expect.any(String),
    ],
  ] as const;
  it.each(refused)('refuses %s', async (_title, path, status, code, message) => {
    const registry = await startRegistry();
    const answer = await ask(registry, 'GET', path, { actions: 'pull' });
    expect([answer.status, answer.code, answer.message]).toEqual([status, code, message]);
  });
});

describe('paging', () => {
  const forms = [
    ['link', true, false],
    ['next', false, true],
    ['both', true, true],
    ['none', false, false],
  ] as const;
  it.each(forms)('%s says that a list goes on as it is named', async (paging, hasLink, hasNext) => {
    const registry = await startRegistry({ dialect: { paging } });
    const [first = '', second = ''] = await pushMany(registry, 3);
    const target = `/v2/${NAME}/tags/list?n=2&last=${encodeURIComponent(second)}`;
    const page = await list(registry, `/v2/${NAME}/tags/list?n=2`);
    expect(Object.keys(page.body.manifest ?? {})).toEqual([first, second]);
    expect(page.body.tags).toHaveLength(2);
    expect(page.link).toBe(hasLink ? `<${target}>; rel="next"` : null);
    expect(page.body.next).toBe(hasNext ? `http://${registry.address}${target}` : undefined);
    // The last page says nothing more, in any form.
    const last = await list(registry, target);
    expect([last.link, last.body.next]).toEqual([null, undefined]);
  });

  it.each(['link', 'next'] as const)('by %s leads through all manifests, each once', async (paging) => {
    const registry = await startRegistry({ dialect: { paging, pageCap: 2 } });
    const digests = await pushMany(registry, 5);
    const seen: string[] = [];
    let path: string | undefined = `/v2/${NAME}/tags/list?n=1000`;
    while (path !== undefined) {
      const { body, link } = await list(registry, path);
      seen.push(...Object.keys(body.manifest ?? {}));
      path = paging === 'link' ? /^<([^>]+)>; rel="next"$/.exec(link ?? '')?.[1] : body.next;
    }
    expect(seen).toEqual(digests);
  });

  it('cuts at the cap without a word where the dialect has it so', async () => {
    const registry = await startRegistry({ dialect: { paging: 'none', pageCap: 2 } });
    const digests = await pushMany(registry, 3);
    const { body, link } = await list(registry);
    expect(Object.keys(body.manifest ?? {})).toEqual(digests.slice(0, 2));
    expect([link, body.next]).toEqual([null, undefined]);
  });

  it('of the catalog ends with an empty next', async () => {
    const registry = await startRegistry();
    for (const name of ['acme/a', 'acme/b', 'example.com/shop/c']) {
      await pushImage({ registry: registry.address, name, tags: ['v1'], ...imageOf('1') });
    }
    // An upload that never became an image is no repository.
    await ask(registry, 'POST', '/v2/acme/unfinished/blobs/uploads/');
    const first = await ask(registry, 'GET', '/v2/_catalog?n=2');
    const next = `/v2/_catalog?n=2&last=acme%2Fb`;
    expect(JSON.parse(first.text)).toEqual({
      repositories: ['acme/a', 'acme/b'],
      next: `http://${registry.address}${next}`,
    });
    expect(first.headers.get('link')).toBe(`<${next}>; rel="next"`);
    const last = await ask(registry, 'GET', next);
    expect(JSON.parse(last.text)).toEqual({ repositories: ['example.com/shop/c'], next: '' });
    expect(last.headers.get('link')).toBeNull();
  });
});

describe('a plain registry', () => {
  const dialect: Partial<Dialect> = { guard: 'plain', paging: 'link' };

  it('lists tags only, and pages over them', async () => {
    const registry = await startRegistry({ dialect });
    await pushMany(registry, 3);
    const first = await list(registry, `/v2/${NAME}/tags/list?n=2`);
    expect(first.body).toEqual({ name: NAME, tags: ['v0', 'v1'] });
    expect(first.link).toBe(`</v2/${NAME}/tags/list?n=2&last=v1>; rel="next"`);
  });

  it('takes a name of one component', async () => {
    const registry = await startRegistry({ dialect });
    await pushImage({ registry: registry.address, name: 'single', tags: ['v1'], ...imageOf('1') });
    expect((await list(registry, '/v2/single/tags/list')).body).toEqual({ name: 'single', tags: ['v1'] });
  });
});

describe('referrers', () => {
  it('are an index of what is about a digest', async () => {
    const registry = await startRegistry();
    const target = { registry: registry.address, name: NAME };
    const subject = await pushImage({ ...target, tags: ['v1'], ...imageOf('1') });
    const signature = await pushImage({
      ...target,
      tags: [],
      layers: [{ bytes: Buffer.from('signed') }],
      artifactType: 'application/vnd.example.signature',
      annotations: { made: 'by a test' },
      subject,
    });
    await pushImage({
      ...target,
      tags: [],
      layers: [{ bytes: Buffer.from('bill') }],
      artifactType: 'application/vnd.example.sbom',
      subject,
    });
    const path = `/v2/${NAME}/referrers/${subject.digest}`;
    const all = await ask(registry, 'GET', path, { actions: 'pull' });
    expect(all.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
    expect(JSON.parse(all.text).manifests).toHaveLength(2);
    const filtered = await ask(registry, 'GET', `${path}?artifactType=application/vnd.example.signature`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(JSON.parse(filtered.text)).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType: signature.mediaType,
          digest: signature.digest,
          size: signature.sizeBytes,
          artifactType: 'application/vnd.example.signature',
          annotations: { made: 'by a test' },
        },
      ],
    });
    const none = await ask(registry, 'GET', `/v2/${NAME}/referrers/${signature.digest}`);
    expect([none.status, JSON.parse(none.text).manifests]).toEqual([200, []]);
  });

  it.each([
    [true, 200],
    [false, 404],
  ] as const)('switched to %s are answered with %s', async (referrers, status) => {
    const registry = await startRegistry({ dialect: { referrers } });
    const image = { registry: registry.address, name: NAME, tags: ['v1'], ...imageOf('1') };
    const { digest } = await pushImage(image);
    expect((await ask(registry, 'GET', `/v2/${NAME}/referrers/${digest}`)).status).toBe(status);
  });
});
