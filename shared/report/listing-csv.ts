import type { Listing } from '../core/listing.ts';
import { csv } from './csv.ts';
import { listedRows } from './listing-tree.ts';

const TITLES = [
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
] as const;

const DAY_MS = 86_400_000;

/**
 * Renders what a registry holds for spreadsheets and scripts: a line for each manifest, and one more for each
 * other manifest that it is nested under. What is not known is written `unknown`, and the column `listing` says
 * whether there may be more than the lines of a repository show. `nowMs` is what ages are counted to.
 */
export function renderListingsCsv(listings: readonly Listing[], nowMs: number): string {
  const rows: (string | number)[][] = [];
  for (const listing of listings) {
    for (const { manifest, under } of listedRows(listing)) {
      const { digest, tags, mediaType, sizeBytes, uploadedAtMs } = manifest;
      const isDated = uploadedAtMs.kind === 'known';
      rows.push([
        listing.repository,
        listing.completeness.kind,
        digest,
        tags.join(' '),
        mediaType.kind === 'known' ? mediaType.value : 'unknown',
        sizeBytes.kind === 'known' ? sizeBytes.value : 'unknown',
        isDated ? dateOf(uploadedAtMs.value) : 'unknown',
        isDated ? Math.floor((nowMs - uploadedAtMs.value) / DAY_MS) : 'unknown',
        under?.digest ?? '',
        under?.as ?? '',
      ]);
    }
  }
  return csv(TITLES, rows);
}

/** Dates end at 8.64e15 ms (ECMA-262, 21.4.1.1); a registry can name a later one. */
function dateOf(atMs: number): string {
  return atMs <= 8.64e15 ? new Date(atMs).toISOString() : 'unknown';
}
