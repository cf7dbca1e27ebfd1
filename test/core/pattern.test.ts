import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  captureNames,
  compileTagPattern,
  compileTagTest,
  selectsRepository,
} from '../../shared/core/pattern.ts';
import type { TagPattern } from '../../shared/core/policy.ts';

const tags: readonly (readonly [kind: TagPattern['kind'], text: string, yes: string[], no: string[]])[] = [
  ['exact', 'latest', ['latest'], ['latest-1', 'Latest', 'my-latest']],
  ['prefix', 'pr-', ['pr-', 'pr-1'], ['apr-1', 'PR-1']],
  ['glob', 'pr-*', ['pr-', 'pr-12'], ['apr-1', 'pr']],
  ['glob', 'v?.*', ['v1.2', 'v9.'], ['v12', 'v1']],
  // The dot is a dot.
  ['glob', '1.*', ['1.2'], ['12', '1x2']],
  ['regex', '[0-9]{3}', ['a123b', '123'], ['12a3']],
  ['regex', '^v[0-9]+$', ['v1', 'v12'], ['v1a', 'av1', 'v']],
  ['regex', '(?i)^pr', ['PR-1', 'pr-1'], ['apr']],
  [
    'semver',
    '>=1.0.0',
    ['1.0.0', 'v2.3.4', '10.0.0'],
    ['0.9.9', '1.2', 'v1', 'latest', '1.2.3.4', 'release-1.0.0'],
  ],
  // npm's rule: a pre-release only where the range names one of the same version.
  ['semver', '>=1.0.0', [], ['2.0.0-rc.1', '1.0.0-rc.1']],
  ['semver', '>=1.0.0-alpha', ['1.0.0-rc.1'], ['2.0.0-rc.1']],
  ['semver', '^1.2 || 3.x', ['1.9.0', '3.0.1'], ['1.1.0', '2.0.0']],
];

describe('a tag pattern', () => {
  it.each(tags)('%s %s', (kind, text, yes, no) => {
    const match = compileTagPattern({ kind, text });
    expect(yes.filter((tag) => !match(tag).matched)).toEqual([]);
    expect(no.filter((tag) => match(tag).matched)).toEqual([]);
  });

  it('tells the named groups of a regex that took part', () => {
    const match = compileTagPattern({
      kind: 'regex',
      text: '^(?<kind>pr|mr)-(?<number>[0-9]+)(?:-(?<arch>[a-z0-9]+))?',
    });
    expect(match('pr-12-arm64')).toEqual({
      matched: true,
      captures: { kind: 'pr', number: '12', arch: 'arm64' },
      version: null,
    });
    expect(match('mr-7').captures).toEqual({ kind: 'mr', number: '7' });
    expect(match('main')).toEqual({ matched: false, captures: {}, version: null });
    expect(captureNames({ kind: 'regex', text: '(?<a>x)(?P<b>y)' })).toEqual(['a', 'b']);
  });

  it('tells the version that a semver pattern read', () => {
    expect(compileTagPattern({ kind: 'semver', text: '*' })('v1.2.3').version).toBe('1.2.3');
    expect(compileTagPattern({ kind: 'glob', text: '*' })('v1.2.3').version).toBeNull();
  });

  it.each([
    ['regex', '(a'],
    ['regex', '(?=a)'],
    ['regex', '(a)\\1'],
    ['regex', '^(a{0,100}b{0,100}){9}$'],
    ['semver', 'newest'],
  ] as const)('refuses %s %s', (kind, text) => {
    expect(() => compileTagPattern({ kind, text })).toThrow(
      expect.objectContaining({ code: 'PATTERN_INVALID' }),
    );
  });

  it('answers at once where other engines hang', () => {
    const match = compileTagPattern({ kind: 'regex', text: '^(a+)+(b|$)*c$' });
    const glob = compileTagPattern({ kind: 'glob', text: `${'*a'.repeat(40)}b` });
    const tag = 'a'.repeat(128);
    expect([match(tag).matched, glob(tag).matched]).toEqual([false, false]);
  });

  it('finds a prefix exactly where a glob with a star after it does', () => {
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
    fc.assert(
      fc.property(tag, tag, (text, other) => {
        const prefix = compileTagPattern({ kind: 'prefix', text });
        const glob = compileTagPattern({ kind: 'glob', text: `${text}*` });
        for (const one of [other, text, text + other]) {
          if (prefix(one).matched !== glob(one).matched) return false;
        }
        return true;
      }),
    );
  });
});

