import type { Digest } from '../../shared/core/digest.ts';
import { known } from '../../shared/core/fact.ts';
import type { ListedManifest } from '../../shared/core/listing.ts';
import { formatRepository } from '../../shared/core/reference.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { RegistryDeleter, RegistryReader } from '../../shared/ports.ts';

const HOST = 'europe-docker.pkg.dev';
const MEDIA_TYPE = known('application/vnd.docker.distribution.manifest.v2+json');
const SIZE = known(50_000_000);
const REQUEST_MS = 60;
/** What the registry puts on one page of a listing. */
const PAGE_MANIFESTS = 10_000;

/** Images of one repository: those that were there at first, and those that were pushed since. */
interface Shelf {
  readonly images: Map<Digest, ListedManifest>;
  sorted: ListedManifest[] | null;
  /** Manifests that its listing stands for beside those that are in it. */
  readonly behind: number;
}

/** One caller's way to the registry: it paces its own requests and its clock goes on with them. */
export interface Access {
  readonly registry: RegistryReader;
  readonly deleter: RegistryDeleter;
}

/** A registry in memory and virtual time. It counts requests by the minute; each caller holds its share of the quota. */
export class ScaleRegistry {
  readonly #shelves = new Map<string, Shelf>();
  readonly #minutes = new Map<number, number>();
  requests = 0;
  deleted = 0;
  #pushed = 0;

  /**
   * @param digests that a repository has
   * @param whole whether all of them are in the listings; otherwise a few that stand for them
   */
  add(name: string, digests: number, whole: boolean, startMs: number): void {
    const count = whole ? digests : Math.min(digests, 12);
    const images = new Map<Digest, ListedManifest>();
    for (let at = 0; at < count; at += 1) {
      const ageMs = ((at + 1) * 60 * DAY_MS) / count;
      const manifest = this.#image(at % 3 === 0 ? `pr-${at}` : `v1.${at}.0`, startMs - ageMs);
      images.set(manifest.digest, manifest);
    }
    this.#shelves.set(`${HOST}/${name}`, { images, sorted: null, behind: digests - count });
  }

  push(repository: string, atMs: number): { digest: Digest; tag: string } {
    const manifest = this.#image(`pr-${this.#pushed}`, atMs);
    const shelf = this.#shelves.get(repository);
    shelf?.images.set(manifest.digest, manifest);
    if (shelf !== undefined) shelf.sorted = null;
    return { digest: manifest.digest, tag: manifest.tags[0] ?? '' };
  }

  names(): string[] {
    return [...this.#shelves.keys()];
  }

  /** The most requests that came in one minute. */
  get busiestMinute(): number {
    return Math.max(0, ...this.#minutes.values());
  }

  /** @param clock is moved on by each request */
  accessFor(clock: { nowMs: number }, pace: { nextMs: number }, everyMs: number): Access {
    const ask = (requests = 1): void => {
      for (let one = 0; one < requests; one += 1) {
        const atMs = Math.max(clock.nowMs, pace.nextMs);
        pace.nextMs = atMs + everyMs;
        const minute = Math.floor(atMs / 60_000);
        this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + 1);
        this.requests += 1;
        clock.nowMs = atMs + REQUEST_MS;
      }
    };
    const remove = (
      repository: string,
      tag: string | null,
      digest: Digest | null,
    ): 'deleted' | 'already gone' => {
      ask();
      const shelf = this.#shelves.get(repository);
      const found = [...(shelf?.images.values() ?? [])].find(
        (one) => one.digest === digest || (tag !== null && one.tags.includes(tag)),
      );
      if (shelf === undefined || found === undefined) return 'already gone';
      shelf.sorted = null;
      if (tag === null) shelf.images.delete(found.digest);
      else shelf.images.set(found.digest, { ...found, tags: found.tags.filter((one) => one !== tag) });
      if (tag === null) this.deleted += 1;
      return 'deleted';
    };
    const shelfOf = (repository: Parameters<RegistryReader['list']>[0]): Shelf | undefined =>
      this.#shelves.get(formatRepository(repository));
    return {
      registry: {
        catalog: async ({ host, prefix }) => {
          ask(Math.ceil(this.#shelves.size / 1_000));
          const repositories = this.names().filter((name) => name.startsWith(`${host}/${prefix}/`));
          return { completeness: { kind: 'complete' }, repositories: repositories.sort() };
        },
        list: async (repository) => {
          const shelf = shelfOf(repository);
          ask(1 + Math.ceil(((shelf?.images.size ?? 0) + (shelf?.behind ?? 0)) / PAGE_MANIFESTS));
          if (shelf !== undefined)
            shelf.sorted ??= [...shelf.images.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
          return {
            version: 1,
            repository: formatRepository(repository),
            takenAtMs: clock.nowMs,
            completeness: { kind: 'complete' },
            manifests: shelf?.sorted ?? [],
            relations: {},
          };
        },
        resolveTag: async (repository, tag) => {
          ask();
          const images = [...(shelfOf(repository)?.images.values() ?? [])];
          return images.find(({ tags }) => tags.includes(tag))?.digest ?? null;
        },
        readManifest: async (repository, digest) => {
          ask();
          return shelfOf(repository)?.images.has(digest) === true
            ? { repository: formatRepository(repository), digest, mediaType: 'm', content: '{}' }
            : null;
        },
        tagsOf: async (repository, digest) => {
          ask();
          return shelfOf(repository)?.images.get(digest)?.tags ?? [];
        },
      },
      deleter: {
        guard: async () => 'refuses claimed digests',
        deleteTag: async (repository, tag) => ({ kind: remove(formatRepository(repository), tag, null) }),
        deleteDigest: async (repository, digest) => ({
          kind: remove(formatRepository(repository), null, digest),
        }),
      },
    };
  }

  #image(tag: string, uploadedAtMs: number): ListedManifest {
    this.#pushed += 1;
    return {
      digest: `sha256:${this.#pushed.toString(16).padStart(64, '0')}`,
      tags: [tag],
      mediaType: MEDIA_TYPE,
      sizeBytes: SIZE,
      uploadedAtMs: known(Math.floor(uploadedAtMs)),
    };
  }
}
