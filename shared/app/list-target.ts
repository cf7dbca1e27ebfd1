import type { Catalog, Listing } from '../core/listing.ts';
import { parseRepository, type Target } from '../core/reference.ts';
import type { RegistryReader } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';

/** Reads the listing of every repository of a target. */
export async function listTarget(
  registry: RegistryReader,
  target: Target,
  concurrency: number,
): Promise<{ readonly catalog: Catalog; readonly listings: readonly Listing[] }> {
  const catalog = await registry.catalog(target);
  const listings = await mapConcurrently(catalog.repositories, concurrency, (repository) =>
    registry.list(parseRepository(repository)),
  );
  return { catalog, listings };
}
