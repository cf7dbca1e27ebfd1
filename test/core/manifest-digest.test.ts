import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../shared/core/hash.ts';
import { isManifestOf, manifestDigest } from '../../shared/core/manifest-digest.ts';
import { signedSchema1 } from '../support/schema-1.ts';
import { digestOf } from './estate.ts';
import { checkProperty } from './property.ts';

describe('the digest of a manifest', () => {
  it('is that of its bytes', () => {
    const content = '{"schemaVersion":2,"annotations":{"a":"\\"signatures\\""}}';
    expect(manifestDigest(content)).toBe(sha256(content));
    expect(isManifestOf(Buffer.from(content), sha256(content))).toBe(true);
    expect(isManifestOf(`${content} `, sha256(content))).toBe(false);
  });

  it.each(['acme/api', 'acme/größe'])('of signed schema 1 is that of what is signed: %s', (name) => {
    const { payload, document } = signedSchema1(name);
    expect(JSON.parse(document)).toMatchObject({ schemaVersion: 1, name });
    expect(manifestDigest(document)).toBe(sha256(payload));
    expect(isManifestOf(document, sha256(payload))).toBe(true);
    expect(isManifestOf(Buffer.from(document), sha256(payload))).toBe(true);
    // A registry that takes the whole for it is right too.
    expect(isManifestOf(document, sha256(document))).toBe(true);
    expect(isManifestOf(document.replace('"v1"', '"v2"'), sha256(payload))).toBe(false);
    expect(isManifestOf(document, digestOf('another'))).toBe(false);
  });

  it('is that of its bytes where what says to be signed is not', () => {
    const { document } = signedSchema1('acme/api');
    const protection = (value: unknown): string =>
      document.replace(
        /"protected":"[^"]*"/,
        `"protected":"${Buffer.from(JSON.stringify(value)).toString('base64url')}"`,
      );
    for (const broken of [
      document.replace('"schemaVersion": 1', '"schemaVersion": 2'),
      document.slice(0, -1),
      protection({ formatLength: -1, formatTail: '' }),
      protection({ formatLength: 1e9, formatTail: '' }),
      protection({ formatLength: 1.5, formatTail: '' }),
      protection({ formatLength: 3 }),
      protection(null),
      document.replace(/"protected":"[^"]*"/, '"protected":7'),
      document.replace(/"signatures": \[.*\]/, '"signatures": []'),
    ]) {
      expect(manifestDigest(broken)).toBe(sha256(broken));
    }
  });

  it('never throws, whatever the bytes are', () => {
    const { document } = signedSchema1('acme/api');
    const change = fc.tuple(fc.nat(document.length), fc.nat(20), fc.string());
    checkProperty(change, ([at, length, text]) => {
      const broken = document.slice(0, at) + text + document.slice(at + length);
      expect(manifestDigest(broken)).toMatch(/^sha256:[0-9a-f]{64}$/);
    });
    checkProperty(fc.uint8Array(), (bytes) => {
      expect(manifestDigest(bytes)).toBe(sha256(bytes));
    });
  });
});
