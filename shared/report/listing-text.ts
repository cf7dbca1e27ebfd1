import { shortenAll } from '../core/digest.ts';
import type { FreedSize } from '../core/freed-size.ts';
import type { Catalog, ListedManifest, Listing } from '../core/listing.ts';
import { quantity } from '../core/quantity.ts';
import { formatAge, formatSize } from '../core/units.ts';
import { listedRows } from './listing-tree.ts';
import { sizeText } from './size-text.ts';
import { printable, type TextStyle, table, toned } from './text.ts';

/** What was read of a target; `sizes` says what each listing holds, in their order. */
export interface ListedTarget {
  readonly catalog: Catalog;
  readonly listings: readonly Listing[];
  readonly sizes: readonly FreedSize[];
}

/** Renders what a registry holds; `nowMs` is what ages are counted to. */
export function renderListings(
  { catalog, listings, sizes }: ListedTarget,
  nowMs: number,
  style: TextStyle,
): string {
  const parts = listings.map((listing, at) => renderListing(listing, sizes[at] ?? null, nowMs, style));
  if (catalog.completeness.kind === 'incomplete') {
    parts.push(
      toned(`Not all repositories were seen: ${printable(catalog.completeness.reason)}`, 'warning', style),
    );
  } else if (listings.length === 0) parts.push('No repository there.');
  return `${parts.join('\n\n')}\n`;
}

function renderListing(listing: Listing, size: FreedSize | null, nowMs: number, style: TextStyle): string {
  const lines = [
    `${toned(listing.repository, 'strong', style)}  ${quantity(listing.manifests.length, 'manifest')}${size === null ? '' : `, ${sizeText(size)}`}`,
  ];
  if (listing.completeness.kind === 'incomplete') {
    lines.push(toned(`This may not be all: ${printable(listing.completeness.reason)}`, 'warning', style));
  }
  const short = shortenAll(listing.manifests.map(({ digest }) => digest));
  lines.push(
    table(
      [
        { title: 'DIGEST' },
        { title: 'SIZE', align: 'right' },
        { title: 'UPLOADED', align: 'right' },
        { title: 'TYPE' },
        { title: 'TAGS' },
      ],
      listedRows(listing).map(({ manifest, depth, under, isRepeated }) => [
        `${'  '.repeat(Math.min(depth, DEPTH_SHOWN_MAX))}${short(manifest.digest)}`,
        manifest.sizeBytes.kind === 'known' ? formatSize(manifest.sizeBytes.value) : '?',
        manifest.uploadedAtMs.kind === 'known'
          ? `${formatAge(nowMs - manifest.uploadedAtMs.value)} ago`
          : '?',
        typeOf(manifest, under?.as === 'about', isRepeated),
        manifest.tags.length === 0 ? '-' : manifest.tags.join(', '),
      ]),
      style,
    ),
  );
  return lines.join('\n');
}

/** Indexes nest two or three deep; deeper ones are shown, and no longer moved to the right. */
const DEPTH_SHOWN_MAX = 8;

function typeOf({ mediaType }: ListedManifest, isAbout: boolean, isRepeated: boolean): string {
  const type = mediaType.kind === 'known' ? shortMediaType(mediaType.value) : '?';
  return `${type}${isAbout ? ' about it' : ''}${isRepeated ? ', see above' : ''}`;
}

function shortMediaType(mediaType: string): string {
  if (mediaType.includes('index') || mediaType.includes('manifest.list')) return 'index';
  return mediaType.includes('manifest') ? 'image' : mediaType;
}
