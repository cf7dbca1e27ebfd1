import type { Digest } from '../../core/digest.ts';
import { formatRepository, isTag, parseRepository, type Repository } from '../../core/reference.ts';
import { RegistryError } from './registry-error.ts';

/**
 * `/v2/NAME`. The name is checked again here, because a repository can come from a file: one with `..` or `?`
 * in it would ask for something else.
 * @throws WardenError REFERENCE_INVALID
 */
export function repositoryPath(repository: Repository): string {
  return `/v2/${parseRepository(formatRepository(repository)).name}`;
}

/**
 * `/v2/NAME/manifests/REFERENCE`.
 * @throws WardenError REFERENCE_INVALID, REGISTRY_UNEXPECTED for a tag that is none
 */
export function manifestPath(repository: Repository, reference: Digest | { readonly tag: string }): string {
  const path = `${repositoryPath(repository)}/manifests/`;
  if (typeof reference === 'string') return path + reference;
  if (isTag(reference.tag)) return path + reference.tag;
  throw new RegistryError(
    'REGISTRY_UNEXPECTED',
    `${JSON.stringify(reference.tag.slice(0, 140))} is not a tag, so nothing was asked of ${repository.host}. Correct it.`,
    { method: 'GET', url: `https://${repository.host}${path}` },
  );
}
