import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { nativeRegex } from '../../shared/core/native-regex.ts';
import '../support/property-seed.ts';

/** Expressions that are understood, most of them: pieces that go together and pieces that do not. */
const piece = fc
  .tuple(
    fc.constantFrom(
      'a',
      'b',
      '1',
      '_',
      '-',
      '/',
      ':',
      '\\.',
      '\\-',
      '\\d',
      '\\w',
      '[ab]',
      '[0-9]',
      '[a-c1-]',
      '[-_.]',
    ),
    fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,1}', '{1,}', '+?'),
  )
  .map((parts) => parts.join(''));
const strange = fc.constantFrom(
  '.',
  '[^a]',
  '$',
  '^',
  '(?i)',
  '(a|)',
  '(?:a|ab)',
  '(?:a[1]|b)',
  '(?:a|b)*',
  'a|b',
);
const words = fc
  .tuple(
    fc.constantFrom('(', '(?:', '(?<n>', '(?P<n>'),
    fc.array(fc.constantFrom('a', 'ab', 'b1', 'ba', '-a', '1'), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '', '?'),
  )
  .map(([begin, all, repeat]) => `${begin}${all.join('|')})${repeat}`);
const group = fc.array(piece, { maxLength: 2 }).map((pieces) => `(${pieces.join('')})`);
const usual = fc.oneof({ arbitrary: piece, weight: 6 }, words, group);
const regex = fc
  .tuple(
    fc.constantFrom('^', '^', '^', ''),
    fc.array(fc.oneof({ arbitrary: usual, weight: 12 }, strange), { minLength: 1, maxLength: 5 }),
    fc.constantFrom('', '$'),
  )
  .map(([begin, pieces, end]) => `${begin}${pieces.join('')}${end}`)
  .filter((text) => {
    try {
      RE2JS.compile(text);
      return true;
    } catch {
      // Of two groups of one name it makes no expression.
      return false;
    }
  });
const tag = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', '1', '2', '_', '-', '.', '/', ':', '\n', 'é', '💩'),
  maxLength: 8,
});

describe("an expression for the engine's own matcher", () => {
  it('finds what RE2 finds, and nothing else', () => {
    let understood = 0;
    fc.assert(
      fc.property(regex, fc.array(tag, { minLength: 1, maxLength: 20 }), (text, tags) => {
        const native = nativeRegex(text);
        if (native === null) return;
        understood += 1;
        const re2 = RE2JS.compile(text);
        expect(tags.filter((one) => native.test(one))).toEqual(tags.filter((one) => re2.test(one)));
      }),
      { numRuns: 10_000 },
    );
    expect(understood).toBeGreaterThan(1000);
  });

  it.each([
    '^main-[0-9]+$',
    '^release-(?<line>[0-9]+)',
    '^v[0-9.]+-rc',
    '^(?:hotfix|urgent)-',
    '^(?:prod|staging|test)-[a-z]+$',
    '^[0-9a-f]{7,8}-[0-9]+$',
    '^(?:tmp|temp|wip)-',
    '^(?P<pr>pr|mr)-(\\d+)$',
  ])('is made of %s', (text) => {
    expect(nativeRegex(text)).not.toBeNull();
  });

  it.each([
    ['what is found anywhere', 'pr-[0-9]+'],
    ['what can be matched in more than one way', '^[a-z]*[a-z]*x'],
    ['a repetition that may go on with what follows it', '^[0-9]*[a-z]*[0-9]'],
    ['a repeated group', '^(?:a+)+$'],
    ['words of which one begins another', '^(?:a|ab)c'],
    ['alternatives that are no words', '^(?:a+|b)c'],
    ['alternatives beside each other', '^a|b'],
    ['a dot', '^a.b'],
    ['flags', '^(?i)a'],
    ['a set of what is not in it', '^[^a]b'],
    ['characters beyond ASCII', '^é'],
    ['a repetition that takes as little as it can', '^a+?b'],
  ])('is not made of %s', (_what, text) => {
    expect(nativeRegex(text)).toBeNull();
  });
});
