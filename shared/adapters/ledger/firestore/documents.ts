import type {
  CollectionReference,
  DocumentData,
  DocumentReference,
  DocumentSnapshot,
  FieldValue,
  Firestore,
  Precondition,
  Query,
  QueryDocumentSnapshot,
  SetOptions,
  Timestamp,
} from '@google-cloud/firestore';
import { messageOf, WardenError } from '../../../core/error.ts';

/** What one call is billed for (cloud.google.com/firestore/pricing). */
export interface BilledOperations {
  /** The ledger's method. */
  readonly method: string;
  readonly reads: number;
  readonly writes: number;
  readonly deletes: number;
}

/** The parts of the client's module that are needed as values; the module is loaded when a ledger is opened. */
export interface ClientModule {
  readonly FieldValue: {
    delete(): FieldValue;
    maximum(value: number): FieldValue;
    serverTimestamp(): FieldValue;
  };
  readonly Timestamp: { fromMillis(ms: number): Timestamp };
}

export type Fields = Readonly<Record<string, unknown>>;

/**
 * One write of a commit. `ifUnchangedSince` is the snapshot that the update was made from. `amend` changes some
 * fields of a document that has to be there, and `remove` deletes one that has to be there.
 */
export type Write =
  | { readonly kind: 'create' | 'set' | 'merge'; readonly at: DocumentReference; readonly fields: Fields }
  | { readonly kind: 'update'; readonly ifUnchangedSince: DocumentSnapshot; readonly fields: Fields }
  | { readonly kind: 'amend'; readonly at: DocumentReference; readonly fields: Fields }
  | { readonly kind: 'delete' | 'remove'; readonly at: DocumentReference };

type Deletion = Extract<Write, { kind: 'delete' | 'remove' }>;

function isDeletion(write: Write): write is Deletion {
  return write.kind === 'delete' || write.kind === 'remove';
}

/** A document that a commit depends on. It is read in the commit's own transaction, which locks it until the end. */
export interface Fence {
  readonly at: DocumentReference;
  /** Throws where the commit must not be made; null where there is no such document. */
  readonly check: (snapshot: DocumentSnapshot | null) => void;
}

/**
 * `exists`: a document to be created is there. `changed`: one to be updated or removed is another by now, or
 * gone. Nothing of the commit was written then.
 */
export type CommitResult = 'done' | 'exists' | 'changed';

const CONDITIONAL: ReadonlySet<Write['kind']> = new Set(['update', 'amend', 'remove']);

/** gRPC status codes (grpc.io/docs/guides/status-codes), as far as they need an answer of their own. */
const GRPC = {
  cancelled: 1,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
} as const;

const RETRYABLE: ReadonlySet<unknown> = new Set([
  GRPC.cancelled,
  GRPC.deadlineExceeded,
  GRPC.resourceExhausted,
  GRPC.aborted,
  GRPC.internal,
  GRPC.unavailable,
]);

/**
 * Firestore takes 10 MiB a commit and its emulator 4 MiB, and both answer a larger one with a code that the
 * client retries for ten minutes: so no larger one is sent.
 */
const COMMIT_BYTES_MAX = 3 * 1024 * 1024;

/** Documents of one page of a query, so that each request ends in its time. */
const PAGE_DOCUMENTS = 300;

/**
 * What the ledger asks of Firestore, each call with a deadline, the operations it is billed for, and
 * failures as `WardenError`.
 */
export class Documents {
  readonly module: ClientModule;
  readonly #client: Firestore;
  readonly #deadlineMs: number;
  readonly #onBilled: (billed: BilledOperations) => void;
  #closed = false;
  /** Whether a call was left to itself at its deadline. */
  #gaveUp = false;

  constructor(
    client: Firestore,
    module: ClientModule,
    deadlineMs: number,
    onBilled: (billed: BilledOperations) => void,
  ) {
    this.#client = client;
    this.module = module;
    this.#deadlineMs = deadlineMs;
    this.#onBilled = onBilled;
  }

  collection(name: string): CollectionReference {
    return this.#client.collection(name);
  }

