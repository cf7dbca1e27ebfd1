import { type Digest, isDigest } from './digest.ts';
import { WardenError } from './error.ts';
import type { PushMessage } from './push-message.ts';
import { formatRepository, isTag, parseRepository, type Repository, repositoryAt } from './reference.ts';

/** What somebody did to one reference of an image, as Artifact Registry wrote it into its audit log. */
export interface ImageAccess {
  /** `untag` takes a tag away, `delete` a manifest. */
  readonly kind: 'pull' | 'push' | 'untag' | 'delete';
  /** `HOST/NAME`, as the ledger names it: what came from Container Registry has that host's name. */
  readonly repository: string;
  /** As it is written in requests: `example.com:my-project` for a domain-scoped one. */
  readonly project: string;
  /** null where the request named a tag: the entry does not tell what that pointed at. */
  readonly digest: Digest | null;
  readonly tag: string | null;
  readonly atMs: number;
  /** Who did it; null where Google left that out. */
  readonly principal: string | null;
  readonly insertId: string;
  /**
   * Why it says nothing of an image's use: it failed, or it was one of our own accounts, a scanner or Google's own
   * agent. null where it counts. Entries that do not count still show that entries are written.
   */
  readonly disregarded: string | null;
  readonly hasFailed: boolean;
  /** Whether it was one of our own accounts. */
  readonly isOwn: boolean;
}

/** An entry of the audit log, or why it is none of ours to read. */
export type AuditLogEntry =
  | { readonly kind: 'access'; readonly access: ImageAccess }
  | { readonly kind: 'nothing'; readonly why: string };

const SERVICE = 'artifactregistry.googleapis.com';

/** Artifact Registry's names of the registry API's methods ("Audit logging", data access entries). */
const METHODS: ReadonlyMap<string, ImageAccess['kind'] | 'delete or untag'> = new Map([
  ['Docker-GetManifest', 'pull'],
  ['Docker-HeadManifest', 'pull'],
  ['Docker-PutManifest', 'push'],
  ['Docker-DeleteManifest', 'delete or untag'],
  ['Docker-DeleteTag', 'delete or untag'],
]);

/** Service agents that read images by themselves ("Service agents"): vulnerability scanning, and Artifact Registry for replication and upstreams. */
const AGENTS =
  /^service-\d+@(?:container-analysis|gcp-sa-containerscanning|gcp-sa-artifactregistry)\.iam\.gserviceaccount\.com$/;
/** What the scanner calls itself, whoever it works as. */
const SCANNER_USER_AGENT = /^ContainerAnalysis\b/;

const RESOURCE = /^projects\/([^/]+)\/locations\/([^/]+)\/repositories\/([^/]+)(?:\/|$)/;
/** The end of a registry request: everything before it is the name, which itself may have `manifests` in it. */
const MANIFEST_URL = /^(?:https?:\/\/[^/]+)?\/v2\/(.+)\/manifests\/([^/?#]+)(?:[?#].*)?$/;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Reads a Cloud Logging entry as a log sink publishes it to a topic (Cloud Logging, "LogEntry"; Cloud Audit Logs,
 * "AuditLog"). Only the request's address names the tag or digest, so an entry without a readable one is nothing.
 *
 * @param own accounts of the warden itself, in lower case
 * @throws WardenError LOG_ENTRY_INVALID for what is no log entry
 */
export function parseAuditLogEntry(
  message: Pick<PushMessage, 'messageId' | 'data'>,
  own: ReadonlySet<string>,
): AuditLogEntry {
  const refuse = (why: string): never => {
    throw new WardenError('LOG_ENTRY_INVALID', `Message ${message.messageId} is no log entry: ${why}.`);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(message.data);
  } catch {
    return refuse('its data is not JSON');
  }
  const entry = fieldsOf(parsed) ?? refuse('its data is not an object');
  const atMs = Date.parse(textOf(entry['timestamp']) ?? '');
  if (!Number.isFinite(atMs)) return refuse('"timestamp" is not a time');
  const insertId = textOf(entry['insertId']) ?? refuse('it has no "insertId"');
  const payload = fieldsOf(entry['protoPayload']);
  if (payload === null || payload['serviceName'] !== SERVICE) {
    return { kind: 'nothing', why: `it is no audit log of ${SERVICE}` };
  }
  const methodName = textOf(payload['methodName']) ?? '';
  const method = METHODS.get(methodName);
  if (method === undefined) return { kind: 'nothing', why: `${methodName} is no access to a manifest` };
  const found = MANIFEST_URL.exec(textOf(fieldsOf(payload['request'])?.['requestUrl']) ?? '');
  const place = RESOURCE.exec(textOf(payload['resourceName']) ?? '');
  const name = found?.[1];
  const reference = decoded(found?.[2] ?? '');
  if (name === undefined || reference === null || place === null) {
    return { kind: 'nothing', why: 'its request names no manifest' };
  }
  const digest = isDigest(reference) ? reference : null;
  if (digest === null && !isTag(reference)) {
    return { kind: 'nothing', why: 'its request names neither a tag nor a digest' };
  }
  const [, project = '', location = '', repositoryName = ''] = place;
  const repository = repositoryOf(project, location, repositoryName, name);
  if (repository === null)
    return { kind: 'nothing', why: 'its request and its resource name different images' };
  const principal = textOf(fieldsOf(payload['authenticationInfo'])?.['principalEmail']);
  const status = fieldsOf(payload['status']);
  const userAgent = textOf(fieldsOf(payload['requestMetadata'])?.['callerSuppliedUserAgent']) ?? '';
  return {
    kind: 'access',
    access: {
      kind: method === 'delete or untag' ? (digest === null ? 'untag' : 'delete') : method,
      repository: formatRepository(repository),
      project: decoded(project) ?? project,
      digest,
      tag: digest === null ? reference : null,
      atMs,
      principal,
      insertId,
      disregarded: whyDisregarded(status, principal, userAgent, own),
      hasFailed: codeOf(status) !== 0,
      isOwn: isOwn(principal, own),
    },
  };
}

function decoded(text: string): string | null {
  try {
    return text === '' ? null : decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** An empty status, or none, is success (google.rpc.Status: code 0). */
function codeOf(status: Fields | null): unknown {
  return status?.['code'] ?? 0;
}

function isOwn(principal: string | null, own: ReadonlySet<string>): boolean {
  return principal !== null && own.has(principal.toLowerCase());
}

function whyDisregarded(
  status: Fields | null,
  principal: string | null,
  userAgent: string,
  own: ReadonlySet<string>,
): string | null {
  const code = codeOf(status);
  if (code !== 0) return `it failed with code ${String(code)}`;
  if (isOwn(principal, own)) return 'it was an account of the warden';
  if (principal !== null && AGENTS.test(principal)) return `it was Google's own agent ${principal}`;
  return SCANNER_USER_AGENT.test(userAgent) ? 'it was a vulnerability scan' : null;
}

/**
 * The image that a request names, given where the entry says it lies. Through `LOCATION-docker.pkg.dev` the name
 * begins with project and repository; through a Container Registry host with the project alone.
 */
function repositoryOf(
  project: string,
  location: string,
  repository: string,
  name: string,
): Repository | null {
  const plainProject = decoded(project);
  if (plainProject === null) return null;
  const path = plainProject.replace(':', '/');
  const below = [`${path}/${repository}/`, `${path}/`].find((prefix) => name.startsWith(prefix));
  if (below === undefined) return null;
  const image = name.slice(below.length);
  try {
    return parseRepository(
      formatRepository(repositoryAt({ project: plainProject, location, repository, image })),
    );
  } catch {
    return null;
  }
}
