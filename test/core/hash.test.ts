import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, hashCanonicalJson, sha256 } from '../../shared/core/hash.ts';
import { checkProperty } from './property.ts';

describe('the hash of a value', () => {
  const value = fc.object({
    maxDepth: 6,
    withDate: false,
    values: [
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
    ],
  });

  it('taken piece by piece is that of its whole text', () => {
    checkProperty(value, (one) => {
      expect(hashCanonicalJson(one)).toBe(sha256(canonicalJson(one)));
    });
  });

  it('is the same where pieces are longer than what is hashed at a time', () => {
    const long = {
      b: Array.from({ length: 3000 }, (_, at) => ({ text: 'ä'.repeat(at % 90), at })),
      a: ['x'],
    };
    expect(hashCanonicalJson(long)).toBe(sha256(canonicalJson(long)));
  });

  it('does not depend on the order of keys', () => {
    expect(hashCanonicalJson({ a: 1, b: { c: 2, d: 3 } })).toBe(
      hashCanonicalJson({ b: { d: 3, c: 2 }, a: 1 }),
    );
  });
});