const repositories: readonly (readonly [glob: string, yes: string[], no: string[]])[] = [
  [
    '*/acme/services/**',
    [
      'localhost:5050/acme/services/api',
      'europe-docker.pkg.dev/acme/services/api',
      'gcr.io/acme/services/a/b',
    ],
    // x/** is what lies below x.
    [
      'gcr.io/acme/services',
      'gcr.io/acme/services2/api',
      'gcr.io/other/acme/services/api',
      'gcr.io/acme/tools/api',
    ],
  ],
  [
    'gcr.io/acme/*',
    ['gcr.io/acme/api'],
    ['gcr.io/acme/a/b', 'eu.gcr.io/acme/api', 'gcrxio/acme/api', 'gcr.io/acme'],
  ],
  [
    '**/base-*',
    ['gcr.io/acme/base-1', 'gcr.io/base-1'],
    ['gcr.io/acme/base', 'gcr.io/acme/base-1/x', 'gcr.io/abase-1'],
  ],
  [
    'gcr.io/**/api',
    ['gcr.io/api', 'gcr.io/acme/api', 'gcr.io/a/b/api'],
    ['gcr.io/acme/myapi', 'gcr.io/acme/api/v2'],
  ],
  ['**', ['gcr.io/acme/api', 'localhost:5050/a'], []],
  ['gcr.io/acme/api', ['gcr.io/acme/api'], ['gcr.io/acme/api2', 'eu.gcr.io/acme/api']],
  ['gcr.io/acme/v?', ['gcr.io/acme/v1'], ['gcr.io/acme/v', 'gcr.io/acme/v12', 'gcr.io/acme/v/']],
  [
    '*.pkg.dev/a/**',
    ['us-docker.pkg.dev/a/b'],
    ['us-docker.pkg.dev.evil.example/a/b', 'evil/us-docker.pkg.dev/a/b'],
  ],
  ['[::1]:5000/**', ['[::1]:5000/a/b'], [':/a', '1/a']],
  ['*/example.com/playground/**', ['gcr.io/example.com/playground/x'], ['gcr.io/exampleXcom/playground/x']],
];

describe('a test of tags', () => {
  it('finds the tags that the pattern matches', () => {
    const unit = fc.constantFrom('a', 'b', '1', '.', '-', '\n');
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', '-', '*', '*', '?'), maxLength: 6 });
    const kind = fc.constantFrom<TagPattern['kind'][]>('glob', 'prefix', 'exact', 'regex');
    fc.assert(
      fc.property(kind, text, fc.array(fc.string({ unit, maxLength: 8 })), (one, written, found) => {
        const pattern = {
          kind: one,
          text: one === 'regex' ? `^${written.replaceAll(/[*?]/g, '[ab]*')}` : written,
        };
        const match = compileTagPattern(pattern);
        expect(found.filter(compileTagTest(pattern))).toEqual(found.filter((tag) => match(tag).matched));
      }),
    );
  });
});

describe('a selection of repositories', () => {
  it.each(repositories)('%s', (glob, yes, no) => {
    const selection = { include: [glob], exclude: [] };
    expect(yes.filter((one) => !selectsRepository(selection, one))).toEqual([]);
    expect(no.filter((one) => selectsRepository(selection, one))).toEqual([]);
  });

  it('takes what any include matches and no exclude does', () => {
    const selection = { include: ['*/a/**', '*/b/**'], exclude: ['**/base-*', '*/b/keep/**'] };
    const all = ['gcr.io/a/x', 'gcr.io/b/x', 'gcr.io/a/base-1', 'gcr.io/b/keep/x', 'gcr.io/c/x'];
    expect(all.filter((one) => selectsRepository(selection, one))).toEqual(['gcr.io/a/x', 'gcr.io/b/x']);
  });

  it('is empty without an include', () => {
    expect(selectsRepository({ include: [], exclude: [] }, 'gcr.io/a/x')).toBe(false);
  });
});