  /**
   * Writes all or nothing; with a fence, nothing unless it holds at the moment of the commit (one read more).
   * @throws WardenError LEDGER_TOO_LARGE, LEDGER_UNAVAILABLE, LEDGER_REFUSED, LEDGER_CLOSED, and what the fence throws
   */
  async commit(method: string, writes: readonly Write[], fence: Fence | null = null): Promise<CommitResult> {
    const sizeBytes = writes.reduce((sum, write) => sum + writeBytes(write), 0);
    if (sizeBytes > COMMIT_BYTES_MAX) {
      throw new WardenError(
        'LEDGER_TOO_LARGE',
        `${method} has ${sizeBytes} bytes to write at once, and at most ${COMMIT_BYTES_MAX} may be; nothing was written.`,
      );
    }
    const deletes = writes.filter(isDeletion).length;
    const bill = (reads: number): void =>
      this.#onBilled({ method, reads, writes: writes.length - deletes, deletes });
    try {
      await this.#within(method, async () => {
        if (fence === null) {
          const batch = this.#client.batch();
          addWrites(batch, writes);
          bill(0);
          return await batch.commit();
        }
        return await this.#client.runTransaction(async (transaction) => {
          bill(1);
          const snapshot = await transaction.get(fence.at);
          fence.check(snapshot.exists ? snapshot : null);
          addWrites(transaction, writes);
          return [];
        });
      });
      return 'done';
    } catch (thrown) {
      const code = codeOf(thrown);
      if (code === GRPC.alreadyExists) return 'exists';
      const conditional = writes.some(({ kind }) => CONDITIONAL.has(kind));
      // Of an update alone: a document that is gone, and two that were committed at the same instant.
      const isChanged = code === GRPC.failedPrecondition || code === GRPC.notFound || code === GRPC.aborted;
      if (conditional && isChanged) return 'changed';
      throw failure(method, thrown);
    }
  }

  /**
   * Writes in as many commits as it takes, in order. For what may be there in part.
   * @throws WardenError as `commit`
   */
  async commitInParts(method: string, writes: readonly Write[], fence: Fence | null = null): Promise<void> {
    let part: Write[] = [];
    let partBytes = 0;
    for (const write of writes) {
      const sizeBytes = writeBytes(write);
      if (part.length > 0 && partBytes + sizeBytes > COMMIT_BYTES_MAX) {
        await this.commit(method, part, fence);
        part = [];
        partBytes = 0;
      }
      part.push(write);
      partBytes += sizeBytes;
    }
    if (part.length > 0) await this.commit(method, part, fence);
  }

  /** The documents that exist among these, in no particular order. One read each, there or not. */
  async get(
    method: string,
    references: readonly DocumentReference[],
    fieldMask?: readonly string[],
  ): Promise<readonly DocumentSnapshot[]> {
    if (references.length === 0) return [];
    this.#onBilled({ method, reads: references.length, writes: 0, deletes: 0 });
    try {
      const options = fieldMask === undefined ? [] : [{ fieldMask: [...fieldMask] }];
      const snapshots = await this.#within(method, () => this.#client.getAll(...references, ...options));
      return snapshots.filter((snapshot) => snapshot.exists);
    } catch (thrown) {
      throw failure(method, thrown);
    }
  }

  /**
   * One page of a query. One read a document, and one where there is none.
   * @throws WardenError LEDGER_UNAVAILABLE, LEDGER_REFUSED, LEDGER_CLOSED
   */
  async query(method: string, query: Query): Promise<readonly QueryDocumentSnapshot[]> {
    try {
      const { docs } = await this.#within(method, () => query.get());
      this.#onBilled({ method, reads: Math.max(1, docs.length), writes: 0, deletes: 0 });
      return docs;
    } catch (thrown) {
      throw failure(method, thrown);
    }
  }

  /** The pages of a query, one after the other, until the last or until the reader stops. */
  async *pages(
    method: string,
    query: Query,
    pageDocuments = PAGE_DOCUMENTS,
  ): AsyncGenerator<readonly QueryDocumentSnapshot[]> {
    let from = query;
    for (;;) {
      const page = await this.query(method, from.limit(pageDocuments));
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < pageDocuments) return;
      from = query.startAfter(last);
    }
  }

  /**
   * All documents of a query.
   * @throws WardenError LEDGER_TOO_LARGE where there are more than `documentsMax`: part of them would be
   * taken for all
   */
  async all(method: string, query: Query, documentsMax: number): Promise<readonly QueryDocumentSnapshot[]> {
    const documents: QueryDocumentSnapshot[] = [];
    for await (const page of this.pages(method, query)) {
      documents.push(...page);
      if (documents.length > documentsMax) throw tooMany(method, documentsMax);
    }
    return documents;
  }

  /**
   * All documents of a query as they were at one moment, in one request that has to end in its time.
   * @throws WardenError as `all`
   */
  async allAtOnce(
    method: string,
    query: Query,
    documentsMax: number,
  ): Promise<readonly QueryDocumentSnapshot[]> {
    const documents = await this.query(method, query.limit(documentsMax + 1));
    if (documents.length > documentsMax) throw tooMany(method, documentsMax);
    return documents;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // The client waits ten minutes for what it still retries, and then throws where nobody can catch it.
    if (!this.#gaveUp) await this.#client.terminate();
  }

  /**
   * The client itself retries for up to ten minutes, longer than any caller lives. A write that was given
   * up may still arrive: every method can therefore be called again.
   */
  async #within<T>(method: string, call: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new WardenError('LEDGER_CLOSED', `${method} was called on a closed ledger.`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#gaveUp = true;
        reject(
          new WardenError(
            'LEDGER_UNAVAILABLE',
            `Firestore did not answer ${method} within ${this.#deadlineMs} ms. Try again; if it stays so, look at the database's status and the network.`,
            { retryable: true },
          ),
        );
      }, this.#deadlineMs);
    });
    try {
      return await Promise.race([call(), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function tooMany(method: string, documentsMax: number): WardenError<'LEDGER_TOO_LARGE'> {
  return new WardenError(
    'LEDGER_TOO_LARGE',
    `${method} would have to read more than ${documentsMax} documents of the ledger, and read none of them.`,
  );
}

/** What the client's batches and transactions have in common. */
interface WriteSink {
  create(at: DocumentReference, fields: DocumentData): unknown;
  set(at: DocumentReference, fields: DocumentData, options: SetOptions): unknown;
  update(at: DocumentReference, fields: DocumentData, precondition: Precondition): unknown;
  delete(at: DocumentReference, precondition?: Precondition): unknown;
}

function addWrites(to: WriteSink, writes: readonly Write[]): void {
  for (const write of writes) {
    if (isDeletion(write)) to.delete(write.at, write.kind === 'remove' ? { exists: true } : {});
    else if (write.kind === 'amend') to.update(write.at, { ...write.fields }, {});
    else if (write.kind === 'update') {
      const { ref, updateTime } = write.ifUnchangedSince;
      to.update(ref, { ...write.fields }, updateTime === undefined ? {} : { lastUpdateTime: updateTime });
    } else if (write.kind === 'create') to.create(write.at, { ...write.fields });
    else to.set(write.at, { ...write.fields }, { merge: write.kind === 'merge' });
  }
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : null;
}

function failure(method: string, cause: unknown): WardenError {
  if (cause instanceof WardenError) return cause;
  const why = messageOf(cause);
  if (RETRYABLE.has(codeOf(cause))) {
    return new WardenError('LEDGER_UNAVAILABLE', `Firestore failed at ${method}: ${why}. Try again.`, {
      cause,
      retryable: true,
    });
  }
  return new WardenError(
    'LEDGER_REFUSED',
    `Firestore refused ${method}: ${why}. Check that the database exists and that this account has roles/datastore.user on it.`,
    { cause },
  );
}

/** A write's size on the wire, roughly and never too small for what we store. */
function writeBytes(write: Write): number {
  return isDeletion(write) ? 200 : 700 + valueBytes(write.fields);
}

function valueBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + 8 + valueBytes(one), 0);
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.entries(value).reduce((sum, [key, one]) => sum + 16 + key.length + valueBytes(one), 0);
  }
  return 24;
}
