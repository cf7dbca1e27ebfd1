import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import type { ManifestCache } from '../../../shared/adapters/registry/relations.ts';
import type { Digest } from '../../../shared/core/digest.ts';
import type { StoredManifest } from '../../../shared/core/journal.ts';
import { MEDIA_TYPES } from '../../../shared/core/manifest.ts';
import { signedSchema1 } from '../../support/schema-1.ts';
import {
  complaint,
  digestOf,
  type Handler,
  json,
  patientTransport,
  startServer,
  type TestServer,
} from './test-server.ts';

const NOW_MS = 1_700_000_000_000;
const NAME = 'acme/app';
const A = digestOf('a');
const B = digestOf('b');

const cleanup: (() => Promise<void>)[] = [];
let handler: Handler;
let server: TestServer;

beforeEach(async () => {
  server = await startServer((request, reply, raw) => handler(request, reply, raw));
  cleanup.push(() => server.close());
});
afterEach(async () => {
  for (const done of cleanup.splice(0)) await done();
});

function reader(manifestCache?: ManifestCache) {
  const transport = patientTransport({ attemptsMax: 2, attemptDeadlineMs: 500 });
  cleanup.push(() => transport.close());
  return createRegistryReader({
    transport,
    credentials: fixedCredentials({}),
    clock: () => NOW_MS,
    ...(manifestCache === undefined ? {} : { manifestCache }),
  });
}

function list(manifestCache?: ManifestCache) {
  return reader(manifestCache).list({ host: server.host, name: NAME });
}

/** An entry of Google's map: a Docker image, which need not be read, unless told otherwise. */
function entry(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    imageSizeBytes: '3374446',
    layerId: '',
    mediaType: MEDIA_TYPES.dockerManifest,
    tag: [],
    timeCreatedMs: '0',
    timeUploadedMs: '1676582665070',
    ...overrides,
  };
}

/** Answers the ping, and `tags/list` page by page: each is a body, and headers where needed. */
function pages(...bodies: (unknown | { body: unknown; headers: Record<string, string> })[]): Handler {
  return (request, reply) => {
    const url = new URL(request.url, 'http://x');
    if (url.pathname === '/v2/') return json(reply, 200, {});
    const at = Number(url.searchParams.get('page') ?? '0');
    const page = bodies[at];
    if (page === undefined) return json(reply, 500, {});
    if (page !== null && typeof page === 'object' && 'body' in page) {
      return json(reply, 200, page.body, 'headers' in page ? (page.headers as Record<string, string>) : {});
    }
    return json(reply, 200, page);
  };
}

const next = (page: number): string => `/v2/${NAME}/tags/list?n=1&page=${page}`;
const link = (page: number): Record<string, string> => ({ link: `<${next(page)}>; rel="next"` });
const many = (count: number): Record<Digest, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [digestOf(`many ${index}`), entry()]));

