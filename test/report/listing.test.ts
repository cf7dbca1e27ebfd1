import { describe, expect, it } from 'vitest';
import { type Digest, shortDigest } from '../../shared/core/digest.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import type { ListedManifest, Listing } from '../../shared/core/listing.ts';
import { type Manifest, MEDIA_TYPES } from '../../shared/core/manifest.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { renderListingsCsv } from '../../shared/report/listing-csv.ts';
import { renderListings } from '../../shared/report/listing-text.ts';
import { listedRows } from '../../shared/report/listing-tree.ts';
import { progressLine } from '../../shared/report/progress-text.ts';
import { READER } from '../support/reader-clock.ts';

const NOW_MS = Date.UTC(2026, 10, 21);
const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const [INDEX, OTHER, CHILD, SIGNATURE, ALONE] = ['1', '2', '3', '4', '5'].map(digest) as [
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
];

function listed(of: Digest, ageDays: number, tags: readonly string[], mediaType: string): ListedManifest {
  return {
    digest: of,
    tags,
    mediaType: known(mediaType),
    sizeBytes: known(1_000),
    uploadedAtMs: known(NOW_MS - ageDays * DAY_MS),
  };
}

function pointing(kind: Manifest['kind'], children: readonly Digest[], subject: Digest | null): Manifest {
  const descriptor = (of: Digest) => ({ mediaType: MEDIA_TYPES.ociManifest, digest: of, sizeBytes: 1 });
  return {
    kind,
    mediaType: kind === 'index' ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.ociManifest,
    artifactType: null,
    children: children.map(descriptor),
    subject: subject === null ? null : descriptor(subject),
    blobs: [],
  };
}

/** Two indexes that share a child; the child is signed; an older image stands alone. */
const listing: Listing = {
  version: 1,
  repository: 'gcr.io/acme/api',
  takenAtMs: NOW_MS,
  completeness: { kind: 'complete' },
  manifests: [
    listed(INDEX, 1, ['v2'], MEDIA_TYPES.ociIndex),
    listed(OTHER, 2, ['v1'], MEDIA_TYPES.ociIndex),
    listed(CHILD, 3, [], MEDIA_TYPES.ociManifest),
    listed(SIGNATURE, 4, [], MEDIA_TYPES.ociManifest),
    listed(ALONE, 9, ['old', 'older'], MEDIA_TYPES.dockerManifest),
  ],
  relations: {
    [INDEX]: known(pointing('index', [CHILD], null)),
    [OTHER]: known(pointing('index', [CHILD], null)),
    [CHILD]: known(pointing('image', [], null)),
    [SIGNATURE]: known(pointing('image', [], CHILD)),
  },
};

describe('the lines of a listing', () => {
  it('have children and referrers under what they belong to, and what belongs to two under both', () => {
    const lines = listedRows(listing).map(({ manifest, depth, under, isRepeated }) => [
      manifest.digest,
      depth,
      under,
      isRepeated,
    ]);
    expect(lines).toEqual([
      [INDEX, 0, null, false],
      [CHILD, 1, { digest: INDEX, as: 'child' }, false],
      [SIGNATURE, 2, { digest: CHILD, as: 'about' }, false],
      [OTHER, 0, null, false],
      [CHILD, 1, { digest: OTHER, as: 'child' }, true],
      [ALONE, 0, null, false],
    ]);
  });

  it('name every manifest of one whose relations lead in circles, and end', () => {
    const circular = {
      ...listing,
      relations: {
        ...listing.relations,
        [INDEX]: known(pointing('index', [OTHER, CHILD], null)),
        [OTHER]: known(pointing('index', [INDEX, CHILD], null)),
      },
    };
    const named = new Set(listedRows(circular).map(({ manifest }) => manifest.digest));
    expect(named).toEqual(new Set(listing.manifests.map((manifest) => manifest.digest)));
  });

  it('are moved to the right in the table', () => {
    const style = { widthColumns: 120, colour: false, clock: READER };
    const catalog = { completeness: { kind: 'complete' }, repositories: [listing.repository] } as const;
    const text = renderListings(
      { catalog, listings: [listing], sizes: [{ kind: 'exact', sizeBytes: 2_500 }] },
      NOW_MS,
      style,
    );
    expect(text.split('\n', 1)[0]).toMatch(/manifests, exactly 2\.5 kB$/);
    expect(text.split('\n').slice(2, -1)).toEqual([
      `${shortDigest(INDEX)}      1.0 kB   1 d ago  index             v2`,
      `  ${shortDigest(CHILD)}    1.0 kB   3 d ago  image             -`,
      `    ${shortDigest(SIGNATURE)}  1.0 kB   4 d ago  image about it    -`,
      `${shortDigest(OTHER)}      1.0 kB   2 d ago  index             v1`,
      `  ${shortDigest(CHILD)}    1.0 kB   3 d ago  image, see above  -`,
      `${shortDigest(ALONE)}      1.0 kB   9 d ago  image             old, older`,
    ]);
  });
});

describe('the CSV of listings', () => {
  it('has a line for each place, with what is not known said', () => {
    const dark: Listing = {
      ...listing,
      repository: 'gcr.io/acme/dark',
      completeness: { kind: 'incomplete', reason: 'it is cut' },
      manifests: [
        {
          digest: ALONE,
          tags: [],
          mediaType: known('=cmd|"x"'),
          sizeBytes: unknown('x'),
          uploadedAtMs: unknown('x'),
        },
      ],
      relations: {},
    };
    const [titles, ...lines] = renderListingsCsv([listing, dark], NOW_MS).split('\r\n');
    expect(titles?.split(',')).toEqual(
      [
        'repository',
        'listing',
        'digest',
        'tags',
        'mediaType',
        'sizeBytes',
        'uploadedAt',
        'ageDays',
        'under',
        'as',
      ].map((title) => `"${title}"`),
    );
    expect(lines).toHaveLength(8);
    expect(lines[1]).toBe(
      `"gcr.io/acme/api","complete","${CHILD}","","${MEDIA_TYPES.ociManifest}","1000","2026-11-18T00:00:00.000Z","3","${INDEX}","child"`,
    );
    expect(lines[5]).toContain(`"${ALONE}","old older"`);
    expect(lines[6]).toBe(
      `"gcr.io/acme/dark","incomplete","${ALONE}","","'=cmd|""x""","unknown","unknown","unknown","",""`,
    );
  });
});

describe('the line of progress', () => {
  const progress = { repositories: { read: 3, all: 12 }, pages: 4, entries: 9_000, elapsedMs: 2_000 };
  it('shows how much of how much, and how fast', () => {
    expect(progressLine(progress, 120)).toBe(
      '[######..................]  3 of 12 repositories  4 pages, 9000 entries, 4500/s  about 6 s left',
    );
    expect(progressLine({ ...progress, repositories: null, elapsedMs: 0 }, 120)).toBe(
      '[........................]  reading the catalog  4 pages, 9000 entries, 0/s',
    );
  });
  it('is never as wide as the terminal', () => {
    for (const width of [1, 20, 60])
      expect(progressLine(progress, width).length).toBeLessThan(Math.max(2, width));
  });
});
