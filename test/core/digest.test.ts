import { describe, expect, it } from 'vitest';
import { isDigest, shortDigest } from '../../shared/core/digest.ts';
import { canonicalJson, sha256 } from '../../shared/core/hash.ts';

const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('digests', () => {
  it.each([
    ['a whole one', EMPTY, true],
    ['one in capitals', EMPTY.toUpperCase(), false],
    ['one without its algorithm', EMPTY.slice(7), false],
    ['one that is too short', EMPTY.slice(0, -1), false],
    ['one that is too long', `${EMPTY}0`, false],
    ['one with a line end', `${EMPTY}\n`, false],
    ['sha512', `sha512:${'0'.repeat(128)}`, false],
    ['nothing', undefined, false],
    ['a list', [EMPTY], false],
  ])('%s: %j', (_row, value, answer) => {
    expect(isDigest(value)).toBe(answer);
  });

  it('are the sha256 of bytes and of the same text alike', () => {
    expect(sha256('')).toBe(EMPTY);
    expect(sha256('ü')).toBe(sha256(new TextEncoder().encode('ü')));
  });

  it('are shortened to twelve characters', () => {
    expect(shortDigest(EMPTY)).toBe('e3b0c44298fc');
  });
});

describe('canonical JSON', () => {
  it('is the same whatever order objects were built in, at any depth', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1}]}');
  });

  it('leaves the order of lists alone', () => {
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]));
  });
});
