import { type Digest, isDigest } from './digest.ts';
import { WardenError } from './error.ts';

/**
 * One image repository on one registry host: what `tags/list` is asked for. `name` is the repository's name
 * on the wire (`my-project/my-repo/app`), without the host.
 */
export interface Repository {
  readonly host: string;
  readonly name: string;
}

/** A repository with a tag, a digest, both or neither (distribution reference grammar). */
export interface ImageReference {
  readonly repository: Repository;
  readonly tag: string | null;
  readonly digest: Digest | null;
}

/** What a command works on: a host and the first path components of the repositories meant. */
export interface Target {
  readonly host: string;
  /** Never empty, no leading or trailing slash: `my-project` or `my-project/my-repo`. */
  readonly prefix: string;
}

/**
 * How a host behaves when a digest is deleted. `google` hosts refuse while a tag, an index or a referrer
 * still points at it; on `plain` hosts the caller has to look first.
 */
export type HostKind = 'google' | 'loopback' | 'other';

const NAME_COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[::1\])(?::[0-9]{1,5})?$/;
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?$/;

/**
 * The four Container Registry hosts, with the location in which Artifact Registry serves each today, from a
 * repository that has the host's name ("Transition from Container Registry", "gcr.io repositories").
 */
const GCR_LOCATIONS: ReadonlyMap<string, string> = new Map([
  ['gcr.io', 'us'],
  ['us.gcr.io', 'us'],
  ['eu.gcr.io', 'europe'],
  ['asia.gcr.io', 'asia'],
]);
const PKG_DEV = /^([a-z]+(?:-[a-z]+[0-9]+)?)-docker\.pkg\.dev$/;
const PKG_DEV_REGIONAL = /^docker\.([a-z]+-[a-z]+[0-9]+)\.rep\.pkg\.dev$/;

/** Docker's limit for a repository name, host excluded. */
const NAME_LENGTH_MAX = 255;

/** Whether a host is this machine, where plain HTTP may be spoken. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Says what a host is. Google's hosts are matched whole and never by suffix: `mirror.gcr.io` and
 * `us-docker-pkg.dev` are not among them.
 */
export function hostKind(host: string): HostKind {
  if (locationOf(host) !== null) return 'google';
  return isLoopback(host) ? 'loopback' : 'other';
}

/** Where one of Google's hosts keeps its images: `us`, `europe-west1`. null for a host of anybody else. */
export function locationOf(host: string): string | null {
  return GCR_LOCATIONS.get(host) ?? PKG_DEV.exec(host)?.[1] ?? PKG_DEV_REGIONAL.exec(host)?.[1] ?? null;
}

/** A registry by itself: what `/v2/` is asked for. */
export interface Registry {
  readonly host: string;
  readonly kind: HostKind;
  /** As `locationOf` says. */
  readonly location: string | null;
}

/**
 * Parses a registry's host, with or without a port.
 * @throws WardenError REFERENCE_INVALID
 */
export function parseRegistry(text: string): Registry {
  checkHost(text, text);
  return { host: text, kind: hostKind(text), location: locationOf(text) };
}

/** Whether a text is a tag (distribution reference grammar, at most 128 characters). */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

function refuse(text: string, why: string): never {
  const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  throw new WardenError(
    'REFERENCE_INVALID',
    `${JSON.stringify(shown)} is not an image reference: ${why}. Write HOST/PROJECT[/REPO]/IMAGE[:TAG][@sha256:…], for example europe-docker.pkg.dev/acme/services/api:1.2.3.`,
  );
}

function checkHost(text: string, host: string): void {
  if (!HOST.test(host)) refuse(text, `${JSON.stringify(host)} is not a host name in lower case`);
  if (!host.includes('.') && !host.includes(':') && host !== 'localhost') {
    refuse(text, `it has to begin with the registry's host, and ${JSON.stringify(host)} is none`);
  }
  const port = /:([0-9]+)$/.exec(host)?.[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    refuse(text, `${port} is not a port`);
  }
}

function checkName(text: string, name: string): void {
  if (name.length > NAME_LENGTH_MAX) refuse(text, `the name is longer than ${NAME_LENGTH_MAX} characters`);
  for (const component of name.split('/')) {
    if (!NAME_COMPONENT.test(component)) {
      refuse(
        text,
        `${JSON.stringify(component)} is not a path component (lower case, digits, and single . _ - between them)`,
      );
    }
  }
}

/**
 * Parses `HOST/NAME[:TAG][@DIGEST]`. The host is always required: nothing is ever taken for Docker Hub.
 * @throws WardenError REFERENCE_INVALID
 */
