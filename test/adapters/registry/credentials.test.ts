import { describe, expect, it } from 'vitest';
import {
  basicHeader,
  type Credential,
  type Credentials,
  firstOf,
  fixedCredentials,
} from '../../../shared/adapters/registry/credentials.ts';

const ONE: Credential = { kind: 'basic', username: 'one', password: 'x' };
const TWO: Credential = { kind: 'oauth', accessToken: 'y' };

describe('sources of credentials', () => {
  it('are asked in their order, and the first that has something answers', async () => {
    const sources = firstOf([
      fixedCredentials({ 'gcr.io': ONE }),
      fixedCredentials({ 'gcr.io': TWO, 'eu.gcr.io': TWO }),
    ]);
    expect(await sources.forHost('gcr.io', 'read')).toEqual(ONE);
    expect(await sources.forHost('eu.gcr.io', 'read')).toEqual(TWO);
    expect(await sources.forHost('us.gcr.io', 'read')).toEqual({ kind: 'anonymous' });
  });

  it('that fail are not passed over', async () => {
    const failing: Credentials = {
      async forHost() {
        throw new Error('broken');
      },
    };
    await expect(
      firstOf([failing, fixedCredentials({ 'gcr.io': ONE })]).forHost('gcr.io', 'read'),
    ).rejects.toThrow('broken');
  });

  it('know a host by its whole name only', async () => {
    const source = fixedCredentials({ 'gcr.io': ONE });
    for (const host of ['mirror.gcr.io', 'gcr.io.example', 'constructor', '__proto__']) {
      expect(await source.forHost(host, 'read')).toEqual({ kind: 'anonymous' });
    }
  });
});

describe('a Basic header', () => {
  it.each<[name: string, credential: Credential, expected: string | null]>([
    [
      'of a user and a password',
      { kind: 'basic', username: 'ü', password: 'p:w' },
      `Basic ${base64('ü:p:w')}`,
    ],
    ['of an access token', TWO, `Basic ${base64('oauth2accesstoken:y')}`],
    ['of nobody', { kind: 'anonymous' }, null],
    ['of a token that is no password', { kind: 'registry token', token: 'z' }, null],
  ])('is made %s', (_name, credential, expected) => {
    expect(basicHeader(credential)).toBe(expected);
  });
});

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
