import { describe, expect, it } from 'vitest';
import { buildImage, pushImage } from '../../../local/registry/index.ts';
import { ask, imageOf, startRegistry } from './stage.ts';

const NAME = 'acme/services/api';
const ABSENT = `sha256:${'0'.repeat(64)}`;

/** What the suite of the distribution specification asks for, beyond what Google's clients need. */
describe('by the distribution specification', () => {
  it('referrers of a repository that is not there are an empty index', async () => {
    const registry = await startRegistry();
    const reply = await ask(registry, 'GET', `/v2/${NAME}/referrers/${ABSENT}`, { actions: 'pull' });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
    expect(JSON.parse(reply.text).manifests).toEqual([]);
  });

  it('tags come after the one that last names, in their order', async () => {
    const registry = await startRegistry();
    for (const [text, tags] of [
      ['one', ['a', 'd']],
      ['two', ['b', 'e']],
      ['three', ['c']],
    ] as const) {
      await pushImage({ registry: registry.address, name: NAME, tags, ...imageOf(text) });
    }
    const list = async (query: string) =>
      ask(registry, 'GET', `/v2/${NAME}/tags/list?${query}`, { actions: 'pull' });
    expect(JSON.parse((await list('last=b')).text).tags).toEqual(['c', 'd', 'e']);
    const page = await list('n=2&last=b');
    expect(JSON.parse(page.text).tags).toEqual(['c', 'd']);
    expect(page.headers.get('link')).toBe(`</v2/${NAME}/tags/list?n=2&last=d>; rel="next"`);
    expect(JSON.parse((await list('n=2&last=e')).text).tags).toEqual([]);
  });

  it('a mount that names no source finds the blob wherever it is, and no other', async () => {
    const registry = await startRegistry();
    await pushImage({ registry: registry.address, name: 'acme/base', tags: ['v1'], ...imageOf('one') });
    const [blob] = buildImage(imageOf('one')).blobs;
    const mount = (digest: string) => ask(registry, 'POST', `/v2/${NAME}/blobs/uploads/?mount=${digest}`);
    expect((await mount(blob?.digest ?? '')).status).toBe(201);
    expect((await ask(registry, 'HEAD', `/v2/${NAME}/blobs/${blob?.digest}`)).status).toBe(200);
    expect((await mount(ABSENT)).status).toBe(202);
  });

  it('a plain registry deletes a blob, from the repository that is named alone', async () => {
    const registry = await startRegistry({ dialect: { guard: 'plain' } });
    for (const name of [NAME, 'acme/other']) {
      await pushImage({ registry: registry.address, name, tags: ['v1'], ...imageOf('one') });
    }
    const [blob] = buildImage(imageOf('one')).blobs;
    const path = (name: string) => `/v2/${name}/blobs/${blob?.digest}`;
    expect((await ask(registry, 'DELETE', path(NAME))).status).toBe(202);
    expect((await ask(registry, 'DELETE', path(NAME))).status).toBe(404);
    expect((await ask(registry, 'GET', path('acme/other'))).status).toBe(200);
    expect((await ask(registry, 'DELETE', path('acme/other'))).status).toBe(202);
    expect((await ask(registry, 'GET', path('acme/other'))).status).toBe(404);
  });
});
