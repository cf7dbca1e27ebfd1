import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTagTest } from '../../shared/core/pattern.ts';
import type { TagPattern } from '../../shared/core/policy.ts';
import { startsOf } from '../../shared/core/tag-start.ts';
import { checkProperty, MANY } from './property.ts';

const starts = (kind: TagPattern['kind'], text: string): string | null => {
  const found = startsOf({ kind, text });
  return found === null ? null : [...found].sort().join('');
};

describe('the characters that a matching tag can begin with', () => {
  it.each<[TagPattern['kind'], string, string | null]>([
    ['exact', 'latest', 'l'],
    ['prefix', 'feature-', 'f'],
    ['glob', 'pr-*', 'p'],
    ['semver', '>=1.0.0', '0123456789v'],
    ['regex', '^pr-(?<pr>[0-9]+)', 'p'],
    ['regex', '^(?:hotfix|urgent)-', 'hu'],
    ['regex', '^(?P<kind>a|b)x', 'ab'],
    ['regex', '^[0-3a]{7,8}-', '0123a'],
    ['regex', '^v?[12]', '12v'],
    ['regex', '^\\d+$', '0123456789'],
    ['regex', '^(?:a|)b', 'ab'],
  ])('of %s %s are known', (kind, text, wanted) => {
    expect(starts(kind, text)).toBe(wanted);
  });

  it.each<[TagPattern['kind'], string]>([
    ['prefix', ''],
    ['glob', '*-rc'],
    ['glob', '?1'],
    ['regex', 'pr-'],
    ['regex', '^a|b'],
    ['regex', '(?i)^a'],
    ['regex', '^(?i)a'],
    ['regex', '^.a'],
    ['regex', '^[^a]'],
    ['regex', '^[[:alpha:]]'],
    ['regex', '^[]a]'],
    ['regex', '^a*'],
    ['regex', '^(?:a|)$'],
    ['regex', '^\\x61'],
    ['regex', '^\\pL'],
    ['regex', '^\\Qa\\E'],
    ['regex', '^a{0,2}'],
    ['regex', '^'],
  ])('of %s %s are not told', (kind, text) => {
    expect(starts(kind, text)).toBe(null);
  });

  const alphabet = fc.constantFrom('a', 'b', 'v', '1', '2', '_', '-', '.');
  const atom = fc.oneof(
    alphabet.map((one) => (one === '.' ? '\\.' : one)),
    fc.constantFrom('[a-b]', '[12_]', '[v-]', '\\d', '\\w', '.', '^', '$', '\\-', '[^a]', '(?i:a)', '\\D'),
  );
  const regex = fc.letrec<{ sequence: string; group: string }>((tie) => ({
    sequence: fc
      .array(
        fc.tuple(
          fc.oneof({ depthSize: 'small' }, atom, tie('group')),
          fc.constantFrom('', '', '', '*', '+', '?', '{0,1}', '{2}', '??'),
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((pieces) => pieces.map((piece) => piece.join('')).join('')),
    group: fc
      .tuple(
        fc.constantFrom('(', '(?:', '(?<n>'),
        fc.array(fc.oneof(tie('sequence'), fc.constant('')), { minLength: 1, maxLength: 3 }),
      )
      .map(([open, alternatives]) => `${open}${alternatives.join('|')})`),
  })).sequence;
  const pattern = fc.oneof(
    fc
      .tuple(fc.constantFrom('^', '^', '^', ''), fc.array(regex, { minLength: 1, maxLength: 2 }))
      .map(([anchor, some]): TagPattern => ({ kind: 'regex', text: `${anchor}${some.join('|')}` })),
    fc
      .tuple(
        fc.constantFrom<TagPattern['kind'][]>('exact', 'prefix', 'glob'),
        fc.array(fc.oneof(alphabet, fc.constantFrom('*', '?')), { maxLength: 3 }),
      )
      .map(([kind, some]): TagPattern => ({ kind, text: some.join('') })),
    fc.constantFrom('>=1.0.0', '*', '<2 || 3.x').map((text): TagPattern => ({ kind: 'semver', text })),
  );
  const tag = fc
    .tuple(fc.constantFrom('a', 'b', 'v', '1', '2', '_'), fc.array(alphabet, { maxLength: 5 }))
    .map(([first, rest]) => `${first}${rest.join('')}`);

  it('leave out no tag that matches', () => {
    let told = 0;
    checkProperty(
      fc.tuple(pattern, fc.array(fc.oneof(tag, fc.constantFrom('1.2.3', 'v2.1.0')), { minLength: 5 })),
      ([one, tags]) => {
        const found = startsOf(one);
        if (found === null) return;
        let test: (tag: string) => boolean;
        try {
          test = compileTagTest(one);
        } catch {
          return;
        }
        told += 1;
        for (const each of tags) if (test(each)) expect(found).toContain(each.slice(0, 1));
      },
      MANY,
    );
    expect(told).toBeGreaterThan(100);
  });
});
