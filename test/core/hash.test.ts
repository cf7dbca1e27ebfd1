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

  it('is of what JSON.stringify makes of the same value with sorted keys', () => {
    const sorted = (one: unknown): unknown => {
      if (one === null || typeof one !== 'object') return one;
      if (Array.isArray(one)) return one.map(sorted);
      const entries = Object.entries(one).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
    };
    const key = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.nat().map(String),
      fc.constantFrom('-1', '01', 'a'),
    );
    const shared = fc.dictionary(key, value);
    checkProperty(fc.tuple(shared, fc.array(value)), ([one, many]) => {
      const whole = { ...one, list: [one, ...many, { list: many, one }], one, 1: many, 0: one };
      expect(canonicalJson(whole)).toBe(JSON.stringify(sorted(whole)));
    });
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
