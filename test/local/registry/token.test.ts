import { describe, expect, it } from 'vitest';
import {
  type Grant,
  parseBasic,
  parseScope,
  TOKEN_LIFETIME_SECONDS,
  TokenIssuer,
} from '../../../local/registry/token.ts';

const PULL: Grant = { kind: 'repository', name: 'acme/api', write: false };
const LIFETIME_MS = TOKEN_LIFETIME_SECONDS * 1000;

describe('a token', () => {
  it('holds its grant until its time is over', () => {
    const issuer = new TokenIssuer();
    const token = issuer.issue(PULL, 1000);
    expect(issuer.read(token, 1000 + LIFETIME_MS - 1)).toEqual(PULL);
    expect(issuer.read(token, 1000 + LIFETIME_MS)).toBeNull();
  });

  const changes: readonly [string, (payload: string, mac: string) => string][] = [
    [
      'another grant under the same MAC',
      (_payload, mac) =>
        `${Buffer.from('{"grant":{"kind":"catalog"},"expiresAtMs":9e99}').toString('base64url')}.${mac}`,
    ],
    ['no MAC', (payload) => payload],
    ['an empty MAC', (payload) => `${payload}.`],
    ['a shorter MAC', (payload, mac) => `${payload}.${mac.slice(0, -4)}`],
    ['a third part', (payload, mac) => `${payload}.${mac}.${mac}`],
  ];
  it.each(changes)('with %s is none', (_title, change) => {
    const issuer = new TokenIssuer();
    const [payload = '', mac = ''] = issuer.issue(PULL, 0).split('.');
    expect(issuer.read(change(payload, mac), 0)).toBeNull();
  });
});

describe('a scope', () => {
  const rows = [
    ['registry:catalog:*', { kind: 'catalog' }],
    ['repository:acme/api:pull', PULL],
    ['repository:acme/api:push,pull', { ...PULL, write: true }],
    ['repository:acme/api:push,pull,delete', { ...PULL, write: true }],
    ['repository:acme/api:*', { ...PULL, write: true }],
    ['repository:example.com/shop/api:pull', { ...PULL, name: 'example.com/shop/api' }],
    ['repository:acme/api:delete', { kind: 'none' }],
    ['repository:acme/api:', null],
    ['repository:../up:pull', null],
    ['repository:acme/api', null],
    ['registry:catalog:read', null],
    ['', null],
  ] as const;
  it.each(rows)('%j is read', (scope, grant) => {
    expect(parseScope(scope)).toEqual(grant);
  });
});

describe('a Basic header', () => {
  const encode = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const rows = [
    ['user and password', encode('_json_key:{"a":"b"}'), { username: '_json_key', password: '{"a":"b"}' }],
    ['an empty password', encode('user:'), { username: 'user', password: '' }],
    ['no colon', encode('user'), null],
    ['another scheme', 'Bearer abc', null],
    ['nothing', '', null],
  ] as const;
  it.each(rows)('with %s is read', (_title, header, credential) => {
    expect(parseBasic(header)).toEqual(credential);
  });
});
