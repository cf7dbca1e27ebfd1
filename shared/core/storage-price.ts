import { hostKind } from './reference.ts';

/** What Google asks for storing images, so that a page can say what bytes cost. */
export const STORAGE_PRICE = {
  dollarsPerGibMonth: 0.1,
  source: 'cloud.google.com/artifact-registry/pricing',
  /** The day since which that page has named it. */
  since: '2020-04-15',
} as const;

const GIB = 2 ** 30;

/**
 * What bytes cost a month by list price, in US dollars, without the first half gigabyte that is free and without
 * anybody's discount; null for registries that are not Google's.
 *
 * @param repository `HOST/NAME`
 */
export function monthlyStorageCost(repository: string, sizeBytes: number): number | null {
  const host = repository.slice(0, Math.max(0, repository.indexOf('/')));
  return hostKind(host) === 'google' ? storageCost(sizeBytes) : null;
}

/** The same for bytes that are known to be Google's. */
export function storageCost(sizeBytes: number): number {
  return (sizeBytes / GIB) * STORAGE_PRICE.dollarsPerGibMonth;
}
