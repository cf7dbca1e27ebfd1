import type { FreedSize } from '../core/freed-size.ts';
import { formatSize } from '../core/units.ts';

/** A size, and whether it is exact: `exactly 1.2 GB`, or `up to 3.4 GB`, as listed. */
export function sizeText(size: FreedSize): string {
  if (size.kind === 'exact') return `exactly ${formatSize(size.sizeBytes)}`;
  const left = size.unknownCount === 0 ? '' : ` and ${size.unknownCount} of unknown size`;
  return `up to ${formatSize(size.sizeBytes)}${left}`;
}
