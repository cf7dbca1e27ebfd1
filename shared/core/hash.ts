import { createHash } from 'node:crypto';
import type { Digest } from './digest.ts';

/** The sha256 digest of bytes or of a text in UTF-8. */
export function sha256(content: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
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
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    const entries = Object.entries(inner as Record<string, unknown>);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
