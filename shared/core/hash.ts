import { createHash } from 'node:crypto';
import type { Digest } from './digest.ts';

/** The sha256 digest of bytes or of a text in UTF-8. */
export function sha256(content: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Characters handed to the hash at a time: large enough for a call to cost nothing, small enough to hold. */
const PART_CHARACTERS = 1 << 16;

/** The sha256 digest of a text that is never whole in memory: the same as of its parts put together. */
export function hashOfParts(parts: Iterable<string>): Digest {
  const hash = createHash('sha256');
  let waiting = '';
  for (const part of parts) {
    waiting += part;
    if (waiting.length < PART_CHARACTERS) continue;
    hash.update(waiting);
    waiting = '';
  }
  return `sha256:${hash.update(waiting).digest('hex')}`;
}

/**
 * JSON with the keys of every object sorted, so that equal values are equal bytes whatever order they were
 * built in. Only for plain JSON values.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner as Record<string, unknown>);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
