import type { PageEnd, PageReader } from './page.ts';

/** A thousand names of the greatest length, and four times that. */
const SIZE_MAX_BYTES = 4_194_304;

/** One page of `_catalog`, read as a whole: it has names only, and at most as many as were asked for. */
export class CatalogPage implements PageReader {
  /** What the page names; null where that is no list. */
  names: readonly unknown[] | null = null;
  readonly #pieces: Buffer[] = [];
  #sizeBytes = 0;

  write(piece: Buffer): boolean {
    this.#sizeBytes += piece.length;
    this.#pieces.push(piece);
    return this.#sizeBytes <= SIZE_MAX_BYTES;
  }

  end(): PageEnd | null {
    let body: unknown;
    try {
      body = JSON.parse(Buffer.concat(this.#pieces).toString('utf8'));
    } catch {
      return null;
    }
    if (body === null || typeof body !== 'object' || Array.isArray(body)) return null;
    const { repositories, next } = body as Record<string, unknown>;
    const names = repositories ?? [];
    if (Array.isArray(names)) this.names = names as unknown[];
    const word = next ?? '';
    return { next: typeof word === 'string' ? word : null, lengths: [this.names?.length ?? 0] };
  }

  /** A catalog leaves out what the caller may not see, so a gap in it says nothing. */
  span(): null {
    return null;
  }
}
