import { ImageRepository } from './image-repository.ts';
import { LIMITS } from './limit.ts';

/** All repositories of the registry, in memory: they end with the process. */
export class RepositoryStore {
  readonly #repositories = new Map<string, ImageRepository>();
  #manifestBytes = 0;

  all(): readonly ImageRepository[] {
    return [...this.#repositories.values()];
  }

  find(name: string): ImageRepository | null {
    return this.#repositories.get(name) ?? null;
  }

  /** Finds a repository or makes it, as Google does at the first push; null where there are too many. */
  findOrCreate(name: string): ImageRepository | null {
    const found = this.#repositories.get(name);
    if (found !== undefined) return found;
    if (this.#repositories.size >= LIMITS.repositories) return null;
    const created = new ImageRepository(name);
    this.#repositories.set(name, created);
    return created;
  }

  /** Counts the bytes of a manifest that comes; false where there is no room for them. */
  reserve(bytes: number): boolean {
    if (this.#manifestBytes + bytes > LIMITS.manifestBytesTotal) return false;
    this.#manifestBytes += bytes;
    return true;
  }

  /** Counts the bytes of a manifest that goes. */
  release(bytes: number): void {
    this.#manifestBytes -= bytes;
  }

  /** The names of all repositories that were pushed to, sorted; one that only received blobs is not there. */
  names(): readonly string[] {
    return [...this.#repositories.values()]
      .filter((repository) => repository.size > 0)
      .map((repository) => repository.name)
      .sort();
  }

  /** The path components that come directly below a path and lead to a repository, sorted. */
  childrenOf(path: string): readonly string[] {
    const prefix = `${path}/`;
    const children = new Set<string>();
    for (const { name, size } of this.#repositories.values()) {
      if (size > 0 && name.startsWith(prefix)) children.add(name.slice(prefix.length).split('/', 1)[0] ?? '');
    }
    return [...children].sort();
  }
}
