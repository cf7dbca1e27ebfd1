import { createHash, hash } from 'node:crypto';
import type { Digest } from './digest.ts';

/** The sha256 digest of bytes or of a text in UTF-8. */
export function sha256(content: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', content, 'hex')}`;
}

/** A sha256 digest in the making, for content that is never whole in memory. */
export interface RunningHash {
  readonly update: (content: string | Uint8Array) => void;
  readonly digest: () => Digest;
}

export function startHash(): RunningHash {
  const hash = createHash('sha256');
  return {
    update: (content) => {
      hash.update(content);
    },
    digest: () => `sha256:${hash.digest('hex')}`,
  };
}

/**
 * JSON with the keys of every object sorted, so that equal values are equal bytes whatever order they were
 * built in. Only for plain JSON values.
 */
export function canonicalJson(value: unknown): string {
  // Where there is no key there is nothing to sort: names of things in a list, of which there are very many.
  if (isList(value)) return JSON.stringify(value);
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return sortKeys(inner as Record<string, unknown>);
  });
}

/** Whether a value is a list of texts and numbers, and of such lists. */
function isList(value: unknown): value is readonly unknown[] {
  if (!Array.isArray(value)) return false;
  return value.every((inner: unknown) => inner === null || typeof inner !== 'object' || isList(inner));
}

function sortKeys(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** How deep `hashCanonicalJson` takes a value apart: down to the decisions and steps of a plan's repositories. */
const PIECES_DEPTH = 4;
const PIECE_LENGTH = 65_536;

/**
 * The sha256 digest of `canonicalJson(value)`, taken piece by piece: the text of a plan with a million
 * decisions is longer than any string can be (V8: 2^29 characters).
 */
export function hashCanonicalJson(value: unknown): Digest {
  const hash = startHash();
  let text = '';
  const write = (piece: string): void => {
    text += piece;
    if (text.length < PIECE_LENGTH) return;
    hash.update(text);
    text = '';
  };
  const visit = (inner: unknown, depth: number): void => {
    if (depth === PIECES_DEPTH || inner === null || typeof inner !== 'object') {
      write(canonicalJson(inner));
      return;
    }
    let separator = '';
    if (Array.isArray(inner)) {
      write('[');
      for (const one of inner as unknown[]) {
        write(separator);
        visit(one ?? null, depth + 1);
        separator = ',';
      }
      write(']');
      return;
    }
    write('{');
    for (const [key, one] of Object.entries(sortKeys(inner as Record<string, unknown>))) {
      // As JSON leaves them out.
      if (one === undefined) continue;
      write(`${separator}${JSON.stringify(key)}:`);
      visit(one, depth + 1);
      separator = ',';
    }
    write('}');
  };
  visit(value, 0);
  hash.update(text);
  return hash.digest();
}