describe("a listing in Google's dialect", () => {
  it('holds each manifest with its tags, size and upload time', async () => {
    handler = pages({
      name: NAME,
      child: [],
      tags: ['v1', 'latest'],
      manifest: { [A]: entry({ tag: ['v1', 'latest'] }), [B]: entry() },
    });
    const listing = await list();
    expect(listing).toEqual({
      version: 1,
      repository: `${server.host}/${NAME}`,
      takenAtMs: NOW_MS,
      completeness: { kind: 'complete' },
      manifests: [A, B].sort().map((digest) => ({
        digest,
        tags: digest === A ? ['latest', 'v1'] : [],
        mediaType: { kind: 'known', value: MEDIA_TYPES.dockerManifest },
        sizeBytes: { kind: 'known', value: 3_374_446 },
        uploadedAtMs: { kind: 'known', value: 1_676_582_665_070 },
      })),
      relations: {},
    });
    // The ping and the list: Docker's images have no relations that had to be read.
    expect(server.seen).toHaveLength(2);
  });

  const first = { tags: ['v1'], manifest: { [A]: entry({ tag: ['v1'] }) } };
  const second = { tags: [], manifest: { [B]: entry() } };
  it.each<[name: string, handler: () => Handler]>([
    ['the Link header', () => pages({ body: first, headers: link(1) }, second)],
    ['"next" in the body', () => pages({ ...first, next: next(1) }, { ...second, next: '' })],
    [
      '"next" as a whole URL',
      () => pages({ ...first, next: `http://${server.host}${next(1)}` }, { ...second, next: '' }),
    ],
    ['both', () => pages({ body: { ...first, next: next(1) }, headers: link(1) }, second)],
    [
      'both, in different words',
      () =>
        pages(
          { body: { ...first, next: next(1) }, headers: { link: `<?page=1&n=1>; rel=next` } },
          { ...second, next: '' },
        ),
    ],
    [
      'both, at different places',
      () =>
        pages({ body: { ...first, next: next(1) }, headers: link(2) }, second, { ...second, next: next(1) }),
    ],
  ])('is followed to its end by %s', async (_name, handle) => {
    handler = handle();
    const listing = await list();
    expect(listing.completeness).toEqual({ kind: 'complete' });
    expect(listing.manifests.map(({ digest }) => digest)).toEqual([A, B].sort());
  });

  it('takes a digest on two pages once, with all its tags', async () => {
    handler = pages(
      { body: { tags: ['v1'], manifest: { [A]: entry({ tag: ['v1'] }) } }, headers: link(1) },
      { tags: ['v2'], manifest: { [A]: entry({ tag: ['v2'], timeUploadedMs: '1676582665071' }) } },
    );
    const listing = await list();
    expect(listing.manifests).toMatchObject([
      { digest: A, tags: ['v1', 'v2'], uploadedAtMs: { kind: 'unknown' }, sizeBytes: { kind: 'known' } },
    ]);
  });

  it.each<[name: string, fields: Record<string, unknown>, expected: Record<string, unknown>]>([
    ['no upload time', { timeUploadedMs: undefined }, { uploadedAtMs: { kind: 'unknown' } }],
    ['upload time 0', { timeUploadedMs: '0' }, { uploadedAtMs: { kind: 'unknown' } }],
    ['upload time in year 1', { timeUploadedMs: '-62135596800000' }, { uploadedAtMs: { kind: 'unknown' } }],
    ['upload time as words', { timeUploadedMs: 'yesterday' }, { uploadedAtMs: { kind: 'unknown' } }],
    [
      'upload time with a fraction',
      { timeUploadedMs: '1676582665.07' },
      { uploadedAtMs: { kind: 'unknown' } },
    ],
    ['upload time as an exponent', { timeUploadedMs: '1e3' }, { uploadedAtMs: { kind: 'unknown' } }],
    ['upload time as an object', { timeUploadedMs: {} }, { uploadedAtMs: { kind: 'unknown' } }],
    ['upload time as a number', { timeUploadedMs: 5 }, { uploadedAtMs: { kind: 'known', value: 5 } }],
    ['an image of size 0', { imageSizeBytes: '0' }, { sizeBytes: { kind: 'unknown' } }],
    ['a negative size', { imageSizeBytes: '-1' }, { sizeBytes: { kind: 'unknown' } }],
    ['an endless size', { imageSizeBytes: '9'.repeat(30) }, { sizeBytes: { kind: 'unknown' } }],
    [
      'an index of size 0',
      { imageSizeBytes: '0', mediaType: MEDIA_TYPES.dockerManifestList },
      { sizeBytes: { kind: 'known', value: 0 } },
    ],
    ['no media type', { mediaType: undefined }, { mediaType: { kind: 'unknown' } }],
    ['an empty media type', { mediaType: '' }, { mediaType: { kind: 'unknown' } }],
    ['no tag list, where "tags" says there are none', { tag: null }, { tags: [] }],
  ])('says of an entry with %s only what is known', async (_name, fields, expected) => {
    handler = pages({ tags: [], manifest: { [A]: entry(fields) } });
    const listing = await list();
    expect(listing.completeness).toEqual({ kind: 'complete' });
    expect(listing.manifests).toMatchObject([{ digest: A, ...expected }]);
  });

  it('of exactly 1,000 entries is complete where smaller pages show its end', async () => {
    const all = Object.entries(many(1_000));
    handler = (request, reply) => {
      const query = new URL(request.url, 'http://x').searchParams;
      if (query.get('page') === '1')
        return json(reply, 200, { tags: [], manifest: Object.fromEntries(all.slice(999)) });
      const size = Math.min(Number(query.get('n')), 1_000);
      const headers = size < 1_000 ? link(1) : {};
      json(reply, 200, { tags: [], manifest: Object.fromEntries(all.slice(0, size)) }, headers);
    };
    const listing = await list();
    expect(listing.completeness).toEqual({ kind: 'complete' });
    expect(listing.manifests).toHaveLength(1_000);
  });

  it('is complete and empty where the registry says that there is no such repository', async () => {
    handler = (request, reply) =>
      request.url === '/v2/' ? json(reply, 200, {}) : json(reply, 404, complaint('NAME_UNKNOWN'));
    expect(await list()).toMatchObject({ completeness: { kind: 'complete' }, manifests: [] });
  });
});

