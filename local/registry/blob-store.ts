import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Digest } from '../../shared/core/digest.ts';
import { LIMITS } from './limit.ts';

/** A blob on its way in. Its identifier is unguessable and belongs to one repository. */
export interface Upload {
  readonly id: string;
  readonly repository: string;
  /** Bytes received so far. */
  readonly receivedBytes: number;
}

/** What became of the bytes of one request. */
export type AppendOutcome =
  | { readonly kind: 'appended' }
  /** Another request is writing to the same upload. */
  | { readonly kind: 'busy' }
  /** The upload is over the limit, and gone. */
  | { readonly kind: 'too large' }
  /** The client went away; what arrived is kept and can be continued. */
  | { readonly kind: 'interrupted' };

interface OpenUpload extends Upload {
  receivedBytes: number;
  readonly path: string;
  readonly file: FileHandle;
  readonly hash: Hash;
  lastUsedAtMs: number;
  busy: boolean;
}

/**
 * Blobs as files named by their digest. Bytes go straight to disk and are hashed on the way; a file gets its
 * final name only after its digest was compared, so that a file under a digest always holds that content.
 */
export class BlobStore {
  readonly #blobDirectory: string;
  readonly #uploadDirectory: string;
  readonly #sizes = new Map<Digest, number>();
  readonly #uploads = new Map<string, OpenUpload>();
  /** A blob comes and goes in turn: one that goes must not take along the file of one that comes. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(blobDirectory: string, uploadDirectory: string) {
    this.#blobDirectory = blobDirectory;
    this.#uploadDirectory = uploadDirectory;
  }

  /** Opens a store in a directory, which is made where it is missing. Blobs of earlier runs are not known. */
  static async open(directory: string): Promise<BlobStore> {
    const blobDirectory = join(directory, 'sha256');
    await mkdir(blobDirectory, { recursive: true });
    // Inside the same directory, because a rename must not cross file systems.
    return new BlobStore(blobDirectory, await mkdtemp(join(directory, 'uploads-')));
  }

  /** A blob's size in bytes, or null where it is not here. */
  sizeBytes(digest: Digest): number | null {
    return this.#sizes.get(digest) ?? null;
  }

  /** Where a blob's content is. A digest is 64 hexadecimal digits by its type's check, so it names no other place. */
  pathOf(digest: Digest): string {
    return join(this.#blobDirectory, digest.slice('sha256:'.length));
  }

  /** Reads a blob of at most `maxBytes`; null where it is not here or larger. */
  async read(digest: Digest, maxBytes: number): Promise<Uint8Array | null> {
    const size = this.#sizes.get(digest);
    if (size === undefined || size > maxBytes) return null;
    const file = await open(this.pathOf(digest));
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  /** Begins an upload, or returns null where too many are open and none of them is idle. */
  async begin(repository: string, monotonicMs: number): Promise<Upload | null> {
    if (this.#uploads.size >= LIMITS.openUploads) await this.#discardIdle(monotonicMs);
    if (this.#uploads.size >= LIMITS.openUploads) return null;
    const id = randomUUID();
    const path = join(this.#uploadDirectory, id);
    const upload: OpenUpload = {
      id,
      repository,
      receivedBytes: 0,
      path,
      file: await open(path, 'wx'),
      hash: createHash('sha256'),
      lastUsedAtMs: monotonicMs,
      busy: false,
    };
    this.#uploads.set(id, upload);
    return upload;
  }

  /** An open upload of a repository, or null. */
  upload(repository: string, id: string): Upload | null {
    const upload = this.#uploads.get(id);
    return upload?.repository === repository ? upload : null;
  }

  /** Appends a request's body to an upload. */
  async append(id: string, body: Readable, monotonicMs: number): Promise<AppendOutcome> {
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.busy) return { kind: 'busy' };
    upload.busy = true;
    upload.lastUsedAtMs = monotonicMs;
    try {
      const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]();
      for (;;) {
        const next = await chunks.next().catch(() => null);
        if (next === null) return { kind: 'interrupted' };
        if (next.done === true) return { kind: 'appended' };
        if (upload.receivedBytes + next.value.length > LIMITS.blobBytes) {
          await this.#drop(upload);
          return { kind: 'too large' };
        }
        await upload.file.appendFile(next.value);
        upload.hash.update(next.value);
        upload.receivedBytes += next.value.length;
      }
    } catch (cause) {
      // The file may hold a part of a chunk that the hash has not seen.
      await this.#drop(upload);
      throw cause;
    } finally {
      upload.busy = false;
    }
  }

  /**
   * Ends an upload: keeps the blob where it has this digest, and forgets it otherwise. `keep` is called in the
   * moment in which the blob is there, for whoever holds on to it.
   */
  async finish(id: string, digest: Digest, keep: () => void): Promise<'stored' | 'digest differs' | 'busy'> {
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.busy) return 'busy';
    upload.busy = true;
    if (`sha256:${upload.hash.digest('hex')}` !== digest) {
      await this.#drop(upload);
      return 'digest differs';
    }
    this.#uploads.delete(id);
    await upload.file.close();
    await this.#inTurn(async () => {
      await rename(upload.path, this.pathOf(digest));
      this.#sizes.set(digest, upload.receivedBytes);
      keep();
    });
    return 'stored';
  }

  /** Removes a blob that nobody uses when its turn comes; its size in bytes, or null where it stays or is not here. */
  async remove(digest: Digest, isUsed: () => boolean): Promise<number | null> {
    return this.#inTurn(async () => {
      const sizeBytes = this.#sizes.get(digest);
      if (sizeBytes === undefined || isUsed()) return null;
      this.#sizes.delete(digest);
      await rm(this.pathOf(digest), { force: true });
      return sizeBytes;
    });
  }

  /** Gives an upload up; false where it does not exist or a request is writing to it. */
  async cancel(id: string): Promise<boolean> {
    const upload = this.#uploads.get(id);
    if (upload === undefined || upload.busy) return false;
    await this.#drop(upload);
    return true;
  }

  /** Ends all uploads and removes their files; blobs stay. */
  async close(): Promise<void> {
    for (const upload of [...this.#uploads.values()]) await this.#drop(upload);
    await rm(this.#uploadDirectory, { recursive: true, force: true });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #discardIdle(monotonicMs: number): Promise<void> {
    for (const upload of [...this.#uploads.values()]) {
      if (!upload.busy && monotonicMs - upload.lastUsedAtMs > LIMITS.uploadIdleMs) await this.#drop(upload);
    }
  }

  async #drop(upload: OpenUpload): Promise<void> {
    this.#uploads.delete(upload.id);
    await upload.file.close().catch(() => undefined);
    await rm(upload.path, { force: true });
  }
}
