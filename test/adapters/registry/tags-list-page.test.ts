import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TagsListPage } from '../../../shared/adapters/registry/tags-list-page.ts';
import { isDigest } from '../../../shared/core/digest.ts';
import { MEDIA_TYPES } from '../../../shared/core/manifest.ts';
import { isTag } from '../../../shared/core/reference.ts';
import '../../support/property-seed.ts';

function read(bytes: Buffer, pieceBytes: number) {
  const page = new TagsListPage();
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (!page.write(bytes.subarray(at, at + pieceBytes))) return null;
  }
  const end = page.end();
  return end === null ? null : { page, end };
}

const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const digest = hex.map((text) => `sha256:${text}`);
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
const anything = fc.jsonValue({ depthSize: 'small' });
const entry = fc.record(
  {
    tag: fc.oneof(fc.array(tag, { maxLength: 3 }), fc.array(tag, { maxLength: 1 }), anything),
    mediaType: fc.oneof(fc.constantFrom(...Object.values(MEDIA_TYPES)), fc.constant('ä/b'), anything),
    imageSizeBytes: fc.oneof(
      fc.nat().map(String),
      fc.constantFrom('0', '-1', '1e3', '9'.repeat(16), ' 1'),
      anything,
    ),
    timeUploadedMs: fc.oneof(
      fc.nat().map(String),
      fc.constantFrom('0', '-62135596800000', '1700000000000'),
      anything,
    ),
    timeCreatedMs: fc.constantFrom('0', '-62135596800000'),
    layerId: anything,
  },
  { requiredKeys: [] },
);
const document = fc.record(
  {
    name: fc.string(),
    tags: fc.oneof(fc.array(tag, { maxLength: 5 }), anything),
    manifest: fc.oneof(fc.dictionary(digest, entry, { maxKeys: 5 }), anything),
    child: fc.oneof(fc.array(tag, { maxLength: 3 }), anything),
    next: fc.oneof(fc.constantFrom('', 'http://x/'), anything),
    etwas: anything,
  },
  { requiredKeys: [] },
);

/** What the document says, read the simple way: the whole text at once. */
function simply(text: string) {
  const { tags, manifest, next } = JSON.parse(text) as Record<string, unknown>;
  const isObject = (value: unknown): value is Record<string, unknown> =>
    value !== null && typeof value === 'object' && !Array.isArray(value);
  const texts = (value: unknown): string[] =>
    Array.isArray(value)
      ? (value as unknown[]).filter((one): one is string => typeof one === 'string' && isTag(one))
      : [];
  const whole = (value: unknown): number | null => {
    const digits = typeof value === 'number' ? JSON.stringify(value) : value;
    if (typeof digits !== 'string' || !/^-?[0-9]{1,16}$/.test(digits)) return null;
    return Number.isSafeInteger(Number(digits)) ? Number(digits) : null;
  };
  const manifests = Object.entries(isObject(manifest) ? manifest : {})
    .filter(([name, value]) => isDigest(name) && isObject(value))
    .map(([name, value]) => {
      const { tag: held, mediaType, imageSizeBytes, timeUploadedMs } = value as Record<string, unknown>;
      const isType = typeof mediaType === 'string' && /^[\0-\x7f]{1,255}$/.test(mediaType);
      const sizeBytes = whole(imageSizeBytes) ?? -1;
      const isIndex = mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerManifestList;
      const uploadedAtMs = whole(timeUploadedMs) ?? 0;
      return {
        digest: name,
        tags: [...new Set(texts(held))].sort(),
        mediaType: isType ? mediaType : null,
        sizeBytes: sizeBytes > 0 || (sizeBytes === 0 && isIndex) ? sizeBytes : null,
        uploadedAtMs: uploadedAtMs > 0 ? uploadedAtMs : null,
      };
    })
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  return {
    manifests,
    listed: new Set([...texts(tags), ...manifests.flatMap((one) => one.tags)]),
    next: typeof next === 'string' ? next : next === undefined || next === null ? '' : null,
  };
}

describe('a page of tags/list', () => {
  it('says what its document says, wherever it is cut into pieces and whatever else is in it', () => {
    fc.assert(
      fc.property(document, fc.integer({ min: 1, max: 300 }), fc.nat({ max: 2 }), (value, size, indent) => {
        const text = JSON.stringify(value, null, indent);
        const expected = simply(text);
        const got = read(Buffer.from(text), size);
        expect(got?.end.next).toBe(expected.next);
        const manifests = got?.page.told.manifests().map((one) => ({
          ...one,
          mediaType: one.mediaType.kind === 'known' ? one.mediaType.value : null,
          sizeBytes: one.sizeBytes.kind === 'known' ? one.sizeBytes.value : null,
          uploadedAtMs: one.uploadedAtMs.kind === 'known' ? one.uploadedAtMs.value : null,
        }));
        expect(manifests).toEqual(expected.manifests);
        // Of entries that can't be read the tags may be known too; never the other way round.
        for (const one of expected.listed) expect(got?.page.told.tagTexts()).toContain(one);
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 1_000) },
    );
  });

  it('that ends early, anywhere, is none', () => {
    const text = JSON.stringify({
      tags: ['v1'],
      manifest: { [`sha256:${'a'.repeat(64)}`]: { tag: ['v1'], timeUploadedMs: '1' } },
      next: '',
    });
    const bytes = Buffer.from(text);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(read(bytes.subarray(0, length), 7)).toBeNull();
    }
    expect(read(bytes, 7)?.page.told.problem).toBeNull();
  });

  it.each<[name: string, text: string, problem: RegExp]>([
    ['its list of tags', '{"tags":[],"manifest":{},"tags":["v1"]}', /"tags" is in it twice/],
    [
      'its map, once in escapes',
      '{"tags":[],"manifest":{},"m\\u0061nifest":{}}',
      /"manifest" is in it twice/,
    ],
    [
      'the tags of an entry',
      `{"tags":[],"manifest":{"sha256:${'a'.repeat(64)}":{"tag":["v1"],"tag":[]}}}`,
      /names "tag" twice/,
    ],
  ])('that has %s twice is no whole listing', (_name, text, problem) => {
    expect(read(Buffer.from(text), 5)?.page.told.problem).toMatch(problem);
  });
});