/** Two pages, of which the first says something else at each of its first readings. */
function changing(times: number): Handler {
  let reads = 0;
  return (request, reply, raw) => {
    if (request.url.includes('page=')) {
      return json(reply, 200, { tags: [], manifest: { [B]: entry() } });
    }
    if (request.url !== '/v2/') reads += 1;
    const body = { tags: [], manifest: { [digestOf(`read ${Math.min(reads, times + 1)}`)]: entry() } };
    pages({ body, headers: link(1) })(request, reply, raw);
  };
}

describe('a listing of several pages', () => {
  it('is read once more where it changed meanwhile, and then holds what is there', async () => {
    handler = changing(1);
    const listing = await list();
    expect(listing.completeness).toEqual({ kind: 'complete' });
    expect(listing.manifests.map(({ digest }) => digest)).toEqual([B, digestOf('read 2')].sort());
  });

  it('costs one request a page, and one for the first page again', async () => {
    handler = pages(
      { body: { tags: [], manifest: { [A]: entry() } }, headers: link(1) },
      { body: { tags: [], manifest: { [B]: entry() } }, headers: link(2) },
      { tags: [], manifest: { [digestOf('c')]: entry() } },
    );
    await list();
    const asked = server.seen.map(({ url }) => /page=(\d)/.exec(url)?.[1] ?? 'first');
    expect(asked.slice(1)).toEqual(['first', '1', '2', 'first']);
  });

  it('has the page that a Link names on its way while the one before comes in, and no further one', async () => {
    const withheld: (() => void)[] = [];
    handler = (request, reply) => {
      if (request.url === '/v2/') return json(reply, 200, {});
      const at = Number(/page=(\d)/.exec(request.url)?.[1] ?? '0');
      const body = { tags: [], manifest: { [digestOf(`page ${at}`)]: entry() } };
      reply.writeHead(200, at < 4 ? link(at + 1) : {});
      reply.write('{"tags":');
      const finish = (): void => void reply.end(JSON.stringify(body).slice('{"tags":'.length));
      if (server.seen.length < 4) withheld.push(finish);
      else finish();
    };
    const listing = list();
    // The first page and the one after it; their bodies are withheld, and nothing else is asked for.
    await vi.waitFor(() => expect(withheld).toHaveLength(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.seen).toHaveLength(3);
    for (const finish of withheld.splice(0)) finish();
    expect(await listing).toMatchObject({ completeness: { kind: 'complete' }, manifests: { length: 5 } });
  });

  it('gives up the page ahead where the one before it ends the reading', async () => {
    let isCutOff = false;
    handler = (request, reply) => {
      if (request.url === '/v2/') return json(reply, 200, {});
      if (!request.url.includes('page=')) {
        reply.writeHead(200, link(1));
        // Begins like a page, so that the next one is asked for, and is none.
        reply.write('{"tags":');
        setTimeout(() => reply.end('oops'), 100);
        return;
      }
      reply.writeHead(200).write('{"tags":[');
      const drip = setInterval(() => reply.write('"v1",'), 10);
      reply.on('close', () => {
        clearInterval(drip);
        isCutOff = true;
      });
    };
    expect(await list()).toMatchObject({ completeness: { kind: 'incomplete' }, manifests: [] });
    await vi.waitFor(() => expect(isCutOff).toBe(true), 5_000);
    // A page that somebody still waits for would be asked for again at once.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.seen.filter(({ url }) => url.includes('page='))).toHaveLength(1);
  });

  it('keeps nothing of a page that broke off and was asked for again', async () => {
    let reads = 0;
    handler = (request, reply, raw) => {
      if (request.url === '/v2/') return json(reply, 200, {});
      reads += 1;
      if (reads > 1) return pages({ tags: [], manifest: { [A]: entry() } })(request, reply, raw);
      reply.writeHead(200, { 'content-length': '100000' });
      const part = JSON.stringify({ tags: [], manifest: { [B]: entry() } }).slice(0, -2);
      reply.write(`${part},`, () => raw.socket.destroy());
    };
    const listing = await list();
    expect(listing.completeness).toEqual({ kind: 'complete' });
    expect(listing.manifests.map(({ digest }) => digest)).toEqual([A]);
  });

  it('by name, and with tokens that are no names, does not seem to jump', async () => {
    const resume = (last: string, page: number) => ({
      link: `</v2/${NAME}/tags/list?n=2&last=${last}&page=${page}>; rel="next"`,
    });
    handler = pages(
      { body: { tags: ['a', 'b'] }, headers: resume('b', 1) },
      { body: { tags: ['c', 'd'] }, headers: resume('zzTOKEN', 2) },
      { body: { tags: ['e', 'f'] }, headers: resume('e', 3) },
      { tags: ['f', 'g'] },
    );
    const { completeness } = await list();
    expect(completeness).not.toMatchObject({ reason: expect.stringMatching(/jumps/) });
    expect(server.seen.some(({ url }) => url.includes('page=3'))).toBe(true);
  });
});

describe('a listing is incomplete', () => {
  const good = { tags: [], manifest: { [A]: entry() } };
  it.each<[name: string, handler: () => Handler, reason: RegExp]>([
    ['with 404 in words that are not the registry’s', () => failing(404, '<html>not here'), /404/],
    [
      'with 403',
      () => failing(403, complaint('DENIED', 'Permission denied')),
      /403 DENIED "Permission denied"/,
    ],
    ['with 500', () => failing(500, {}), /500/],
    ['with a redirect', () => failing(302, {}, { location: 'https://registry.example.com/' }), /302/],
    ['with a body that is cut', () => pages('{"tags":[],"manifest":{'), /not a JSON object, or is cut/],
    ['with a list for a body', () => pages([]), /not a JSON object/],
    ['with null for a body', () => pages('null'), /not a JSON object/],
    ['with an empty object', () => pages({}), /neither "tags" nor "manifest"/],
    ['with tags of another type', () => pages({ ...good, tags: 'v1' }), /"tags" is not a list/],
    ['with a tag that is a number', () => pages({ ...good, tags: [7] }), /no tag/],
    ['with a tag that is a path', () => pages({ ...good, tags: ['../x'] }), /no tag/],
    ['with a map that is a list', () => pages({ tags: [], manifest: [] }), /"manifest" is not an object/],
    [
      'with a key that is no digest',
      () => pages({ tags: [], manifest: { 'sha256:1': entry() } }),
      /not a digest|can not be read/,
    ],
    ['with an entry that is null', () => pages({ tags: [], manifest: { [A]: null } }), /can not be read/],
    [
      'with tags of an entry as a text',
      () => pages({ tags: [], manifest: { [A]: entry({ tag: 'v1' }) } }),
      /not a list/,
    ],
    [
      'with a digest twice in one map',
      () =>
        pages(
          `{"tags":[],"manifest":{"${A}":${JSON.stringify(entry({ tag: ['v1'] }))},"${A}":${JSON.stringify(entry())}}}`,
        ),
      /twice/,
    ],
    [
      'with a tag at two digests',
      () => pages({ tags: ['v1'], manifest: { [A]: entry({ tag: ['v1'] }), [B]: entry({ tag: ['v1'] }) } }),
      /at two digests/,
    ],
    ['with a tag whose manifest is missing', () => pages({ ...good, tags: ['v1'] }), /tag v1 is listed/],
    [
      'with neither "tags" nor tags in the map',
      () => pages({ manifest: { [A]: entry({ tag: undefined }) } }),
      /does not say which manifests are tagged/,
    ],
    [
      'with 1,000 entries and no word of more',
      () => pages({ tags: [], manifest: many(1_000) }),
      /exactly 1000 entries/,
    ],
    [
      'with 10,000 entries and no word of more',
      () => pages({ tags: [], manifest: many(10_000) }),
      /exactly 10000 entries/,
    ],
    [
      'with a page that leads back',
      () => pages({ body: good, headers: link(0) }, good),
      /leads back|repeats/,
    ],
    [
      'with a page that repeats under another name',
      () => pages({ body: good, headers: link(1) }, { body: good, headers: link(2) }, good),
      /repeats/,
    ],
    ['with a second page that fails', () => pages({ body: good, headers: link(7) }), /page 2 can't be read/],
    [
      'with a second page that is cut',
      () => pages({ body: good, headers: link(1) }, '{"tags"'),
      /page 2 can't be read/,
    ],
    [
      'with a next page on another host',
      () => pages({ body: good, headers: { link: `<https://evil.example${next(1)}>; rel="next"` } }, good),
      /at another place/,
    ],
    [
      'with a next page of another kind',
      () => pages({ ...good, next: '/v2/_catalog?page=1' }, good),
      /at another place/,
    ],
    ['with a "next" that is a number', () => pages({ ...good, next: 7 }, good), /"next" is not a text/],
    [
      'with a Link that can not be read',
      () => pages({ body: good, headers: { link: 'next: page 2' } }, good),
      /Link header/,
    ],
    [
      'with a map on some pages only',
      () => pages({ body: good, headers: link(1) }, { tags: ['v1'] }),
      /only some/,
    ],
    [
      'with a tag in the map that "tags" does not have',
      () => pages({ tags: [], manifest: { [A]: entry({ tag: ['v1'] }) } }),
      /tag v1 is at sha256:\w+, and missing in "tags"/,
    ],
    [
      'with a map that comes twice',
      () => pages(`{"tags":[],"manifest":{"${A}":${JSON.stringify(entry())}},"manifest":{}}`),
      /"manifest" is in it twice/,
    ],
    [
      'with a page that jumps',
      () => pages({ body: { tags: ['a', 'b'] }, headers: jump('m') }, { tags: ['x', 'y'] }),
      /jumps past what follows b/,
    ],
    ['with a first page that keeps changing', () => changing(99), /changed while its pages were read/],
    [
      'with a first page that can not be read again',
      () => forgetful(),
      /first page can't be read again: .*500/,
    ],
    ['with pages without an end', () => endless(), /more than 2000 pages/],
    ['with a reply that never ends', () => dripping(), /500 ms/],
  ])('%s', async (_name, handle, reason) => {
    handler = handle();
    const listing = await list();
    expect(listing.completeness).toEqual({ kind: 'incomplete', reason: expect.stringMatching(reason) });
  });

  function jump(last: string): Record<string, string> {
    return { link: `</v2/${NAME}/tags/list?n=2&last=${last}&page=1>; rel="next"` };
  }
  function forgetful(): Handler {
    let reads = 0;
    const twoPages = pages({ body: good, headers: link(1) }, { tags: [], manifest: { [B]: entry() } });
    return (request, reply, raw) => {
      if (request.url.startsWith('/v2/acme') && !request.url.includes('page=')) reads += 1;
      if (reads > 1) return json(reply, 500, {});
      twoPages(request, reply, raw);
    };
  }
  function failing(status: number, body: unknown, headers: Record<string, string> = {}): Handler {
    return (request, reply) =>
      request.url === '/v2/' ? json(reply, 200, {}) : json(reply, status, body, headers);
  }
  function endless(): Handler {
    return (request, reply) => {
      const page = Number(new URL(request.url, 'http://x').searchParams.get('page') ?? '0');
      json(reply, 200, { tags: [], manifest: { [digestOf(`page ${page}`)]: entry() } }, link(page + 1));
    };
  }
  function dripping(): Handler {
    return (request, reply) => {
      if (request.url === '/v2/') return json(reply, 200, {});
      reply.writeHead(200).write('{"tags":[');
      const drip = setInterval(() => reply.write('"v1",'), 50);
      reply.on('close', () => clearInterval(drip));
    };
  }
});

describe('relations', () => {
  const child = { mediaType: MEDIA_TYPES.dockerManifest, digest: B, size: 10 };
  const index = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [child] });
  const I = digestOf(index);

  /** Lists the given manifests by media type, and serves their content. */
  function serving(types: Record<Digest, unknown>, content: (digest: string) => string | number): Handler {
    return (request, reply) => {
      if (request.url === '/v2/') return json(reply, 200, {});
      const digest = /\/manifests\/(.*)$/.exec(request.url)?.[1];
      if (digest === undefined) {
        const map = Object.entries(types).map(([key, mediaType]) => [key, entry({ mediaType })]);
        return json(reply, 200, { tags: [], manifest: Object.fromEntries(map) });
      }
      const found = content(digest);
      if (typeof found === 'number') return json(reply, found, complaint('MANIFEST_UNKNOWN'));
      return json(reply, 200, found, { 'content-type': MEDIA_TYPES.ociIndex });
    };
  }

  it.each<[name: string, mediaType: unknown, isRead: boolean]>([
    ['an OCI index', MEDIA_TYPES.ociIndex, true],
    ['a Docker index', MEDIA_TYPES.dockerManifestList, true],
    ['an OCI image, which may be about another', MEDIA_TYPES.ociManifest, true],
    ['an unknown type', 'application/vnd.example+json', true],
    ['no type', undefined, true],
    ['a Docker image', MEDIA_TYPES.dockerManifest, false],
    ['a Docker image of schema 1', MEDIA_TYPES.dockerManifestV1Signed, false],
  ])('are read of %s: %s', async (_name, mediaType, isRead) => {
    handler = serving({ [I]: mediaType }, () => index);
    const listing = await list();
    expect(listing.completeness).toEqual({ kind: 'complete' });
    expect(Object.keys(listing.relations)).toEqual(isRead ? [I] : []);
    if (isRead) {
      expect(listing.relations[I]).toMatchObject({
        kind: 'known',
        value: { kind: 'index', children: [{ digest: B }] },
      });
    }
  });

  it.each<[name: string, content: string | number, reason: RegExp]>([
    ['gone', 404, /was gone/],
    ['refused', 403, /403/],
    ['failing', 500, /500/],
    ['that is another one', `${index} `, /content of digest sha256:/],
  ])('of a manifest %s are unknown, and the listing stays', async (_name, content, reason) => {
    handler = serving({ [I]: MEDIA_TYPES.ociIndex }, () => content);
    const listing = await list();
    expect(listing.completeness).toEqual({ kind: 'complete' });
    expect(listing.relations[I]).toEqual({ kind: 'unknown', reason: expect.stringMatching(reason) });
  });

  it.each<[name: string, content: string]>([
    ['no JSON', 'rubbish'],
    ['a child without a digest', JSON.stringify({ schemaVersion: 2, manifests: [{}] })],
    ['neither config nor children', JSON.stringify({ schemaVersion: 2 })],
  ])('of a manifest with %s are unknown', async (_name, content) => {
    handler = serving({ [digestOf(content)]: MEDIA_TYPES.ociIndex }, () => content);
    expect((await list()).relations[digestOf(content)]).toMatchObject({ kind: 'unknown' });
  });

  it('are not asked for without an end where nothing can be read', async () => {
    const types = Object.fromEntries(
      Array.from({ length: 100 }, (_, at) => [digestOf(`i${at}`), MEDIA_TYPES.ociIndex]),
    );
    handler = serving(types, () => 500);
    const listing = await list();
    expect(Object.values(listing.relations).every(({ kind }) => kind === 'unknown')).toBe(true);
    expect(Object.keys(listing.relations)).toHaveLength(100);
    // 20 failures end it; those in the other lanes are under way by then. Each was tried twice.
    expect(server.seen.length).toBeLessThan(2 + (20 + 16) * 2);
  });

  it('are taken from the store where it has the manifest, and given to it where it has not', async () => {
    const stored: StoredManifest[] = [];
    const cache: ManifestCache = {
      listedManifests: async (_repository, digests) =>
        stored.filter(({ digest }) => digests.includes(digest)),
      saveListedManifests: async (_repository, fresh) => {
        stored.push(...fresh);
      },
    };
    handler = serving({ [I]: MEDIA_TYPES.ociIndex }, () => index);
    const before = await list(cache);
    expect(stored).toEqual([
      { repository: `${server.host}/${NAME}`, digest: I, mediaType: MEDIA_TYPES.ociIndex, content: index },
    ]);
    const asked = server.seen.length;
    expect((await list(cache)).relations).toEqual(before.relations);
    expect(server.seen.length - asked).toBe(2);
  });

  it('are read from the registry where the store fails or holds something else', async () => {
    handler = serving({ [I]: MEDIA_TYPES.ociIndex }, () => index);
    const failing: ManifestCache = {
      listedManifests: async () => {
        throw new Error('the ledger is down');
      },
      saveListedManifests: async () => {
        throw new Error('the ledger is down');
      },
    };
    const lying: ManifestCache = {
      listedManifests: async (repository) => [{ repository, digest: I, mediaType: '', content: '{}' }],
      saveListedManifests: async () => {},
    };
    for (const cache of [failing, lying]) {
      expect((await list(cache)).relations[I]).toMatchObject({ kind: 'known', value: { kind: 'index' } });
    }
  });
});

