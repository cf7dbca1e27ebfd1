import type { Catalog, Listing } from '../core/listing.ts';
import { parseRepository, type Target } from '../core/reference.ts';
import type { RegistryReader } from '../ports.ts';
import { lanesFor, mapConcurrently } from './concurrency.ts';

/**
 * Reads the listing of every repository of a target.
 * @param concurrency requests side by side, which the registry's transport has to hold
 * @param onRead told how many repositories were read, of how many; first when the catalog is known
 */
export async function listTarget(
  registry: RegistryReader,
  target: Target,
  concurrency: number,
  onRead: (read: number, all: number) => void = () => {},
): Promise<{ readonly catalog: Catalog; readonly listings: readonly Listing[] }> {
  const catalog = await registry.catalog(target);
  let read = 0;
  const all = catalog.repositories.length;
  onRead(read, all);
  const listings = await mapConcurrently(catalog.repositories, lanesFor(concurrency), async (repository) => {
    const listing = await registry.list(parseRepository(repository));
    read += 1;
    onRead(read, all);
    return listing;
  });
  return { catalog, listings };
}
