import { describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/core/digest.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { crossChecked, type ImageRecords } from '../../shared/core/image-records.ts';
import type { Listing } from '../../shared/core/listing.ts';
import { MEDIA_TYPES } from '../../shared/core/manifest.ts';

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const A = digest('a');
const B = digest('b');
const AT_MS = Date.UTC(2026, 5, 1);

const listing: Listing = {
  version: 1,
  repository: 'europe-docker.pkg.dev/acme/services/api',
  takenAtMs: AT_MS,
  completeness: { kind: 'complete' },
  manifests: [
    {
      digest: A,
      tags: ['v1'],
      mediaType: known(MEDIA_TYPES.dockerManifest),
      sizeBytes: unknown('not told'),
      uploadedAtMs: unknown('not told'),
    },
    {
      digest: B,
      tags: [],
      mediaType: known(MEDIA_TYPES.dockerManifest),
      sizeBytes: known(7),
      uploadedAtMs: known(AT_MS),
    },
  ],
  relations: {},
};
const records: ImageRecords = {
  versions: [
    { digest: A, uploadedAtMs: known(AT_MS - 5), sizeBytes: known(9) },
    { digest: B, uploadedAtMs: known(AT_MS + 400), sizeBytes: known(8) },
  ],
  tags: [{ tag: 'v1', digest: A }],
};

describe('a listing beside the records of the same image', () => {
  it('takes what it does not tell from them, and keeps what it tells', () => {
    const checked = crossChecked(listing, known(records));
    expect(checked.completeness).toEqual({ kind: 'complete' });
    expect(checked.manifests.map(({ sizeBytes, uploadedAtMs }) => [sizeBytes, uploadedAtMs])).toEqual([
      [known(9), known(AT_MS - 5)],
      [known(7), known(AT_MS)],
    ]);
  });

  it('does not know an upload time that both tell differently', () => {
    const [first, second] = records.versions;
    const apart = { ...records, versions: [first, { ...second, uploadedAtMs: known(AT_MS - 90_000) }] };
    const { manifests, completeness } = crossChecked(listing, known(apart as ImageRecords));
    expect(completeness).toEqual({ kind: 'complete' });
    expect(manifests[1]?.uploadedAtMs).toEqual({
      kind: 'unknown',
      reason: expect.stringContaining('90 s apart'),
    });
  });

  it.each<[name: string, records: ImageRecords, reason: RegExp]>([
    [
      'a version that only they name',
      {
        ...records,
        versions: [
          ...records.versions,
          { digest: digest('c'), uploadedAtMs: known(AT_MS), sizeBytes: known(9) },
        ],
      },
      /API names sha256:c+, and the listing does not/,
    ],
    [
      'a version that only the listing names',
      { ...records, versions: records.versions.slice(1) },
      /listing names sha256:a+, and/,
    ],
    [
      'a tag that only they name',
      { ...records, tags: [...records.tags, { tag: 'v2', digest: B }] },
      /tags that the listing does not/,
    ],
    ['a tag that only the listing names', { ...records, tags: [] }, /the tag v1, and/],
    [
      'a tag at another digest',
      { ...records, tags: [{ tag: 'v1', digest: B }] },
      /v1 is at sha256:a+ in the listing, and at sha256:b+/,
    ],
  ])('is incomplete for %s', (_name, told, reason) => {
    const { completeness, manifests } = crossChecked(listing, known(told));
    expect(completeness).toEqual({ kind: 'incomplete', reason: expect.stringMatching(reason) });
    expect(manifests).toHaveLength(2);
  });

  it('is incomplete where they can not be read, and keeps the reason that it had', () => {
    const failed = unknown('GET … answered 403');
    expect(crossChecked(listing, failed).completeness).toEqual({
      kind: 'incomplete',
      reason: 'the cross-check could not be made: GET … answered 403',
    });
    const cut = { ...listing, completeness: { kind: 'incomplete', reason: 'it is cut' } } as const;
    expect(crossChecked(cut, failed).completeness).toEqual(cut.completeness);
  });
});