describe('an image of the signed schema 1', () => {
  const repository = () => ({ host: server.host, name: NAME });
  const { payload, document } = signedSchema1(NAME);
  const digest = digestOf(payload);
  const type = { 'content-type': MEDIA_TYPES.dockerManifestV1Signed };

  it('is a plain image in a listing, and its time of year 1 is none', async () => {
    const old = { mediaType: MEDIA_TYPES.dockerManifestV1Signed, timeCreatedMs: '-62135596800000' };
    handler = pages({ tags: ['v1'], manifest: { [digest]: entry({ ...old, tag: ['v1'] }) } });
    const listing = await list();
    expect(listing).toMatchObject({ completeness: { kind: 'complete' }, relations: {} });
    expect(listing.manifests).toMatchObject([
      { digest, tags: ['v1'], mediaType: { kind: 'known', value: MEDIA_TYPES.dockerManifestV1Signed } },
    ]);
  });

  it('is read by the digest of what is signed, signatures and all, so that it can be kept before it goes', async () => {
    handler = (_request, reply) => json(reply, 200, document, type);
    expect(await reader().readManifest(repository(), digest)).toEqual({
      repository: `${server.host}/${NAME}`,
      digest,
      mediaType: MEDIA_TYPES.dockerManifestV1Signed,
      content: document,
    });
    const changed = document.replace('"v1"', '"v2"');
    handler = (_request, reply) => json(reply, 200, changed, type);
    await expect(reader().readManifest(repository(), digest)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH',
    });
  });

  it.each([true, false])('is what a tag resolves to, named by the registry or not: %s', async (isNamed) => {
    const named = isNamed ? { 'docker-content-digest': digest } : {};
    handler = (request, reply) =>
      request.method === 'HEAD'
        ? reply.writeHead(200, type).end()
        : json(reply, 200, document, { ...type, ...named });
    expect(await reader().resolveTag(repository(), 'v1')).toBe(digest);
  });
});

