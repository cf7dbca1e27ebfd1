import { matchesRepository } from '../pattern.ts';
import type { Policy, RepositorySelection } from '../policy.ts';
import type { RegistryRepository } from './access.ts';

/** Artifact Registry's repositories that stand for a host of gcr.io have its name. */
const GCR_HOST = /^(?:(?:us|eu|asia)\.)?gcr\.io$/;

/** The names below which a repository's images are pulled, `europe-docker.pkg.dev/acme/services`. */
function rootsOf({ id, location, name }: RegistryRepository): readonly string[] {
  // In the names of images the domain of a domain-scoped project is a component of its own.
  const project = (name.split('/')[1] ?? '').replace(':', '/');
  const root = `${location}-docker.pkg.dev/${project}/${id}`;
  return GCR_HOST.test(id) ? [root, `${id}/${project}`] : [root];
}

/** The policies that select something in a repository of Artifact Registry, by its name or by its gcr.io host. */
export function policiesOn(repository: RegistryRepository, policies: readonly Policy[]): readonly Policy[] {
  const roots = rootsOf(repository);
  return policies.filter((policy) => roots.some((root) => reachesBelow(policy.repositories, root)));
}

/** Whether a selection can match something below a root. What is left out one by one does not count as all of it. */
function reachesBelow({ include, exclude }: RepositorySelection, root: string): boolean {
  const leavesOutAll = exclude.some(
    (glob) => matchesRepository(glob, `${root}/a`) && matchesRepository(glob, `${root}/a/b`),
  );
  return !leavesOutAll && include.some((glob) => canMatchBelow(glob, root));
}

function canMatchBelow(glob: string, root: string): boolean {
  const parts = glob.split('/');
  const wanted = root.split('/');
  for (const [at, component] of wanted.entries()) {
    const part = parts[at];
    if (part === undefined) return false;
    // From here on it crosses components: what follows may lie anywhere below.
    if (part.includes('**')) return true;
    if (!matchesRepository(part, component)) return false;
  }
  return parts.length > wanted.length;
}
