import { type Digest, isDigest } from '../../shared/core/digest.ts';
import { messageOf } from '../../shared/core/error.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { type Descriptor, type Manifest, MEDIA_TYPES, parseManifest } from '../../shared/core/manifest.ts';
import { isTag } from '../../shared/core/reference.ts';
import { readBody } from './body.ts';
import { deleteReference, immutable } from './deletion.ts';
import type { Exchange, Registry } from './exchange.ts';
import type { ImageRepository } from './image-repository.ts';
import { LIMITS } from './limit.ts';
import { deleted, pushed, untagged } from './notification.ts';
import { manifestUnknown, problem, repositoryUnknown } from './problem.ts';
import { bytesReply, emptyReply, type Reply } from './reply.ts';

/** What can be pushed. Docker's schema 1 is not taken any more, by Google neither. */
const PUSHED_MEDIA_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociIndex,
]);

/** Layers that stay with their publisher: their media types say so, and registries do not ask for them. */
const FOREIGN_LAYER = /nondistributable|foreign/;

/** `/v2/NAME/manifests/TAG-OR-DIGEST`. */
export async function serveManifest(
  registry: Registry,
  exchange: Exchange,
  name: string,
  reference: string,
): Promise<Reply> {
  if (!isDigest(reference) && !isTag(reference)) {
    return reference.includes(':')
      ? problem(400, 'DIGEST_INVALID', 'A digest is sha256: and 64 hexadecimal digits in lower case')
      : problem(400, 'TAG_INVALID', 'A tag has 1 to 128 letters, digits, and _ . - after the first');
  }
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return readManifest(registry, name, reference);
    case 'PUT':
      return await putManifest(registry, exchange, name, reference);
    case 'DELETE':
      return await deleteManifest(registry, exchange, name, reference);
    default:
      return problem(405, 'UNSUPPORTED', 'The operation is unsupported.', {
        Allow: 'GET, HEAD, PUT, DELETE',
      });
  }
}

function readManifest(registry: Registry, name: string, reference: string): Reply {
  const repository = registry.repositories.find(name);
  if (repository === null) return repositoryUnknown(name);
  const digest = isDigest(reference) ? reference : repository.resolve(reference);
  const held = digest === null ? null : repository.manifest(digest);
  if (held === null) return manifestUnknown(reference);
  return bytesReply(200, held.mediaType, held.bytes, { 'Docker-Content-Digest': held.digest });
}

async function putManifest(
  registry: Registry,
  exchange: Exchange,
  name: string,
  reference: string,
): Promise<Reply> {
  const bytes = await readBody(exchange.body, LIMITS.manifestBytes, LIMITS.discardBytes);
  if (bytes === null) {
    return problem(413, 'SIZE_INVALID', `A manifest has at most ${LIMITS.manifestBytes} bytes`, {
      Connection: 'close',
    });
  }
  const digest = sha256(bytes);
  if (isDigest(reference) && reference !== digest) {
    return problem(400, 'DIGEST_INVALID', `The manifest's digest is ${digest} and not ${reference}`);
  }
  const contentType = exchange.headers['content-type']?.split(';')[0]?.trim() ?? '';
  if (!PUSHED_MEDIA_TYPES.has(contentType)) {
    return problem(400, 'MANIFEST_INVALID', `Manifests of type "${contentType}" are not taken`);
  }
  let manifest: Manifest;
  try {
    manifest = parseManifest(new TextDecoder('utf-8', { fatal: true }).decode(bytes), contentType);
  } catch (cause) {
    return problem(400, 'MANIFEST_INVALID', messageOf(cause));
  }
  if (manifest.mediaType !== contentType) {
    return problem(
      400,
      'MANIFEST_INVALID',
      `The manifest says "${manifest.mediaType}", the request "${contentType}"`,
    );
  }
  const createdAtMs = await readCreatedTime(registry, manifest);

  // From here to the end of the change nothing waits: what was checked still holds when it is written.
  const repository = registry.repositories.findOrCreate(name);
  if (repository === null) {
    return problem(403, 'DENIED', `This registry holds ${LIMITS.repositories} repositories already`);
  }
  const refusal = missingContent(registry, repository, manifest);
  if (refusal !== null) return refusal;
  const tag = isDigest(reference) ? null : reference;
  if (tag !== null && registry.dialect.immutableTags) {
    const current = repository.resolve(tag);
    if (current !== null && current !== digest) return immutable(tag);
  }
  const atMs = registry.now();
  // A manifest that is here already keeps its upload time: the content did not arrive again.
  if (repository.manifest(digest) === null) {
    if (!registry.repositories.reserve(bytes.length)) {
      return problem(
        403,
        'DENIED',
        `This registry holds ${LIMITS.manifestBytesTotal} bytes of manifests already`,
      );
    }
    repository.add({ digest, mediaType: contentType, bytes, manifest, uploadedAtMs: atMs, createdAtMs });
  }
  if (tag !== null) repository.tag(tag, digest);

  await registry.publish(pushed({ host: exchange.host, name }, digest, tag), atMs);
  // OCI 1.1: `OCI-Subject` tells the client that it need not keep the fallback tag.
  const subject = registry.dialect.referrers ? manifest.subject : null;
  return emptyReply(201, {
    Location: `/v2/${name}/manifests/${digest}`,
    'Docker-Content-Digest': digest,
    ...(subject === null ? {} : { 'OCI-Subject': subject.digest }),
  });
}

