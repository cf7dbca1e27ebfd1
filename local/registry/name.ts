import { parseRepository } from '../../shared/core/reference.ts';

/**
 * Whether a text is a repository's name without a host. It is asked of the one grammar there is, so that the
 * local registry takes exactly the names that the rest of the product can read back.
 */
export function isRepositoryName(text: string): boolean {
  try {
    return parseRepository(`localhost/${text}`).name === text;
  } catch {
    return false;
  }
}
