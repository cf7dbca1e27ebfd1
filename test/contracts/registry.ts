import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type IndexContent,
  type Credential as Pusher,
  type PushTarget,
  pushImage,
  pushIndex,
  tagManifest,
} from '../../local/registry/index.ts';
import { type Digest, isDigest } from '../../shared/core/digest.ts';
import type { Listing } from '../../shared/core/listing.ts';
import { type Descriptor, MEDIA_TYPES } from '../../shared/core/manifest.ts';
import { formatRepository, type Repository } from '../../shared/core/reference.ts';
import type { RegistryDeleter, RegistryReader } from '../../shared/ports.ts';

/** A registry that runs, empty, and a client of it. */
export interface OpenRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly reader: RegistryReader;
  readonly deleter: RegistryDeleter;
  /** For pushing; null where everybody may. */
  readonly pusher: Pusher | null;
  close(): Promise<void>;
}

/**
 * What the registry does by itself, see `RegistryDeleter.guard`. `keeps tags` is a plain one whose tags outlive
 * the digest that they name, and go on serving it.
 */
export type RegistryKind = 'google' | 'plain' | 'keeps tags';

const ABSENT: Digest = `sha256:${'0'.repeat(64)}`;

/** What every registry adapter has to do with every registry it meets. */
export function registryContract(title: string, kind: RegistryKind, open: () => Promise<OpenRegistry>): void {
  describe(title, () => {
    let registry: OpenRegistry;
    let repositoryCount = 0;

    beforeAll(async () => {
      registry = await open();
    });
    afterAll(async () => {
      await registry?.close();
    });

    /** A repository of its own for each test. */
    function repository(): Repository {
      repositoryCount += 1;
      return { host: registry.host, name: `acme/contract/r${repositoryCount}` };
    }
    function target({ host, name }: Repository): PushTarget {
      return { registry: host, name, ...(registry.pusher === null ? {} : { credential: registry.pusher }) };
    }
    function image(at: Repository, content: string, tags: readonly string[], subject?: Descriptor) {
      return pushImage({
        ...target(at),
        tags,
        layers: [{ bytes: Buffer.from(content) }],
        ...(subject === undefined ? {} : { subject }),
      });
    }
    function index(at: Repository, children: IndexContent['children'], tags: readonly string[]) {
      return pushIndex({ ...target(at), children, tags });
    }
    function tagsByDigest(listing: Listing): Record<Digest, readonly string[]> {
      return Object.fromEntries(listing.manifests.map(({ digest, tags }) => [digest, tags]));
    }

    it('lists every tagged image once, with all its tags', async () => {
      const at = repository();
      const one = await image(at, 'one', ['v1', 'latest']);
      const two = await image(at, 'two', ['v2']);
      const listing = await registry.reader.list(at);
      expect(listing).toMatchObject({
        version: 1,
        repository: formatRepository(at),
        completeness: { kind: 'complete' },
      });
      expect(tagsByDigest(listing)).toEqual({ [one.digest]: ['latest', 'v1'], [two.digest]: ['v2'] });
      for (const { mediaType, sizeBytes, uploadedAtMs } of listing.manifests) {
        expect(mediaType).toEqual({ kind: 'known', value: MEDIA_TYPES.ociManifest });
        expect(sizeBytes).toMatchObject({ kind: 'known' });
        expect(uploadedAtMs.kind).toBe(kind === 'google' ? 'known' : 'unknown');
      }
    });

    it("knows an index's children, and whom a manifest is about", async () => {
      const at = repository();
      const child = await image(at, 'child', []);
      const parent = await index(at, [child], ['multi']);
      const signature = await image(at, 'signature', ['signed'], parent);
      const { completeness, relations, manifests } = await registry.reader.list(at);
      expect(completeness).toEqual({ kind: 'complete' });
      expect(relations[parent.digest]).toMatchObject({
        kind: 'known',
        value: { kind: 'index', children: [{ digest: child.digest }], subject: null },
      });
      expect(relations[signature.digest]).toMatchObject({
        kind: 'known',
        value: { kind: 'image', subject: { digest: parent.digest } },
      });
      // Untagged manifests are seen where the registry names them, and guessed nowhere.
      expect(manifests.some(({ digest }) => digest === child.digest)).toBe(kind === 'google');
    });

    it('lists a repository that does not exist as complete and empty', async () => {
      expect(await registry.reader.list(repository())).toMatchObject({
        completeness: { kind: 'complete' },
        manifests: [],
      });
    });

    it('names the repositories at and below a target', async () => {
      const base = repository();
      const names = [base.name, `${base.name}/a`, `${base.name}/b/c`];
      for (const name of [...names, `${base.name}x`]) {
        await image({ ...base, name }, 'catalog', ['v1']);
      }
      expect(await registry.reader.catalog({ host: base.host, prefix: base.name })).toEqual({
        completeness: { kind: 'complete' },
        repositories: names.map((name) => `${base.host}/${name}`).sort(),
      });
    });

    it('resolves a tag to what it points at now, and an absent one to null', async () => {
      const at = repository();
      const old = await image(at, 'old', ['latest', 'v1']);
      expect(await registry.reader.resolveTag(at, 'latest')).toBe(old.digest);
      const fresh = await image(at, 'fresh', ['latest']);
      expect(await registry.reader.resolveTag(at, 'latest')).toBe(fresh.digest);
      expect(await registry.reader.resolveTag(at, 'v1')).toBe(old.digest);
      expect(await registry.reader.resolveTag(at, 'absent')).toBeNull();
      expect(await registry.reader.resolveTag(repository(), 'latest')).toBeNull();
    });

    it('reads the bytes of a manifest, and null for an absent one', async () => {
      const at = repository();
      const pushed = await image(at, 'bytes', ['v1']);
      const stored = await registry.reader.readManifest(at, pushed.digest);
      expect(stored).toMatchObject({
        repository: formatRepository(at),
        digest: pushed.digest,
        mediaType: MEDIA_TYPES.ociManifest,
      });
      expect(Buffer.byteLength(stored?.content ?? '')).toBe(pushed.sizeBytes);
      expect(await registry.reader.readManifest(at, ABSENT)).toBeNull();
    });

    it('names all tags of a digest, and none of another', async () => {
      const at = repository();
      const one = await image(at, 'one', ['a', 'c']);
      await image(at, 'two', ['b']);
      expect(await registry.reader.tagsOf(at, one.digest)).toEqual(['a', 'c']);
      await tagManifest({ ...target(at), from: 'b', tag: 'c' });
      expect(await registry.reader.tagsOf(at, one.digest)).toEqual(['a']);
      expect(await registry.reader.tagsOf(at, ABSENT)).toEqual([]);
    });

    it('deletes an untagged digest, and finds it gone the second time', async () => {
      const at = repository();
      const doomed = await image(at, 'doomed', []);
      const kept = await image(at, 'kept', ['v1']);
      expect(await registry.deleter.deleteDigest(at, doomed.digest)).toEqual({ kind: 'deleted' });
      expect(await registry.reader.readManifest(at, doomed.digest)).toBeNull();
      expect(await registry.deleter.deleteDigest(at, doomed.digest)).toEqual({ kind: 'already gone' });
      expect(tagsByDigest(await registry.reader.list(at))).toEqual({ [kept.digest]: ['v1'] });
    });

    it('says what guards a digest', async () => {
      const at = repository();
      await image(at, 'one', ['v1']);
      expect(await registry.deleter.guard(at)).toBe(
        kind === 'google' ? 'refuses claimed digests' : 'removes tags too',
      );
    });

    if (kind === 'google') {
      it('removes one tag and leaves the others and the manifest', async () => {
        const at = repository();
        const pushed = await image(at, 'one', ['v1', 'v2']);
        expect(await registry.deleter.deleteTag(at, 'v1')).toEqual({ kind: 'deleted' });
        expect(tagsByDigest(await registry.reader.list(at))).toEqual({ [pushed.digest]: ['v2'] });
        expect(await registry.deleter.deleteTag(at, 'v1')).toEqual({ kind: 'already gone' });
      });

      it('reports a digest that a tag, an index or a referrer points at as claimed', async () => {
        const at = repository();
        const tagged = await image(at, 'tagged', ['v1']);
        const child = await image(at, 'child', []);
        await index(at, [child], ['multi']);
        const subject = await image(at, 'subject', []);
        await image(at, 'signature', [], subject);
        for (const { digest } of [tagged, child, subject]) {
          const reply = await registry.deleter.deleteDigest(at, digest);
          expect(reply).toMatchObject({
            kind: 'claimed',
            detail: expect.stringMatching(/^GOOGLE_MANIFEST_/),
          });
        }
        expect((await registry.reader.list(at)).manifests).toHaveLength(5);
      });
    } else {
      it('sends no delete for a tag alone', async () => {
        const at = repository();
        const pushed = await image(at, 'one', ['v1', 'v2']);
        expect(await registry.deleter.deleteTag(at, 'v1')).toMatchObject({ kind: 'blocked' });
        expect(await registry.reader.tagsOf(at, pushed.digest)).toEqual(['v1', 'v2']);
      });

      if (kind === 'keeps tags') {
        it('is seen to keep the tags of a digest that went, and not to have it', async () => {
          const at = repository();
          const pushed = await image(at, 'one', ['v1']);
          expect(await registry.deleter.deleteDigest(at, pushed.digest)).toEqual({ kind: 'deleted' });
          expect(await registry.reader.readManifest(at, pushed.digest)).toBeNull();
          expect(await registry.reader.tagsOf(at, pushed.digest)).toEqual(['v1']);
          const { relations } = await registry.reader.list(at);
          expect(relations[pushed.digest]?.kind).toBe('unknown');
        });
        return;
      }

      it('takes all tags along with a digest', async () => {
        const at = repository();
        const pushed = await image(at, 'one', ['v1', 'v2']);
        await image(at, 'two', ['v3']);
        expect(await registry.deleter.deleteDigest(at, pushed.digest)).toEqual({ kind: 'deleted' });
        const { completeness, manifests } = await registry.reader.list(at);
        expect(completeness).toEqual({ kind: 'complete' });
        expect(manifests.map(({ tags }) => tags)).toEqual([['v3']]);
      });

      it('lists a repository that lost its last tag as complete and empty', async () => {
        const at = repository();
        const pushed = await image(at, 'one', ['v1']);
        expect(isDigest(pushed.digest)).toBe(true);
        expect(await registry.deleter.deleteDigest(at, pushed.digest)).toEqual({ kind: 'deleted' });
        expect(await registry.reader.list(at)).toMatchObject({
          completeness: { kind: 'complete' },
          manifests: [],
        });
      });
    }
  });
}
