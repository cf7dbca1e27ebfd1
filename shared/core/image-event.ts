import type { Digest } from './digest.ts';
import { WardenError } from './error.ts';
import type { PushMessage } from './push-message.ts';
import { formatRepository, parseImageReference } from './reference.ts';

/** What a registry told about one image, as published to topic `gcr`. */
export interface ImageEvent {
  readonly version: 1;
  readonly messageId: string;
  /** Pub/Sub's publish time; the notification itself carries none. */
  readonly publishedAtMs: number;
  readonly action: 'INSERT' | 'DELETE';
  /** `HOST/NAME` */
  readonly repository: string;
  /** null where the notification names only a tag. */
  readonly digest: Digest | null;
  /** null where the notification names only a digest. */
  readonly tag: string | null;
}

function refuse(message: PushMessage, why: string): never {
  throw new WardenError('EVENT_INVALID', `Message ${message.messageId} is no registry notification: ${why}.`);
}

/**
 * Reads a registry notification: `{"action","digest"?,"tag"?}`, where both name the repository in full
 * (Artifact Registry, "Configure Pub/Sub notifications").
 * @throws WardenError EVENT_INVALID with the message id and the field
 */
export function parseImageEvent(message: PushMessage): ImageEvent {
  let body: unknown;
  try {
    body = JSON.parse(message.data);
  } catch {
    refuse(message, 'its data is not JSON');
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    refuse(message, 'its data is not an object');
  const { action, digest, tag } = body as Record<string, unknown>;
  if (action !== 'INSERT' && action !== 'DELETE') refuse(message, '"action" is neither INSERT nor DELETE');
  if (digest === undefined && tag === undefined) refuse(message, 'it names neither "digest" nor "tag"');
  const byDigest = digest === undefined ? null : reference(message, 'digest', digest);
  const byTag = tag === undefined ? null : reference(message, 'tag', tag);
  if (byDigest !== null && byDigest.digest === null) refuse(message, '"digest" holds no digest');
  if (byTag !== null && byTag.tag === null) refuse(message, '"tag" holds no tag');
  const repository = byDigest?.repository ?? byTag?.repository;
  if (repository === undefined) refuse(message, 'it names no repository');
  const name = formatRepository(repository);
  if (byDigest !== null && byTag !== null && formatRepository(byTag.repository) !== name) {
    refuse(message, '"digest" and "tag" name different repositories');
  }
  return {
    version: 1,
    messageId: message.messageId,
    publishedAtMs: message.publishedAtMs,
    action,
    repository: name,
    digest: byDigest?.digest ?? null,
    tag: byTag?.tag ?? null,
  };
}

function reference(message: PushMessage, field: string, value: unknown) {
  if (typeof value !== 'string') refuse(message, `"${field}" is not a text`);
  try {
    return parseImageReference(value);
  } catch {
    refuse(message, `"${field}" is not an image reference`);
  }
}
