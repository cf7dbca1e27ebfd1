import { isUtf8 } from 'node:buffer';
import type { PageEnd, PageReader } from './page.ts';

/** A thousand names of the greatest length, and four times that. */
const SIZE_MAX_BYTES = 4_194_304;

/** One page of `_catalog`, read as a whole: it has names only, and at most as many as were asked for. */
export class CatalogPage implements PageReader {
  /** What the page names; null where that is no list, or said twice. */
  names: readonly unknown[] | null = null;
  readonly #pieces: Buffer[] = [];
  #sizeBytes = 0;

  write(piece: Buffer): boolean {
    this.#sizeBytes += piece.length;
    this.#pieces.push(piece);
    return this.#sizeBytes <= SIZE_MAX_BYTES;
  }

  end(): PageEnd | null {
    const bytes = Buffer.concat(this.#pieces);
    if (!isUtf8(bytes)) return null;
    const text = bytes.toString('utf8');
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return null;
    }
    if (body === null || typeof body !== 'object' || Array.isArray(body)) return null;
    const { repositories, next } = body as Record<string, unknown>;
    // Go writes null for a list without entries; a page without the key is no catalog.
    const names = repositories === null ? [] : repositories;
    if (Array.isArray(names) && !namesTwice(text)) this.names = names as unknown[];
    const word = next ?? '';
    return { next: typeof word === 'string' ? word : null, lengths: [this.names?.length ?? 0] };
  }

  /** A catalog leaves out what the caller may not see, so a gap in it says nothing. */
  span(): null {
    return null;
  }
}

/** A parser keeps the last of two equal keys and says nothing; no name of a repository has a colon behind it. */
function namesTwice(text: string): boolean {
  return ['repositories', 'next'].some((key) => text.split(new RegExp(`"${key}"\\s*:`)).length > 2);
}
