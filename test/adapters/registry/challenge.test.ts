import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../shared/adapters/registry/challenge.ts';

function shown(header: string | readonly string[]) {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe('a WWW-Authenticate header', () => {
  it.each<[name: string, header: string | string[], expected: unknown]>([
    [
      'of gcr.io before 2026',
      'Bearer realm="https://gcr.io/v2/token",service="gcr.io"',
      [['bearer', { realm: 'https://gcr.io/v2/token', service: 'gcr.io' }]],
    ],
    [
      // https://github.com/cloudflare/serverless-registry/issues/122
      'of gcr.io since 2026: the service without quotes',
      'Bearer realm="https://gcr.io/v2/token",service=gcr.io',
      [['bearer', { realm: 'https://gcr.io/v2/token', service: 'gcr.io' }]],
    ],
    [
      // https://github.com/apple/container/issues/2274
      'of Artifact Registry: a realm only',
      'Bearer realm="https://us-docker.pkg.dev/v2/token"',
      [['bearer', { realm: 'https://us-docker.pkg.dev/v2/token' }]],
    ],
    [
      'with commas inside of quotes',
      'Bearer realm="https://r/t", service="r", scope="repository:a/b:pull,push"',
      [['bearer', { realm: 'https://r/t', service: 'r', scope: 'repository:a/b:pull,push' }]],
    ],
    [
      'with two challenges in one line',
      'Basic realm="x", Bearer realm="https://r/t",service=r',
      [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'https://r/t', service: 'r' }],
      ],
    ],
    [
      'given twice',
      ['Negotiate', 'Basic realm="x"'],
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'with a token instead of parameters',
      'Negotiate abc==, Basic realm=x',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    ['with an escaped quote', 'Basic realm="a\\"b"', [['basic', { realm: 'a"b' }]]],
    ['in capitals and with blanks', 'BEARER  Realm = "https://r/t" ', [['bearer', { realm: 'https://r/t' }]]],
    [
      'with a bare realm',
      'Bearer realm=https://r/t,service=r',
      [['bearer', { realm: 'https://r/t', service: 'r' }]],
    ],
    ['that names the realm twice', 'Bearer realm="https://a/",realm="https://b/"', [['bearer', {}]]],
    ['that is empty', '', []],
    ['that is nothing but commas', ' , ,, ', []],
    ['with a quote that never ends', 'Bearer realm="https://r/t', []],
    ['that is longer than any real one', `Bearer realm="${'x'.repeat(9_000)}"`, []],
    ['of binary rubbish', '\u0000\u0001=', []],
  ])('is read: %s', (_name, header, expected) => {
    expect(shown(header)).toEqual(expected);
  });

  it('never throws, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(Array.isArray(parseChallenges(text))).toBe(true);
      }),
    );
  });

  it('gives back what was written into it', () => {
    const value = fc.stringMatching(/^[a-z0-9:/.,_-]{1,30}$/);
    fc.assert(
      fc.property(value, value, (realm, service) => {
        expect(shown(`Bearer realm="${realm}",service="${service}"`)).toEqual([
          ['bearer', { realm, service }],
        ]);
      }),
    );
  });
});