export function parseImageReference(text: string): ImageReference {
  const slash = text.indexOf('/');
  if (slash <= 0) refuse(text, 'there is no host in it');
  const host = text.slice(0, slash);
  let rest = text.slice(slash + 1);
  let digest: Digest | null = null;
  let tag: string | null = null;
  const at = rest.indexOf('@');
  if (at >= 0) {
    const found = rest.slice(at + 1);
    if (!isDigest(found))
      refuse(text, `${JSON.stringify(found.slice(0, 80))} is not sha256: and 64 hexadecimal digits`);
    digest = found;
    rest = rest.slice(0, at);
  }
  const colon = rest.indexOf(':');
  if (colon >= 0) {
    tag = rest.slice(colon + 1);
    if (!isTag(tag)) refuse(text, `${JSON.stringify(tag.slice(0, 140))} is not a tag`);
    rest = rest.slice(0, colon);
  }
  checkHost(text, host);
  checkName(text, rest);
  return { repository: { host, name: rest }, tag, digest };
}

/**
 * Parses `HOST/NAME` and refuses a tag or a digest.
 * @throws WardenError REFERENCE_INVALID
 */
export function parseRepository(text: string): Repository {
  const reference = parseImageReference(text);
  if (reference.tag !== null || reference.digest !== null)
    refuse(text, 'a repository has no tag and no digest');
  return reference.repository;
}

/**
 * Parses what a command works on: `HOST/PROJECT[/REPO[/IMAGE]]`.
 * @throws WardenError REFERENCE_INVALID
 */
export function parseTarget(text: string): Target {
  const { host, name } = parseRepository(text.replace(/\/+$/, ''));
  return { host, prefix: name };
}

/** Whether a repository lies at or below a target. */
export function withinTarget(target: Target, repository: Repository): boolean {
  return (
    repository.host === target.host &&
    (repository.name === target.prefix || repository.name.startsWith(`${target.prefix}/`))
  );
}

/** Prints a repository as Google's tools write it: `HOST/NAME`. */
export function formatRepository(repository: Repository): string {
  return `${repository.host}/${repository.name}`;
}

/** Prints a reference so that `docker`, `crane` and `gcloud` take it. */
export function formatImageReference(reference: ImageReference): string {
  const tag = reference.tag === null ? '' : `:${reference.tag}`;
  const digest = reference.digest === null ? '' : `@${reference.digest}`;
  return `${formatRepository(reference.repository)}${tag}${digest}`;
}

/** Prints a target: `HOST/PREFIX`. */
export function formatTarget(target: Target): string {
  return `${target.host}/${target.prefix}`;
}

/**
 * The Google Cloud project that owns a repository. A first path component with a dot is the domain of a
 * domain-scoped project: `gcr.io/example.com/my-project/img` belongs to `example.com:my-project`.
 */
export function projectOf(repository: Repository): string {
  return splitProject(repository.name).project;
}

/** How a project is written in the name of an image: `example.com:my-project` is `example.com/my-project` there. */
export function projectPath(project: string): string {
  return project.replace(':', '/');
}

/** The project that a name begins with, and the components after it. */
function splitProject(name: string): { readonly project: string; readonly rest: readonly string[] } {
  const [first = '', second = '', ...more] = name.split('/');
  if (first.includes('.') && second !== '') return { project: `${first}:${second}`, rest: more };
  return { project: first, rest: name.split('/').slice(1) };
}

/**
 * An image repository as Artifact Registry's API names it:
 * `projects/PROJECT/locations/LOCATION/repositories/REPOSITORY/packages/IMAGE`.
 */
export interface ArtifactRegistryImage {
  /** `us`, `europe-west1` */
  readonly location: string;
  /** `my-project`, or `example.com:my-project` */
  readonly project: string;
  /** `services`; `gcr.io`, `us.gcr.io`, … for what came from Container Registry. */
  readonly repository: string;
  /** May have slashes. */
  readonly image: string;
}

/**
 * What one of Google's hosts means by a name: `gcr.io/acme/api` is the image `api` of the repository `gcr.io`
 * in `us`. null where the host is not Google's, or the name ends before the image.
 */
export function artifactRegistryImage(repository: Repository): ArtifactRegistryImage | null {
  const location = locationOf(repository.host);
  const { project, rest } = splitProject(repository.name);
  const components = GCR_LOCATIONS.has(repository.host) ? [repository.host, ...rest] : rest;
  const [name, ...image] = components;
  if (location === null || name === undefined || image.length === 0) return null;
  return { location, project, repository: name, image: image.join('/') };
}

/**
 * The name under which an image is pulled: at the Container Registry host whose repository it lies in, and at
 * `LOCATION-docker.pkg.dev` otherwise.
 */
export function repositoryAt(image: ArtifactRegistryImage): Repository {
  const path = projectPath(image.project);
  return GCR_LOCATIONS.get(image.repository) === image.location
    ? { host: image.repository, name: `${path}/${image.image}` }
    : { host: `${image.location}-docker.pkg.dev`, name: `${path}/${image.repository}/${image.image}` };
}
