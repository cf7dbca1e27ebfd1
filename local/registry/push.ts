import type { Digest } from '../../shared/core/digest.ts';
import { WardenError } from '../../shared/core/error.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { type Descriptor, MANIFEST_MEDIA_TYPES } from '../../shared/core/manifest.ts';
import { isLoopback } from '../../shared/core/reference.ts';
import { type BuiltManifest, buildImage, buildIndex, type ImageContent, type IndexContent } from './image.ts';
import { LIMITS } from './limit.ts';
import type { Credential } from './token.ts';

/** Where to push to. */
export interface PushTarget {
  /** `localhost:5050` or `127.0.0.1:5050`; the registry's notifications name the host that is used here. */
  readonly registry: string;
  /** The repository's name, for example `acme/services/api`. */
  readonly name: string;
  readonly credential?: Credential;
}

/** With no tags the manifest is pushed by digest and stays untagged. */
interface Tagged {
  readonly tags: readonly string[];
}

/** Longer than any answer of a registry on the same machine takes. */
const REQUEST_MS = 30_000;
/** What is shown of an answer that refuses. */
const SHOWN_BYTES = 2048;

/**
 * Pushes an image as a client does: token, missing blobs, manifest under each tag.
 * @returns the manifest's descriptor, for an index or a subject
 * @throws WardenError LOCAL_PUSH_FAILED
 */
export function pushImage(image: PushTarget & Tagged & ImageContent): Promise<Descriptor> {
  return push(image, buildImage(image), image.tags);
}

/**
 * Pushes an index over manifests that are in the same repository already.
 * @throws WardenError LOCAL_PUSH_FAILED
 */
export function pushIndex(index: PushTarget & Tagged & IndexContent): Promise<Descriptor> {
  return push(index, buildIndex(index), index.tags);
}

/**
 * Gives a manifest another tag, away from whatever had the tag before: reads the manifest and puts it back
 * under the tag, as every client has to.
 * @throws WardenError LOCAL_PUSH_FAILED
 */
export async function tagManifest(
  target: PushTarget & { readonly from: Digest | string; readonly tag: string },
): Promise<Descriptor> {
  const session = await openSession(target);
  const reply = await session.send('GET', `/manifests/${target.from}`, [200], {
    headers: { Accept: MANIFEST_MEDIA_TYPES.join(', ') },
  });
  const mediaType = reply.headers.get('content-type') ?? '';
  const bytes = await readBytes(reply, LIMITS.manifestBytes);
  const digest = sha256(bytes);
  if (digest !== reply.headers.get('docker-content-digest')) {
    throw new WardenError('LOCAL_PUSH_FAILED', `${target.from} did not arrive whole; it was not tagged.`);
  }
  await session.send('PUT', `/manifests/${target.tag}`, [201], {
    headers: { 'Content-Type': mediaType },
    body: bytes,
  });
  return { mediaType, digest, sizeBytes: bytes.length };
}

async function push(target: PushTarget, built: BuiltManifest, tags: readonly string[]): Promise<Descriptor> {
  const session = await openSession(target);
  for (const blob of built.blobs) {
    const { status } = await session.send('HEAD', `/blobs/${blob.digest}`, [200, 404]);
    if (status === 404) await pushBlob(session, blob.digest, blob.bytes);
  }
  for (const reference of tags.length === 0 ? [built.digest] : tags) {
    await session.send('PUT', `/manifests/${reference}`, [201], {
      headers: { 'Content-Type': built.mediaType },
      body: built.bytes,
    });
  }
  return { mediaType: built.mediaType, digest: built.digest, sizeBytes: built.bytes.length };
}

async function pushBlob(session: Session, digest: Digest, bytes: Uint8Array): Promise<void> {
  const begun = await session.send('POST', '/blobs/uploads/', [202]);
  const location = new URL(begun.headers.get('location') ?? '', begun.url);
  location.searchParams.set('digest', digest);
  await session.send('PUT', location, [201], {
    headers: { 'Content-Type': 'application/octet-stream' },
    body: bytes,
  });
}

interface Session {
  /** Sends a request below the repository's path, or to a whole URL of the same registry. */
  send(
    method: string,
    where: string | URL,
    expected: readonly number[],
    content?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: Uint8Array },
  ): Promise<Response>;
}

async function openSession({ registry, name, credential }: PushTarget): Promise<Session> {
  if (!isLoopback(registry)) {
    throw new WardenError(
      'LOCAL_PUSH_FAILED',
      `${registry} is not this machine: images for trying things out are pushed to localhost only. Use skopeo, crane or docker for any other registry.`,
    );
  }
  const origin = `http://${registry}`;
  const authorization = await authorize(origin, name, credential);
  return {
    async send(method, where, expected, { headers = {}, body } = {}) {
      const url = typeof where === 'string' ? new URL(`${origin}/v2/${name}${where}`) : where;
      // The token is for this registry, whatever a Location says.
      if (url.origin !== new URL(origin).origin) {
        throw new WardenError('LOCAL_PUSH_FAILED', `${registry} sent the push on to ${url.origin}.`);
      }
      return await request(method, url, expected, {
        headers: { ...headers, ...authorization },
        ...(body === undefined ? {} : { body }),
      });
    },
  };
}

/** The header for a push: none where the registry lets everybody in. */
async function authorize(
  origin: string,
  name: string,
  credential: Credential | undefined,
): Promise<Record<string, string>> {
  const open = await request('GET', new URL(`${origin}/v2/`), [200, 401], {});
  await open.body?.cancel();
  if (open.status === 200) return {};
  const challenge = open.headers.get('www-authenticate') ?? '';
  const realm = /^Bearer\b.*\brealm="([^"]+)"/i.exec(challenge)?.[1];
  const url = new URL(realm ?? '/v2/token', origin);
  // A credential goes to the registry that was named, and to nobody it names.
  if (url.origin !== new URL(origin).origin) {
    throw new WardenError('LOCAL_PUSH_FAILED', `${origin} wants its tokens fetched from ${url.origin}.`);
  }
  url.searchParams.set('service', new URL(origin).host);
  url.searchParams.set('scope', `repository:${name}:pull,push`);
  const basic = credential && Buffer.from(`${credential.username}:${credential.password}`).toString('base64');
  const reply = await request('GET', url, [200], {
    headers: basic === undefined ? {} : { Authorization: `Basic ${basic}` },
  });
  const { token } = (await reply.json()) as { token: string };
  return { Authorization: `Bearer ${token}` };
}

async function request(
  method: string,
  url: URL,
  expected: readonly number[],
  content: { readonly headers?: Readonly<Record<string, string>>; readonly body?: Uint8Array },
): Promise<Response> {
  const what = `${method} ${url.origin}${url.pathname}`;
  let reply: Response;
  try {
    reply = await fetch(url, {
      method,
      headers: content.headers ?? {},
      // A copy in memory of its own: a view on shared memory is no body.
      body: content.body === undefined ? null : new Uint8Array(content.body),
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_MS),
    });
  } catch (cause) {
    throw new WardenError('LOCAL_PUSH_FAILED', `${what} got no answer. Is the local registry running?`, {
      cause,
      retryable: true,
    });
  }
  if (expected.includes(reply.status)) return reply;
  const shown = Buffer.from(await readBytes(reply, SHOWN_BYTES)).toString('utf8');
  throw new WardenError(
    'LOCAL_PUSH_FAILED',
    `${what} was answered with ${reply.status} and not ${expected.join(' or ')}: ${shown}`,
  );
}

/** The first `maxBytes` of a reply's body. */
async function readBytes(reply: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of reply.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}
