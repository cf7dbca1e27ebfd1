import { type Digest, isDigest } from '../../shared/core/digest.ts';
import type { Upload } from './blob-store.ts';
import type { Exchange, Registry } from './exchange.ts';
import { LIMITS } from './limit.ts';
import { problem } from './problem.ts';
import { emptyReply, type Reply } from './reply.ts';

/**
 * `HEAD`, `GET` and, on a plain registry, `DELETE /v2/NAME/blobs/DIGEST`. On Google clients delete no blobs:
 * they go by themselves.
 */
export async function serveBlob(
  registry: Registry,
  exchange: Exchange,
  name: string,
  digest: string,
): Promise<Reply> {
  const isPlain = registry.dialect.guard === 'plain';
  if (!['GET', 'HEAD', ...(isPlain ? ['DELETE'] : [])].includes(exchange.method)) {
    return unsupported(isPlain ? 'GET, HEAD, DELETE' : 'GET, HEAD');
  }
  if (!isDigest(digest)) return digestInvalid();
  const sizeBytes = registry.blobs.sizeBytes(digest);
  if (sizeBytes === null || registry.repositories.find(name)?.blobs.has(digest) !== true) {
    return problem(404, 'BLOB_UNKNOWN', `Blob ${digest} not found in repository "${name}"`);
  }
  if (exchange.method === 'DELETE') {
    // Distribution deletes a blob also where manifests name it.
    registry.repositories.find(name)?.blobs.delete(digest);
    const isUsed = (): boolean => registry.repositories.all().some(({ blobs }) => blobs.has(digest));
    await registry.blobs.remove(digest, isUsed);
    return emptyReply(202);
  }
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
  };
  const path = registry.blobs.pathOf(digest);
  const range = parseRange(exchange.headers.range, sizeBytes);
  if (range === null) {
    return { status: 200, headers, body: { kind: 'file', path, first: 0, last: sizeBytes - 1 } };
  }
  if (range === 'unsatisfiable') return emptyReply(416, { 'Content-Range': `bytes */${sizeBytes}` });
  const contentRange = `bytes ${range.first}-${range.last}/${sizeBytes}`;
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': contentRange },
    body: { kind: 'file', path, ...range },
  };
}

/** One byte range of RFC 9110; several ranges, or another unit, are answered with the whole blob. */
function parseRange(
  header: string | undefined,
  sizeBytes: number,
): { readonly first: number; readonly last: number } | 'unsatisfiable' | null {
  const [, from, to] = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return null;
  const end = sizeBytes - 1;
  const first = from === '' ? Math.max(0, sizeBytes - Number(to)) : Number(from);
  const last = from === '' || to === '' ? end : Math.min(Number(to), end);
  // RFC 9110: a range whose end lies before its begin is malformed, and ignored.
  if (from !== '' && to !== '' && Number(to) < first) return null;
  return first > last ? 'unsatisfiable' : { first, last };
}

/** `/v2/NAME/blobs/uploads/…`: the way of a blob into a repository. */
export async function serveUpload(
  registry: Registry,
  exchange: Exchange,
  name: string,
  id: string | null,
): Promise<Reply> {
  if (id === null)
    return exchange.method === 'POST' ? await beginUpload(registry, exchange, name) : unsupported('POST');
  const upload = registry.blobs.upload(name, id);
  if (upload === null) return uploadUnknown();
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return progress(204, upload);
    case 'PATCH':
      return (await receive(registry, exchange, upload)) ?? progress(202, upload);
    case 'PUT':
      return await finishUpload(registry, exchange, upload);
    case 'DELETE':
      return (await registry.blobs.cancel(id)) ? emptyReply(204) : busy();
    default:
      return unsupported('GET, HEAD, PATCH, PUT, DELETE');
  }
}

