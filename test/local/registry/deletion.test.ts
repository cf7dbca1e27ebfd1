import { describe, expect, it } from 'vitest';
import {
  type Dialect,
  type LocalRegistry,
  type Notification,
  pushImage,
  pushIndex,
} from '../../../local/registry/index.ts';
import { ask, imageOf, NOW_MS, startRegistry } from './stage.ts';

const NAME = 'acme/services/api';
const ABSENT = `sha256:${'0'.repeat(64)}`;

async function remove(registry: LocalRegistry, reference: string) {
  const { status, code, message } = await ask(registry, 'DELETE', `/v2/${NAME}/manifests/${reference}`);
  return { status, code, message };
}

async function exists(registry: LocalRegistry, reference: string): Promise<boolean> {
  return (await ask(registry, 'HEAD', `/v2/${NAME}/manifests/${reference}`)).status === 200;
}

const DELETED = { status: 202, code: null, message: null };

describe('a delete on a registry with the guard', () => {
  it('by tag takes the tag and leaves the manifest', async () => {
    const registry = await startRegistry();
    const image = { registry: registry.address, name: NAME, tags: ['v1', 'v2'], ...imageOf('1') };
    const { digest } = await pushImage(image);
    expect(await remove(registry, 'v1')).toEqual(DELETED);
    expect(await exists(registry, 'v1')).toBe(false);
    expect(await exists(registry, 'v2')).toBe(true);
    expect(await remove(registry, 'v2')).toEqual(DELETED);
    expect(await exists(registry, digest)).toBe(true);
  });

  it('by digest is refused while a tag points at it', async () => {
    const registry = await startRegistry();
    const image = { registry: registry.address, name: NAME, tags: ['v1'], ...imageOf('1') };
    const { digest } = await pushImage(image);
    expect(await remove(registry, digest)).toEqual({
      status: 400,
      code: 'GOOGLE_MANIFEST_DANGLING_TAG',
      message: 'Manifest is still referenced by tag: v1',
    });
    await remove(registry, 'v1');
    expect(await remove(registry, digest)).toEqual(DELETED);
    expect(await exists(registry, digest)).toBe(false);
  });

  it('by digest is refused while an index lists it, tagged or not', async () => {
    const registry = await startRegistry();
    const target = { registry: registry.address, name: NAME };
    const child = await pushImage({ ...target, tags: [], ...imageOf('1') });
    const inner = await pushIndex({ ...target, tags: [], children: [child] });
    const outer = await pushIndex({ ...target, tags: [], children: [inner] });
    const heldBy = (digest: string, parent: string) => ({
      status: 400,
      code: 'GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE',
      message: `Manifest ${digest} is referenced by image ${parent}`,
    });
    expect(await remove(registry, child.digest)).toEqual(heldBy(child.digest, inner.digest));
    expect(await remove(registry, inner.digest)).toEqual(heldBy(inner.digest, outer.digest));
    for (const { digest } of [outer, inner, child]) expect(await remove(registry, digest)).toEqual(DELETED);
  });

  it('by digest is refused while one of two indexes lists it', async () => {
    const registry = await startRegistry();
    const target = { registry: registry.address, name: NAME };
    const child = await pushImage({ ...target, tags: [], ...imageOf('1') });
    const one = await pushIndex({ ...target, tags: [], children: [child] });
    const other = await pushIndex({ ...target, tags: [], children: [child], annotations: { other: 'yes' } });
    await remove(registry, one.digest);
    expect((await remove(registry, child.digest)).code).toBe('GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE');
    await remove(registry, other.digest);
    expect(await remove(registry, child.digest)).toEqual(DELETED);
  });

  it('by digest is refused while a referrer is about it, where there are referrers', async () => {
    for (const referrers of [true, false]) {
      const registry = await startRegistry({ dialect: { referrers } });
      const target = { registry: registry.address, name: NAME };
      const subject = await pushImage({ ...target, tags: [], ...imageOf('1') });
      const referrer = await pushImage({ ...target, tags: [], ...imageOf('2'), subject });
      if (referrers) {
        const { status, code } = await remove(registry, subject.digest);
        expect([status, code]).toEqual([400, 'GOOGLE_MANIFEST_REFERRING_MANIFEST']);
        await remove(registry, referrer.digest);
      }
      expect(await remove(registry, subject.digest)).toEqual(DELETED);
    }
  });

  it('of a referrer is refused while a fallback index lists it, also after that index lost its tag', async () => {
    const registry = await startRegistry();
    const target = { registry: registry.address, name: NAME };
    const subject = await pushImage({ ...target, tags: [], ...imageOf('1') });
    const referrer = await pushImage({ ...target, tags: [], ...imageOf('2'), subject });
    const tag = subject.digest.replace(':', '-');
    const fallback = await pushIndex({ ...target, tags: [tag], children: [referrer] });
    await remove(registry, tag);
    expect((await remove(registry, referrer.digest)).code).toBe('GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE');
    for (const { digest } of [fallback, referrer, subject]) {
      expect(await remove(registry, digest)).toEqual(DELETED);
    }
  });

  it('of what is not there is a 404 in the words of Google', async () => {
    const registry = await startRegistry();
    expect(await remove(registry, 'v1')).toEqual({
      status: 404,
      code: 'NAME_UNKNOWN',
      message: `Repository "${NAME}" not found`,
    });
    await pushImage({ registry: registry.address, name: NAME, tags: ['v1'], ...imageOf('1') });
    for (const reference of ['v2', ABSENT]) {
      expect(await remove(registry, reference)).toEqual({
        status: 404,
        code: 'MANIFEST_UNKNOWN',
        message: `Failed to fetch "${reference}"`,
      });
    }
  });

  it('leaves immutable tags and what they point at, and takes what is untagged', async () => {
    const registry = await startRegistry({ dialect: { immutableTags: true } });
    const target = { registry: registry.address, name: NAME };
    const tagged = await pushImage({ ...target, tags: ['v1'], ...imageOf('1') });
    const untagged = await pushImage({ ...target, tags: [], ...imageOf('2') });
    const refusal = await remove(registry, 'v1');
    expect([refusal.status, refusal.code, refusal.message]).toEqual([
      400,
      'FAILED_PRECONDITION',
      expect.stringContaining('immutable'),
    ]);
    expect((await remove(registry, tagged.digest)).status).toBe(400);
    expect(await remove(registry, untagged.digest)).toEqual(DELETED);
  });
});

