import type { Digest } from '../../core/digest.ts';
import { messageOf } from '../../core/error.ts';
import type { StoredManifest } from '../../core/journal.ts';
import type { Repository } from '../../core/reference.ts';
import type { PutReply } from '../../ports.ts';
import { pullScope } from './manifest-source.ts';
import { manifestPath, repositoryPath } from './path.ts';
import type { Session } from './session.ts';
import type { Scope } from './token.ts';

/** Enough to push; the challenge of a registry may name no more than that, so it is not asked. */
function pushScope(repository: Repository): Scope {
  return { kind: 'repository', name: repository.name, actions: 'pull,push', followsChallenge: false };
}

/**
 * Whether a repository has a blob now. A registry that keeps blobs elsewhere answers with a redirect, which is
 * not followed: that it sends there is the answer.
 * @throws RegistryError, or WardenError CREDENTIALS_INVALID
 */
export async function hasBlob(session: Session, repository: Repository, digest: Digest): Promise<boolean> {
  const reply = await session.send({
    host: repository.host,
    path: `${repositoryPath(repository)}/blobs/${digest}`,
    scope: pullScope(repository),
    method: 'HEAD',
  });
  if (reply.status === 200 || [302, 303, 307, 308].includes(reply.status)) return true;
  if (reply.status === 404) return false;
  throw reply.failure();
}

/**
 * Puts a manifest where it was, byte for byte. Under its digest that may be sent any number of times; under a
 * tag it would overturn who pushed the tag meanwhile, so it is sent once.
 */
export async function putManifest(
  session: Session,
  repository: Repository,
  manifest: StoredManifest,
  tag: string | null,
): Promise<PutReply> {
  try {
    const reply = await session.send({
      host: repository.host,
      path: manifestPath(repository, tag === null ? manifest.digest : { tag }),
      scope: pushScope(repository),
      method: 'PUT',
      headers: { 'content-type': manifest.mediaType },
      body: manifest.content,
      ...(tag === null ? {} : { attemptsMax: 1 }),
    });
    if (reply.status === 201 || reply.status === 200) return { kind: 'put' };
    return { kind: 'failed', reason: reply.failure().message };
  } catch (problem) {
    return { kind: 'failed', reason: messageOf(problem) };
  }
}