async function beginUpload(registry: Registry, exchange: Exchange, name: string): Promise<Reply> {
  const repository = registry.repositories.findOrCreate(name);
  if (repository === null) {
    return problem(403, 'DENIED', `This registry holds ${LIMITS.repositories} repositories already`);
  }
  const mount = exchange.query.get('mount');
  const from = exchange.query.get('from');
  // A token names one repository only, so that nothing in it can speak for the source of a mount: whoever may
  // push here may read every repository of this registry anyway.
  // OCI: where the source is not named, a registry may look for the blob everywhere.
  const sources = from === null ? registry.repositories.all() : [registry.repositories.find(from)];
  if (isDigest(mount) && sources.some((source) => source?.blobs.has(mount))) {
    repository.blobs.set(mount, registry.now());
    return stored(name, mount);
  }
  const upload = await registry.blobs.begin(name, performance.now());
  if (upload === null) {
    return problem(429, 'TOOMANYREQUESTS', `${LIMITS.openUploads} uploads are open already`);
  }
  // A POST that names the digest carries the whole blob.
  return exchange.query.has('digest')
    ? await finishUpload(registry, exchange, upload)
    : progress(202, upload);
}

async function finishUpload(registry: Registry, exchange: Exchange, upload: Upload): Promise<Reply> {
  const digest = exchange.query.get('digest');
  if (!isDigest(digest)) return digestInvalid();
  const refusal = await receive(registry, exchange, upload);
  if (refusal !== null) return refusal;
  const keep = (): void => {
    registry.repositories.findOrCreate(upload.repository)?.blobs.set(digest, registry.now());
  };
  switch (await registry.blobs.finish(upload.id, digest, keep)) {
    case 'busy':
      return busy();
    case 'digest differs':
      return problem(400, 'DIGEST_INVALID', `The bytes received do not have digest ${digest}`);
    case 'stored':
      return stored(upload.repository, digest);
  }
}

/** Appends the request's body to an upload: null, or the answer that ends the request. */
async function receive(registry: Registry, exchange: Exchange, upload: Upload): Promise<Reply | null> {
  const contentRange = exchange.headers['content-range'];
  if (contentRange !== undefined) {
    const first = /^(?:bytes[ =])?([0-9]{1,15})-[0-9]{1,15}(?:\/.*)?$/.exec(contentRange)?.[1];
    // Chunks come in order: one that does not begin where the last one ended is refused with what is here.
    if (first === undefined || Number(first) !== upload.receivedBytes) return outOfOrder(upload);
  }
  if (Number(exchange.headers['content-length'] ?? 0) > LIMITS.blobBytes) return tooLarge();
  const outcome = await registry.blobs.append(upload.id, exchange.body, performance.now());
  switch (outcome.kind) {
    case 'appended':
      return null;
    case 'busy':
      return busy();
    case 'too large':
      return tooLarge();
    case 'interrupted':
      return problem(400, 'BLOB_UPLOAD_INVALID', 'The body ended early');
  }
}

function progress(status: number, upload: Upload): Reply {
  return emptyReply(status, {
    Location: `/v2/${upload.repository}/blobs/uploads/${upload.id}`,
    Range: `0-${Math.max(0, upload.receivedBytes - 1)}`,
    'Docker-Upload-UUID': upload.id,
  });
}

function stored(name: string, digest: Digest): Reply {
  return emptyReply(201, { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest });
}

function outOfOrder(upload: Upload): Reply {
  const { headers } = progress(416, upload);
  return problem(416, 'RANGE_INVALID', `The upload goes on at byte ${upload.receivedBytes}`, headers);
}

function tooLarge(): Reply {
  // The rest of the body is not read, so that the connection can't be used again.
  return problem(413, 'SIZE_INVALID', `A blob has at most ${LIMITS.blobBytes} bytes`, {
    Connection: 'close',
  });
}

function busy(): Reply {
  return problem(409, 'BLOB_UPLOAD_INVALID', 'Another request is writing to this upload');
}

function uploadUnknown(): Reply {
  return problem(404, 'BLOB_UPLOAD_UNKNOWN', 'There is no such upload in this repository');
}

function digestInvalid(): Reply {
  return problem(400, 'DIGEST_INVALID', 'A digest is sha256: and 64 hexadecimal digits in lower case');
}

function unsupported(allow: string): Reply {
  return problem(405, 'UNSUPPORTED', 'The operation is unsupported.', { Allow: allow });
}