describe('a delete on a plain registry', () => {
  const dialect: Partial<Dialect> = { guard: 'plain' };

  it('by digest takes its tags along, and no notice of an index', async () => {
    const registry = await startRegistry({ dialect });
    const target = { registry: registry.address, name: NAME };
    const child = await pushImage({ ...target, tags: ['v1', 'v2'], ...imageOf('1') });
    await pushIndex({ ...target, tags: ['multi'], children: [child] });
    expect(await remove(registry, child.digest)).toEqual(DELETED);
    expect(await exists(registry, 'v1')).toBe(false);
    expect(await exists(registry, 'multi')).toBe(true);
    const listing = await ask(registry, 'GET', `/v2/${NAME}/tags/list`);
    expect(JSON.parse(listing.text).tags).toEqual(['multi']);
  });

  it('by tag is not supported', async () => {
    const registry = await startRegistry({ dialect });
    await pushImage({ registry: registry.address, name: NAME, tags: ['v1'], ...imageOf('1') });
    const { status, code } = await remove(registry, 'v1');
    expect([status, code]).toEqual([405, 'UNSUPPORTED']);
    expect(await exists(registry, 'v1')).toBe(true);
  });
});

describe('a notification', () => {
  it('tells each push and each delete that was not refused, in order, under the host that the client used', async () => {
    const told: [Notification, number][] = [];
    const registry = await startRegistry({
      notify: (notification, atMs) => {
        told.push([notification, atMs]);
      },
    });
    const image = { registry: registry.host, name: NAME, ...imageOf('1') };
    const { digest } = await pushImage({ ...image, tags: [] });
    await pushImage({ ...image, tags: ['v1'] });
    await remove(registry, digest);
    await ask(registry, 'DELETE', `http://${registry.host}/v2/${NAME}/manifests/v1`);
    await remove(registry, 'v1');
    await remove(registry, digest);
    await remove(registry, digest);
    const local = `${registry.host}/${NAME}`;
    expect(told).toEqual([
      [{ action: 'INSERT', digest: `${local}@${digest}` }, NOW_MS],
      [{ action: 'INSERT', digest: `${local}@${digest}`, tag: `${local}:v1` }, NOW_MS],
      [{ action: 'DELETE', tag: `${local}:v1` }, NOW_MS],
      [{ action: 'DELETE', digest: `${registry.address}/${NAME}@${digest}` }, NOW_MS],
    ]);
  });

  it('that fails is lost, told of, and fails no push', async () => {
    const lost: string[] = [];
    const registry = await startRegistry({
      notify: () => Promise.reject(new Error('no topic')),
      onLost: (notification, reason) => lost.push(`${notification.action} ${reason}`),
    });
    await pushImage({ registry: registry.address, name: NAME, tags: ['v1'], ...imageOf('1') });
    expect(lost).toEqual(['INSERT no topic']);
    expect(await exists(registry, 'v1')).toBe(true);
  });

  it('has been taken when the client gets its answer', async () => {
    let taken = false;
    const registry = await startRegistry({
      notify: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        taken = true;
      },
    });
    await pushImage({ registry: registry.address, name: NAME, tags: ['v1'], ...imageOf('1') });
    expect(taken).toBe(true);
  });
});
