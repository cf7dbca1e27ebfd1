import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scrub } from '../../../shared/adapters/registry/scrub.ts';
import { checkProperty } from '../../core/property.ts';
import { leaksIn } from '../../support/leak-finder.ts';

const SECRET = 'pässword/with+signs="and more"';

describe('a text that is shown', () => {
  it.each<[name: string, text: string]>([
    ['as it is', SECRET],
    ['in a URL', encodeURIComponent(SECRET)],
    ['in a URL in small letters', encodeURIComponent(SECRET).toLowerCase()],
    ['in a form', new URLSearchParams({ refresh_token: SECRET }).toString()],
    ['in JSON', JSON.stringify({ token: SECRET })],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in the base64 of a user and a password', Buffer.from(`_json_key:${SECRET}`).toString('base64')],
    ['in the base64 of something longer', Buffer.from(`a:${SECRET}:more`).toString('base64url')],
  ])('loses a secret %s', (_name, text) => {
    const clean = scrub(`refused: ${text}, sorry`, [SECRET]);
    expect(leaksIn([SECRET], [clean])).toEqual([]);
    expect(clean).toMatch(/^refused: .*\[secret\].*, sorry$/);
  });

  it.each<[name: string, text: string]>([
    ['a bearer header', 'Bearer abcdefgh12345678'],
    ['a basic header', `basic ${Buffer.from('me:password').toString('base64')}`],
    ['a Google access token', 'ya29.a0AfH6SMB-x_y.z'],
    ['a JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----'],
  ])('loses %s that nobody told it of', (_name, text) => {
    expect(scrub(`with ${text}`, [])).toBe('with [secret]');
  });

  it('keeps everything else', () => {
    const text = 'Permission "artifactregistry.repositories.deleteArtifacts" denied on "projects/acme"';
    expect(scrub(text, [SECRET])).toBe(text);
  });

  it('loses any secret, wherever it stands and whatever surrounds it', () => {
    const secret = fc
      .string({ minLength: 8, maxLength: 40, unit: 'binary-ascii' })
      .filter((text) => /\S{8}/.test(text));
    checkProperty(
      fc.tuple(secret, fc.string(), fc.string()),
      ([one, before, after]) => {
        // Unless the surroundings have it by themselves, nothing puts it together again.
        fc.pre(!`${before}${after}`.includes(one));
        expect(scrub(`${before}${one}${after}`, [one])).not.toContain(one);
        const packed = Buffer.from(`${before}${one}${after}`).toString('base64');
        expect(leaksIn([one], [scrub(packed, [one])])).toEqual([]);
      },
      300,
    );
  });
});