describe('a tag', () => {
  const repository = () => ({ host: server.host, name: NAME });
  const manifest = JSON.stringify({ schemaVersion: 2 });

  it('is resolved with one HEAD', async () => {
    handler = (_request, reply) => reply.writeHead(200, { 'docker-content-digest': A }).end();
    expect(await reader().resolveTag(repository(), 'v1')).toBe(A);
    expect(server.seen.map(({ method }) => method)).toEqual(['GET', 'HEAD']);
  });

  it('is resolved by its content where the registry names no digest', async () => {
    handler = (_request, reply) => json(reply, 200, manifest);
    expect(await reader().resolveTag(repository(), 'v1')).toBe(digestOf(manifest));
  });

  it.each(['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'])('is absent where the registry says %s', async (code) => {
    handler = (_request, reply) => json(reply, 404, complaint(code));
    expect(await reader().resolveTag(repository(), 'v1')).toBeNull();
  });

  it.each<[name: string, handler: Handler, code: string]>([
    ['404 without a word', (_request, reply) => json(reply, 404, '<html>'), 'REGISTRY_NOT_FOUND'],
    ['403', (_request, reply) => json(reply, 403, complaint('DENIED')), 'REGISTRY_DENIED'],
    ['503', (request, reply) => json(reply, request.url === '/v2/' ? 200 : 503, ''), 'REGISTRY_UNAVAILABLE'],
    [
      'a digest that is none',
      (_request, reply) => reply.writeHead(200, { 'docker-content-digest': 'sha256:1' }).end(),
      'REGISTRY_BODY_INVALID',
    ],
  ])('is not taken for absent after %s', async (_name, handle, code) => {
    handler = handle;
    await expect(reader().resolveTag(repository(), 'v1')).rejects.toMatchObject({ code });
  });

  it('that is none is not asked for', async () => {
    handler = (_request, reply) => json(reply, 200, {});
    await expect(reader().resolveTag(repository(), '../../token')).rejects.toMatchObject({
      code: 'REGISTRY_UNEXPECTED',
    });
    await expect(
      reader().resolveTag({ host: server.host, name: 'a/../../token' }, 'v1'),
    ).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
    expect(server.seen).toEqual([]);
  });
});
