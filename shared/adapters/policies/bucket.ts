import * as z from 'zod';
import { messageOf, WardenError } from '../../core/error.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { PolicyProblem } from '../../core/policy.ts';
import type { PolicyFolder } from '../../core/policy-file/folder.ts';
import { FILE_BYTES_MAX } from '../../core/policy-file/limits.ts';
import { type PolicyFile, tooLargePolicyFile } from '../../core/policy-file/parse.ts';
import { isLoopback } from '../../core/reference.ts';
import type { PolicyFileReader } from '../../ports.ts';
import { proxiedFetch } from '../http/proxied-fetch.ts';
import type { ProxySettings } from '../http/proxy.ts';
import { decodePolicyFile } from './bytes.ts';
import { FILES_MAX, isPolicyFileName } from './file-name.ts';

const STORAGE_ORIGIN = 'https://storage.googleapis.com';
const PAGE_SIZE = 500;
/** Pages until `FILES_MAX` objects, and as many again for objects that are no policies. */
const PAGES_MAX = (FILES_MAX / PAGE_SIZE) * 2;
/** A page of 500 objects with full metadata stays below 2 MiB. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 20_000;
const ATTEMPTS_MAX = 3;
const RETRY_PAUSE_MS = 250;
/** Objects read at the same time. */
const CONCURRENCY = 8;

const PAGE = z.object({
  nextPageToken: z.string().min(1).optional(),
  items: z
    .array(
      z.object({
        name: z.string(),
        size: z.string().regex(/^\d{1,15}$/),
        generation: z.string().regex(/^\d{1,20}$/),
        metadata: z.record(z.string(), z.string()).optional(),
      }),
    )
    .optional(),
});
type StoredObject = NonNullable<z.infer<typeof PAGE>['items']>[number];

/** Where policies are stored, and how to get there. */
export interface PolicyBucket {
  readonly bucket: string;
  /** Objects below this folder of the bucket; '' for the whole bucket. */
  readonly prefix: string;
  /** Cloud Storage's own origin, or a loopback one for a stand-in. */
  readonly baseUrl?: string;
  /** An access token, or null where none is wanted. Asked once a read. */
  readonly token: () => Promise<string | null>;
  /** The proxy for HTTPS; that of the environment where left out. */
  readonly proxy?: ProxySettings;
}

/**
 * Policy files of a Cloud Storage bucket (JSON API). The commit comes from each object's metadata `git-revision`,
 * which whoever copies the files there sets.
 * @throws WardenError POLICY_SOURCE_UNREADABLE at once where the bucket or the base URL can't be right
 */
export function policyBucketFiles(place: PolicyBucket): PolicyFileReader {
  const source = new BucketSource(place);
  return { read: () => source.read() };
}

class BucketSource {
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #origin: string;
  readonly #token: PolicyBucket['token'];
  readonly #fetch: typeof globalThis.fetch;

