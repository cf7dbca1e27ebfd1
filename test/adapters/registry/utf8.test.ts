import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Utf8Check } from '../../../shared/adapters/registry/utf8.ts';

/** Checks bytes that come in pieces which end at these places. */
function isText(bytes: Buffer, ends: readonly number[]): boolean {
  const check = new Utf8Check();
  let from = 0;
  for (const end of [...ends, bytes.length]
    .map((place) => Math.min(place, bytes.length))
    .sort((a, b) => a - b)) {
    if (!check.write(bytes.subarray(from, end))) return false;
    from = end;
  }
  return check.end();
}

const ENDS = fc.array(fc.nat(40), { maxLength: 8 });

describe('a text in pieces', () => {
  it('is UTF-8 wherever it is cut into pieces', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 12 }), ENDS, (text, ends) => {
        expect(isText(Buffer.from(text), ends)).toBe(true);
      }),
    );
  });

  it('is UTF-8 exactly where a decoder of the whole takes it', () => {
    const takes = (bytes: Buffer): boolean => {
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    const bytes = fc.uint8Array({ maxLength: 6 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, ENDS, (piece, ends) => {
        expect(isText(piece, ends)).toBe(takes(piece));
      }),
      { numRuns: 2_000 },
    );
  });
});
