import type { Digest } from '../../core/digest.ts';
import { WardenError } from '../../core/error.ts';
import { formatRepository, type Repository } from '../../core/reference.ts';
import type { Clock, DeleteReply } from '../../ports.ts';
import type { GuardReader } from './guard.ts';
import { manifestPath } from './path.ts';
import type { RegistryComplaint, RegistryError } from './registry-error.ts';
import type { Session, SessionReply } from './session.ts';
import type { Scope } from './token.ts';

export interface DeletionOptions {
  readonly session: Session;
  readonly guardReader: GuardReader;
  readonly clock: Clock;
}

/**
 * How long after it was asked for a delete may be sent that depends on what the caller read directly before:
 * time for a token, not for a second minute of waiting.
 */
const FRESH_MS = 5_000;

/** Google's shared cache of Docker Hub. Nothing in it is anybody's to clean. */
const NEVER_CLEANED: ReadonlySet<string> = new Set(['mirror.gcr.io']);

/** Google refuses because something still points at the manifest. */
const CLAIMED_CODE = /^GOOGLE_MANIFEST_(?:DANGLING_TAG|DANGLING_PARENT_IMAGE|REFERRING_MANIFEST)$/;
const CLAIMED_TEXT = /\bstill referenced by\b|\bis referenced by\b/i;
const BLOCKED_CODES: ReadonlySet<string> = new Set([
  'DENIED',
  'UNSUPPORTED',
  'FAILED_PRECONDITION',
  'UNAUTHORIZED',
]);
/** The code for an immutable tag is not documented; its text names it. */
const BLOCKED_TEXT = /immutab/i;
/** "Permission "artifactregistry.versions.delete" denied on resource …"; "requested access to the resource is denied". */
const PERMISSION_TEXT = /\bpermission\b|\baccess to the resource is denied\b/i;

/**
 * Removes a tag by its name. Sent once and never again: after a failure that leaves open whether it was done,
 * the tag may be somebody else's by now, and the caller has to resolve it again.
 */
export async function deleteTag(
  repository: Repository,
  tag: string,
  options: DeletionOptions,
  maySend: () => boolean = () => true,
): Promise<DeleteReply> {
  // From here on, so that the way to the guard and to a token counts.
  const startBeforeMs = options.clock() + FRESH_MS;
  return asReply(repository, async () => {
    const guard = await options.guardReader.guard(repository);
    if (guard === 'removes tags too') {
      const reason = `${repository.host} can't remove a tag alone: with the tag it may delete the manifest and all its tags, so nothing was sent.`;
      return { kind: 'blocked', reason };
    }
    return options.session.send({
      host: repository.host,
      path: manifestPath(repository, { tag }),
      scope: deleteScope(repository, guard),
      method: 'DELETE',
      attemptsMax: 1,
      startBeforeMs,
      maySend,
    });
  });
}

/**
 * Deletes a manifest by its digest. Where the registry refuses a digest that something points at, that may be
 * sent again for as long as the transport allows; on a plain registry only as long as the caller's look at
 * its tags is fresh.
 */
export async function deleteDigest(
  repository: Repository,
  digest: Digest,
  options: DeletionOptions,
  maySend: () => boolean = () => true,
): Promise<DeleteReply> {
  const startBeforeMs = options.clock() + FRESH_MS;
  return asReply(repository, async () => {
    const guard = await options.guardReader.guard(repository);
    return options.session.send({
      host: repository.host,
      path: manifestPath(repository, digest),
      scope: deleteScope(repository, guard),
      method: 'DELETE',
      maySend,
      ...(guard === 'removes tags too' ? { startBeforeMs } : {}),
    });
  });
}

/** Google deletes with `pull,push` and knows no `delete`; elsewhere the challenge has the last word. */
function deleteScope(repository: Repository, guard: Awaited<ReturnType<GuardReader['guard']>>): Scope {
  return guard === 'refuses claimed digests'
    ? { kind: 'repository', name: repository.name, actions: 'pull,push', followsChallenge: false }
    : { kind: 'repository', name: repository.name, actions: 'pull,push,delete', followsChallenge: true };
}

async function asReply(
  repository: Repository,
  send: () => Promise<SessionReply | DeleteReply>,
): Promise<DeleteReply> {
  if (NEVER_CLEANED.has(repository.host)) {
    return { kind: 'blocked', reason: `${repository.host} is a shared cache and is never cleaned.` };
  }
  try {
    const reply = await send();
    return 'kind' in reply ? reply : classify(repository, reply);
  } catch (thrown) {
    if (!(thrown instanceof WardenError)) throw thrown;
    return { kind: 'failed', retryable: thrown.retryable, reason: thrown.message };
  }
}

function classify(repository: Repository, reply: SessionReply): DeleteReply {
  if (reply.status === 200 || reply.status === 202 || reply.status === 204) return { kind: 'deleted' };
  if (reply.status === 404) return { kind: 'already gone' };
  const failure = reply.failure();
  const reason = failure.message;
  if (reply.status === 429 || reply.status >= 500) return { kind: 'failed', retryable: true, reason };
  const claim = failure.complaints.find(isClaim);
  if (claim !== undefined) return { kind: 'claimed', detail: detailOf(claim) };
  if (isBlocked(failure)) {
    const blocked = { kind: 'blocked', reason: `${formatRepository(repository)}: ${reason}` } as const;
    return isOfRepository(failure) ? { ...blocked, of: 'repository' } : blocked;
  }
  return { kind: 'failed', retryable: failure.retryable, reason };
}

function isClaim({ code, message }: RegistryComplaint): boolean {
  return CLAIMED_CODE.test(code) || (code.startsWith('GOOGLE_MANIFEST_') && CLAIMED_TEXT.test(message));
}

function detailOf({ code, message }: RegistryComplaint): string {
  return message === '' ? code : `${code}: ${message}`;
}

/**
 * Whether every delete of the repository will fail like this one: a permission is missing, or deletes are
 * switched off. What is said of one tag or digest, as of an immutable tag, is said with the same statuses.
 */
function isOfRepository({ status, complaints }: RegistryError): boolean {
  if (complaints.some(({ message }) => BLOCKED_TEXT.test(message))) return false;
  if (status === 401 || status === 405) return true;
  return status === 403 && complaints.some(({ message }) => PERMISSION_TEXT.test(message));
}

/** Whether it will fail the same way until somebody changes something. */
function isBlocked({ status, complaints }: RegistryError): boolean {
  if (status === 401 || status === 403 || status === 405 || status === 412) return true;
  return complaints.some(({ code, message }) => BLOCKED_CODES.has(code) || BLOCKED_TEXT.test(message));
}
