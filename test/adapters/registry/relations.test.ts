import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openSqliteLedger } from '../../../shared/adapters/ledger/sqlite/ledger.ts';
import { createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import type { ManifestCache } from '../../../shared/adapters/registry/relations.ts';
import type { Digest } from '../../../shared/core/digest.ts';
import { deriveHistory } from '../../../shared/core/history.ts';
import { takeInventory } from '../../../shared/core/inventory.ts';
import type { Listing } from '../../../shared/core/listing.ts';
import { MEDIA_TYPES } from '../../../shared/core/manifest.ts';
import { complaint, digestOf, json, patientTransport, startServer, type TestServer } from './test-server.ts';

const NAME = 'acme/app';
const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const done of cleanup.splice(0).reverse()) await done();
});

/** A manifest as a registry has it; `null` content can't be read. */
interface Held {
  readonly mediaType: string;
  readonly content: string | null;
  readonly tag?: string;
}

const descriptor = (digest: Digest, mediaType: string = MEDIA_TYPES.dockerManifest) => ({
  mediaType,
  digest,
  size: 10,
});
const indexOf = (...children: Digest[]): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: children.map((child) => descriptor(child)),
  });
const imageOf = (text: string, subject?: Digest): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: descriptor(digestOf(`config ${text}`), 'application/vnd.oci.image.config.v1+json'),
    layers: [],
    ...(subject === undefined ? {} : { subject: descriptor(subject) }),
  });

/** Serves manifests by digest and by tag; the list is Google's, or names tags alone. */
async function serve(held: ReadonlyMap<Digest, Held>, dialect: 'google' | 'plain'): Promise<TestServer> {
  const tags = [...held.values()].flatMap(({ tag }) => tag ?? []);
  const map = [...held].map(([digest, { mediaType, tag }]) => [
    digest,
    {
      imageSizeBytes: '100',
      mediaType,
      tag: tag === undefined ? [] : [tag],
      timeCreatedMs: '0',
      timeUploadedMs: '1676582665070',
    },
  ]);
  const list = { name: NAME, tags, ...(dialect === 'google' ? { manifest: Object.fromEntries(map) } : {}) };
  const server = await startServer(({ method, url }, reply) => {
    const reference = /\/manifests\/(.*)$/.exec(url)?.[1];
    if (reference === undefined) return json(reply, 200, url === '/v2/' ? {} : list);
    const [digest, one] = [...held].find(([key, { tag }]) => key === reference || tag === reference) ?? [];
    if (digest === undefined || one === undefined) return json(reply, 404, complaint('MANIFEST_UNKNOWN'));
    const headers = { 'content-type': one.mediaType, 'docker-content-digest': digest };
    if (method === 'HEAD') return reply.writeHead(200, headers).end();
    if (one.content === null) return json(reply, 403, complaint('DENIED'));
    return json(reply, 200, one.content, headers);
  });
  cleanup.push(() => server.close());
  return server;
}

async function list({ host }: TestServer, manifestCache?: ManifestCache): Promise<Listing> {
  const transport = patientTransport({ attemptsMax: 1 });
  cleanup.push(() => transport.close());
  const reader = createRegistryReader({
    transport,
    credentials: fixedCredentials({}),
    clock: () => 1_700_000_000_000,
    ...(manifestCache === undefined ? {} : { manifestCache }),
  });
  return reader.list({ host, name: NAME });
}

const manifestReads = ({ seen }: TestServer): number =>
  seen.filter(({ url }) => url.includes('/manifests/')).length;

describe('what is read of a repository', () => {
  const held = new Map<Digest, Held>();
  for (let at = 0; at < 2_000; at += 1) {
    held.set(digestOf(`image ${at}`), { mediaType: MEDIA_TYPES.dockerManifest, content: null });
  }
  for (const [content, mediaType] of [
    [indexOf(digestOf('image 1'), digestOf('image 2')), MEDIA_TYPES.ociIndex],
    [indexOf(digestOf('image 2')), MEDIA_TYPES.dockerManifestList],
    [imageOf('signature', digestOf('image 3')), MEDIA_TYPES.ociManifest],
  ] as const) {
    held.set(digestOf(content), { mediaType, content });
  }

  it('are its indexes and what may be a referrer, and none of 2,000 plain images', async () => {
    const server = await serve(held, 'google');
    const { completeness, manifests, relations } = await list(server);
    expect(completeness).toEqual({ kind: 'complete' });
    expect([manifests.length, Object.keys(relations).length]).toEqual([2_003, 3]);
    expect(manifestReads(server)).toBe(3);
  });

  it('is taken from the ledger the next time, as long as it is what the digest says', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'relations-'));
    cleanup.push(() => rm(directory, { recursive: true }));
    const ledger = await openSqliteLedger(join(directory, 'ledger.sqlite'));
    cleanup.push(() => ledger.close());
    const server = await serve(held, 'google');
    const first = await list(server, ledger);
    expect(manifestReads(server)).toBe(3);
    const second = await list(server, ledger);
    expect(manifestReads(server)).toBe(3);
    expect(second.relations).toEqual(first.relations);

    const edited: ManifestCache = {
      saveListedManifests: async () => {},
      listedManifests: async (repository, digests) =>
        (await ledger.listedManifests(repository, digests)).map((stored, at) =>
          at === 0 ? { ...stored, content: `${stored.content} ` } : stored,
        ),
    };
    expect((await list(server, edited)).relations).toEqual(first.relations);
    expect(manifestReads(server)).toBe(4);
  });
});

describe('an image of OCI that can not be read', () => {
  const image = imageOf('app');
  const held = new Map<Digest, Held>([
    [digestOf(image), { mediaType: MEDIA_TYPES.ociManifest, content: image, tag: 'v1' }],
    [digestOf('closed'), { mediaType: MEDIA_TYPES.ociManifest, content: null, tag: 'sbom' }],
  ]);
  const reasons = async (dialect: 'google' | 'plain'): Promise<(string | null)[]> => {
    const listing = await list(await serve(held, dialect));
    expect(listing.completeness).toEqual({ kind: 'complete' });
    const history = deriveHistory(listing.repository, []);
    const { inventory } = takeInventory({ listing, history, usage: { version: 1, answers: [] } });
    return inventory.artifacts.filter(({ root }) => root === digestOf(image)).map((one) => one.unreadable);
  };

  it('may be about any other, which stays where the registry has no guard of its own', async () => {
    expect(await reasons('plain')).toEqual([expect.stringContaining("can't be read")]);
  });

  it('keeps itself alone where the registry refuses to delete what it is about', async () => {
    expect(await reasons('google')).toEqual([null]);
  });
});
