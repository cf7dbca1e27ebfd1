import { formatSize } from '../units.ts';
import type { RegistryBucket } from './access.ts';
import type { AuditReplies } from './replies.ts';

const GIB = 2 ** 30;

/**
 * List prices in US dollars for a GiB and month in the multi-regions that Container Registry's buckets are in, by
 * storage class (https://cloud.google.com/storage/pricing). Any other place or class has none here.
 */
const PRICES: Readonly<Record<string, number>> = { STANDARD: 0.026, MULTI_REGIONAL: 0.026 };
const MULTI_REGIONS = ['US', 'EU', 'ASIA'];

/** What a month of a bucket costs by list price, in US dollars; null where no price is known here. */
function monthlyCost(
  { location, storageClass }: Pick<RegistryBucket, 'location' | 'storageClass'>,
  sizeBytes: number,
): number | null {
  const price = Object.hasOwn(PRICES, storageClass ?? '') ? PRICES[storageClass ?? ''] : undefined;
  if (price === undefined || location === null || !MULTI_REGIONS.includes(location)) return null;
  return (sizeBytes / GIB) * price;
}

/** A sentence on what a bucket holds and what that costs a month. */
export function whatItHolds(bucket: RegistryBucket, { buckets }: Pick<AuditReplies, 'buckets'>): string {
  const contents = buckets.find(({ name }) => name === bucket.name)?.contents ?? null;
  if (contents === null || contents.kind === 'unknown') {
    return `What it holds is not known${contents === null ? '' : `: ${contents.reason}`}`;
  }
  const { sizeBytes, objects } = contents.value;
  const holds = `It holds ${formatSize(sizeBytes)} in ${objects} objects`;
  const dollars = monthlyCost(bucket, sizeBytes);
  return dollars === null ? holds : `${holds}, some $${dollars.toFixed(2)} a month by list price`;
}
