import { type Digest, isDigest } from '../../core/digest.ts';
import { sha256 } from '../../core/hash.ts';
import type { StoredManifest } from '../../core/journal.ts';
import { MANIFEST_MEDIA_TYPES } from '../../core/manifest.ts';
import { isManifestOf, manifestDigest } from '../../core/manifest-digest.ts';
import { formatRepository, type Repository } from '../../core/reference.ts';
import { manifestPath } from './path.ts';
import { RegistryError } from './registry-error.ts';
import type { Session, SessionReply } from './session.ts';
import type { Scope } from './token.ts';
import type { ReplyHeaders } from './transport.ts';

/** Distribution and Google refuse manifests above 4 MiB at the push. */
const MANIFEST_SIZE_MAX_BYTES = 4_194_304;
const ACCEPT = { accept: MANIFEST_MEDIA_TYPES.join(', ') } as const;

/** The registry's own words for "there is no such thing" (Harbor's last); a 404 without them may be a proxy's. */
const GONE_CODES: ReadonlySet<string> = new Set(['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'NOT_FOUND']);

/** What a tag points at. */
export interface ResolvedTag {
  readonly digest: Digest;
  /** The reply's type; null where it named none. */
  readonly mediaType: string | null;
}

/** The scope of every read. */
export function pullScope(repository: Repository): Scope {
  return { kind: 'repository', name: repository.name, actions: 'pull', followsChallenge: false };
}

/** Whether a reply says, in the registry's own words, that what was asked for does not exist. */
function saysGone(failure: RegistryError): boolean {
  return failure.status === 404 && failure.complaints.some(({ code }) => GONE_CODES.has(code));
}

function mediaTypeOf(headers: ReplyHeaders): string | null {
  const value = headers['content-type'];
  const type = typeof value === 'string' ? value.split(';')[0]?.trim() : undefined;
  return type === undefined || type === '' ? null : type;
}

/**
 * The digest a tag points at now; null where the registry says that there is no such tag.
 * @throws RegistryError, or WardenError CREDENTIALS_INVALID
 */
export async function resolveTag(
  session: Session,
  repository: Repository,
  tag: string,
): Promise<ResolvedTag | null> {
  const path = manifestPath(repository, { tag });
  const request = { host: repository.host, path, scope: pullScope(repository), headers: ACCEPT };
  const head = await session.send({ ...request, method: 'HEAD' });
  const told = head.headers['docker-content-digest'];
  if (head.status === 200 && told !== undefined) {
    if (!isDigest(told)) throw unusable(head, 'with a Docker-Content-Digest that is no sha256 digest');
    return { digest: told, mediaType: mediaTypeOf(head.headers) };
  }
  if (head.status !== 200 && head.status !== 404) throw head.failure();
  // A reply to HEAD has no body. Whether the tag is gone, and what an unnamed digest is, only a GET can tell.
  const reply = await session.send({ ...request, method: 'GET', bodyLimitBytes: MANIFEST_SIZE_MAX_BYTES });
  if (reply.status === 200) {
    const named = reply.headers['docker-content-digest'];
    const isNamed = isDigest(named) && isManifestOf(reply.body, named);
    if (named !== undefined && !isNamed) throw mismatch(reply, sha256(reply.body));
    return { digest: isNamed ? named : manifestDigest(reply.body), mediaType: mediaTypeOf(reply.headers) };
  }
  const failure = reply.failure();
  if (saysGone(failure)) return null;
  throw failure;
}

/**
 * A manifest's bytes, verified against its digest; null where the registry says that it is gone.
 * @throws RegistryError, or WardenError CREDENTIALS_INVALID
 */
export async function readManifest(
  session: Session,
  repository: Repository,
  digest: Digest,
): Promise<StoredManifest | null> {
  const reply = await session.send({
    host: repository.host,
    path: manifestPath(repository, digest),
    scope: pullScope(repository),
    headers: ACCEPT,
    method: 'GET',
    bodyLimitBytes: MANIFEST_SIZE_MAX_BYTES,
    // Safe for content that is verified by its digest.
    redirects: 'follow',
  });
  if (reply.status !== 200) {
    const failure = reply.failure();
    if (saysGone(failure)) return null;
    throw failure;
  }
  if (!isManifestOf(reply.body, digest)) throw mismatch(reply, sha256(reply.body));
  let content: string;
  try {
    // A byte order mark stays: the text has to make the same bytes again.
    content = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(reply.body);
  } catch {
    throw unusable(reply, 'with something that is not text in UTF-8');
  }
  const mediaType = declaredType(content) ?? mediaTypeOf(reply.headers) ?? '';
  return { repository: formatRepository(repository), digest, mediaType, content };
}

/** The document's own media type, which a registry wants back when the manifest is put there again. */
function declaredType(content: string): string | null {
  try {
    const document: unknown = JSON.parse(content);
    if (document !== null && typeof document === 'object' && 'mediaType' in document) {
      const { mediaType } = document;
      if (typeof mediaType === 'string' && mediaType !== '') return mediaType;
    }
  } catch {
    // Not JSON: whoever parses the manifest will say so.
  }
  return null;
}

function mismatch(reply: SessionReply, found: Digest): RegistryError {
  return new RegistryError(
    'REGISTRY_DIGEST_MISMATCH',
    `${reply.line.method} ${reply.line.url} answered with content of digest ${found}. Nothing of it is used. Check the registry, or a proxy in front of it.`,
    reply.line,
    { status: reply.status },
  );
}

function unusable(reply: SessionReply, why: string): RegistryError {
  return new RegistryError(
    'REGISTRY_BODY_INVALID',
    `${reply.line.method} ${reply.line.url} answered ${reply.status} ${why}. Nothing of it is used.`,
    reply.line,
    { status: reply.status },
  );
}
