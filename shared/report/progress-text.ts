import { quantity } from '../core/quantity.ts';

/** How far the reading of listings has come. */
export interface ListingProgress {
  /** Repositories read, of those that there are; null before the catalog is known. */
  readonly repositories: { readonly read: number; readonly all: number } | null;
  readonly pages: number;
  /** Manifests and tags, as the pages brought them. */
  readonly entries: number;
  readonly elapsedMs: number;
}

const BAR_WIDTH = 24;

/** One line for a terminal, not wider than it. */
export function progressLine(progress: ListingProgress, widthColumns: number): string {
  const { repositories, pages, entries, elapsedMs } = progress;
  const done = repositories === null || repositories.all === 0 ? 0 : repositories.read / repositories.all;
  const filled = Math.round(Math.min(1, done) * BAR_WIDTH);
  const perSecond = elapsedMs > 0 ? Math.round((entries * 1_000) / elapsedMs) : 0;
  const parts = [
    `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`,
    repositories === null
      ? 'reading the catalog'
      : `${repositories.read} of ${repositories.all} repositories`,
    `${quantity(pages, 'page')}, ${entries} entries, ${perSecond}/s`,
  ];
  return parts.join('  ').slice(0, Math.max(1, widthColumns - 1));
}