  constructor({ bucket, prefix, baseUrl = STORAGE_ORIGIN, token, proxy }: PolicyBucket) {
    this.#bucket = bucket;
    // Without the slash "policies" would also take objects of "policies-old/".
    this.#prefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    this.#token = token;
    this.#fetch = proxiedFetch(proxy);
    if (!/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(bucket)) {
      throw this.#unreadable('that is no name of a bucket', false);
    }
    const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
    const isAllowed =
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      url.username === '' &&
      url.password === '' &&
      (url.origin === STORAGE_ORIGIN || isLoopback(url.host));
    if (!isAllowed) {
      throw this.#unreadable(
        `tokens are sent to ${STORAGE_ORIGIN} or to this machine only; check the base URL`,
        false,
      );
    }
    this.#origin = url.origin;
  }

  async read(): Promise<PolicyFolder> {
    const token = await this.#token().catch((thrown: unknown) => {
      // What other libraries throw here can hold the reply of a token server; ours are made to be shown.
      if (thrown instanceof WardenError) throw thrown;
      throw this.#unreadable('there is no access token; check the credentials', true);
    });
    const objects = await this.#list(token);
    const files: PolicyFile[] = [];
    const unread: PolicyProblem[] = [];
    const waiting = objects.values();
    await Promise.all(
      Array.from({ length: CONCURRENCY }, async () => {
        for (const object of waiting) {
          const read = await this.#file(object, token);
          if ('text' in read) files.push(read);
          else unread.push(...read);
        }
      }),
    );
    return { files, unread };
  }

  async #list(token: string | null): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    let pageToken: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const url = new URL(`${this.#origin}/storage/v1/b/${encodeURIComponent(this.#bucket)}/o`);
      url.searchParams.set('prefix', this.#prefix);
      url.searchParams.set('maxResults', String(PAGE_SIZE));
      url.searchParams.set('fields', 'nextPageToken,items(name,size,generation,metadata)');
      if (pageToken !== undefined) url.searchParams.set('pageToken', pageToken);
      const bytes = await this.#get(url, token, PAGE_BYTES_MAX);
      if (bytes === 'too large') throw this.#unreadable('a page of its list is too large', false);
      const { items = [], nextPageToken } = this.#parsePage(bytes);
      if (!items.every(({ name }) => name.startsWith(this.#prefix))) {
        throw this.#unreadable('its list names objects that were not asked for', false);
      }
      found.push(...items.filter(({ name }) => isPolicyFileName(name)));
      if (found.length > FILES_MAX)
        throw this.#unreadable(`it holds more than ${FILES_MAX} policy files`, false);
      if (nextPageToken === undefined) return found;
      if (nextPageToken === pageToken) throw this.#unreadable('its list leads back to the same page', false);
      pageToken = nextPageToken;
    }
    throw this.#unreadable(`its list has more than ${PAGES_MAX} pages`, false);
  }

  #parsePage(bytes: Uint8Array): z.infer<typeof PAGE> {
    try {
      return PAGE.parse(JSON.parse(new TextDecoder().decode(bytes)));
    } catch (cause) {
      throw this.#unreadable('its list is not what Cloud Storage documents', false, cause);
    }
  }

  /** An object as a policy file, or its problems. */
  async #file(object: StoredObject, token: string | null): Promise<PolicyFile | readonly PolicyProblem[]> {
    const file = object.name.slice(this.#prefix.length);
    if (Number(object.size) > FILE_BYTES_MAX) return tooLargePolicyFile(file).problems;
    const url = new URL(
      `${this.#origin}/storage/v1/b/${encodeURIComponent(this.#bucket)}/o/${encodeURIComponent(object.name)}`,
    );
    url.searchParams.set('alt', 'media');
    // The listed generation, so that content and commit belong together even while files are being replaced.
    url.searchParams.set('generation', object.generation);
    const bytes = await this.#get(url, token, FILE_BYTES_MAX);
    return bytes === 'too large'
      ? tooLargePolicyFile(file).problems
      : decodePolicyFile(file, bytes, gitRevisionOf(object));
  }

  /** A successful reply's body, or that it is larger than allowed. */
  async #get(url: URL, token: string | null, bytesMax: number): Promise<Uint8Array | 'too large'> {
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt === ATTEMPTS_MAX;
      try {
        // No redirect is followed: the token is for this host.
        const reply = await this.#fetch(url, {
          headers: token === null ? {} : { authorization: `Bearer ${token}` },
          redirect: 'manual',
          signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        });
        if (reply.ok) return await bodyOf(reply, bytesMax);
        await reply.body?.cancel();
        const mayPass = reply.status === 429 || reply.status >= 500;
        if (!mayPass || last) {
          // A listed object that is gone was replaced meanwhile: another read finds the new one.
          const retryable = mayPass || (reply.status === 404 && url.searchParams.has('generation'));
          throw this.#unreadable(
            `GET ${url.pathname} answered ${reply.status}${hintFor(reply.status)}`,
            retryable,
          );
        }
      } catch (thrown) {
        if (thrown instanceof WardenError) throw thrown;
        if (last) throw this.#unreadable(`GET ${url.pathname} failed (${messageOf(thrown)})`, true, thrown);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS * attempt));
    }
  }

  #unreadable(why: string, retryable: boolean, cause?: unknown): WardenError {
    return new WardenError(
      'POLICY_SOURCE_UNREADABLE',
      `The policies in gs://${this.#bucket.slice(0, 80)}/${this.#prefix} can't be read: ${why}. Nothing is planned without all of them.`,
      { retryable, ...(cause === undefined ? {} : { cause }) },
    );
  }
}

function hintFor(status: number): string {
  if (status === 401 || status === 403) return ': grant roles/storage.objectViewer on the bucket';
  if (status === 404) return ': the bucket or the object is not there, or has just been replaced';
  return '';
}

async function bodyOf(reply: Response, bytesMax: number): Promise<Uint8Array | 'too large'> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the body, so a reply without end costs no more than the limit.
  for await (const chunk of reply.body ?? []) {
    length += chunk.byteLength;
    if (length > bytesMax) return 'too large';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function gitRevisionOf(object: StoredObject): Fact<string> {
  const revision = object.metadata?.['git-revision'];
  if (revision === undefined) return unknown('the stored object has no metadata git-revision');
  if (!/^[0-9a-f]{7,64}(?:-dirty)?$/.test(revision)) {
    return unknown("the stored object's metadata git-revision is no commit");
  }
  return known(revision);
}
