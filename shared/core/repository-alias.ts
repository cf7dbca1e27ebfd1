import {
  type ArtifactRegistryImage,
  artifactRegistryImage,
  formatRepository,
  parseRepository,
  projectPath,
  repositoryAt,
} from './reference.ts';

/**
 * The one name of a repository that Google serves under several: `gcr.io/acme/api` is
 * `us-docker.pkg.dev/acme/gcr.io/api`. Any other name, and what is none, is its own.
 */
export function canonicalRepository(repository: string): string {
  const image = imageOf(repository);
  return image === null ? repository : `${image.location}-docker.pkg.dev/${below(image)}`;
}

/** Every name that a repository is known by, its own first. */
export function repositoryNames(repository: string): readonly string[] {
  const image = imageOf(repository);
  if (image === null) return [repository];
  const names = new Set([
    repository,
    canonicalRepository(repository),
    formatRepository(repositoryAt(image)),
    // Multi-regions have no such endpoint; a name that nothing has harms nobody.
    `docker.${image.location}.rep.pkg.dev/${below(image)}`,
  ]);
  return [...names];
}

/**
 * What a repository has in common with the virtual repositories that may serve it, and with nothing of another
 * location: `europe/api`, the location and the path of the image. A virtual repository gives an image under
 * the path that it has upstream. null where the host is not Google's.
 */
export function virtualPath(repository: string): string | null {
  const image = imageOf(repository);
  return image === null ? null : `${image.location}/${image.image}`;
}

function imageOf(repository: string): ArtifactRegistryImage | null {
  try {
    return artifactRegistryImage(parseRepository(repository));
  } catch {
    return null;
  }
}

function below({ project, repository, image }: ArtifactRegistryImage): string {
  return `${projectPath(project)}/${repository}/${image}`;
}