/** Refuses a manifest that names content which is not in this repository; its subject alone may be missing. */
function missingContent(registry: Registry, repository: ImageRepository, manifest: Manifest): Reply | null {
  for (const blob of manifest.blobs) {
    if (FOREIGN_LAYER.test(blob.mediaType)) continue;
    if (!repository.blobs.has(blob.digest)) return contentUnknown(blob.digest);
    const sizeBytes = registry.blobs.sizeBytes(blob.digest);
    if (sizeBytes !== blob.sizeBytes) return sizeDiffers(blob, sizeBytes);
  }
  for (const child of manifest.children) {
    const held = repository.manifest(child.digest);
    // An index may list blobs too: BuildKit writes its cache this way.
    const sizeBytes =
      held?.bytes.length ??
      (repository.blobs.has(child.digest) ? registry.blobs.sizeBytes(child.digest) : null);
    if (sizeBytes === null) return contentUnknown(child.digest);
    if (sizeBytes !== child.sizeBytes) return sizeDiffers(child, sizeBytes);
  }
  return null;
}

/** The specification has one code for a missing blob and a missing child. */
function contentUnknown(digest: Digest): Reply {
  return problem(
    400,
    'MANIFEST_BLOB_UNKNOWN',
    `The manifest names ${digest}, which is not in this repository`,
  );
}

function sizeDiffers(descriptor: Descriptor, sizeBytes: number | null): Reply {
  return problem(
    400,
    'MANIFEST_INVALID',
    `The manifest says that ${descriptor.digest} has ${descriptor.sizeBytes} bytes, but it has ${sizeBytes}`,
  );
}

/** The created time in an image's config, or null where there is none that can be read. It may be anything. */
async function readCreatedTime(registry: Registry, manifest: Manifest): Promise<number | null> {
  const config = manifest.blobs[0];
  if (config === undefined) return null;
  const bytes = await registry.blobs.read(config.digest, LIMITS.configBytes);
  if (bytes === null) return null;
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const created = (document as { created?: unknown } | null)?.created;
    const createdAtMs = typeof created === 'string' ? Date.parse(created) : Number.NaN;
    return Number.isNaN(createdAtMs) ? null : createdAtMs;
  } catch {
    return null;
  }
}

async function deleteManifest(
  registry: Registry,
  exchange: Exchange,
  name: string,
  reference: string,
): Promise<Reply> {
  const repository = registry.repositories.find(name);
  if (repository === null) return repositoryUnknown(name);
  const deletion = deleteReference(repository, reference, registry.dialect);
  const atMs = registry.now();
  switch (deletion.kind) {
    case 'refused':
      return deletion.reply;
    case 'untagged':
      await registry.publish(untagged({ host: exchange.host, name }, deletion.tag), atMs);
      return emptyReply(202);
    case 'deleted':
      registry.repositories.release(deletion.bytes);
      await registry.publish(deleted({ host: exchange.host, name }, deletion.digest), atMs);
      return emptyReply(202);
  }
}
