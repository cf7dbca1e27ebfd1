import { artifactRegistryImage, hostKind } from './reference.ts';

/** A repository that a Google service fills and cleans for itself. */
export interface ManagedRepository {
  /** The service, as its documentation names it. */
  readonly by: string;
  /** The part that it fills, with everything below: `europe-docker.pkg.dev/acme/gcf-artifacts`. */
  readonly root: string;
}

/** Repositories of Artifact Registry that services create, by their names. */
const REPOSITORIES: Readonly<Record<string, string>> = {
  'gcf-artifacts': 'Cloud Run functions',
  'cloud-run-source-deploy': 'Cloud Run source deployment',
  'firebaseapphosting-images': 'Firebase App Hosting',
  'gae-standard': 'App Engine',
  'gae-flexible': 'App Engine',
};

/** What services wrote to Container Registry's hosts, by the component after the project. */
const ON_GCR: Readonly<Record<string, string>> = {
  ...REPOSITORIES,
  gcf: 'Cloud Run functions',
  appengine: 'App Engine',
  'app-engine-tmp': 'App Engine',
};

/** kaniko's default, which Cloud Build's documentation uses: `IMAGE/cache`. */
const CACHE = 'cache';

const GCR_REPOSITORY = /^(?:[a-z]+\.)?gcr\.io$/;

/**
 * Tells which Google service fills a repository, or null where it is the project's own. The service keeps
 * track of these images by itself and breaks when they go; nobody should clean them by a pattern that was
 * meant for something else.
 */
export function managedRepository(repository: string): ManagedRepository | null {
  const parts = partsOf(repository);
  if (parts === null) return null;
  const isOnGcr = GCR_REPOSITORY.test(parts.repository);
  const names = isOnGcr ? ON_GCR : REPOSITORIES;
  const name = isOnGcr ? (parts.image[0] ?? '') : parts.repository;
  const by = Object.hasOwn(names, name) ? names[name] : undefined;
  const below = isOnGcr ? parts.image.length - 1 : parts.image.length;
  if (by !== undefined)
    return {
      by,
      root: repository
        .split('/')
        .slice(0, -below || undefined)
        .join('/'),
    };
  const isCache = parts.image.length > 1 && parts.image.at(-1) === CACHE;
  return isCache ? { by: 'Cloud Build', root: repository } : null;
}

/** The repository in Artifact Registry's sense and the components of the image in it. */
function partsOf(name: string): { readonly repository: string; readonly image: readonly string[] } | null {
  const [host = '', ...components] = name.split('/');
  const found = artifactRegistryImage({ host, name: components.join('/') });
  if (found !== null) return { repository: found.repository, image: found.image.split('/') };
  // What this machine stands in for is Google's.
  if (hostKind(host) !== 'loopback') return null;
  const [, repository, ...image] = components;
  return repository === undefined || image.length === 0 ? null : { repository, image };
}

/**
 * Whether a pattern names what the service fills exactly: written out, without a wildcard, to the end of that
 * part. `europe-docker.pkg.dev/acme/gcf-artifacts/**` does, `europe-docker.pkg.dev/acme/**` does not.
 */
export function namesManaged(glob: string, { root }: ManagedRepository): boolean {
  return glob === root || glob.startsWith(`${root}/`);
}
