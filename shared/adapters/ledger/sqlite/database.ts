import { closeSync, fdatasync, fdatasyncSync, openSync, realpathSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { messageOf, WardenError } from '../../../core/error.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** SQLite's primary result codes (sqlite.org/rescode.html), as far as they need an answer of their own. */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_CORRUPT = 11;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

function resultCode(thrown: unknown): number | null {
  const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : null;
  // The low byte is the primary code; the rest tells variants of it apart.
  return typeof code === 'number' ? code & 0xff : null;
}

/** A piece of work that waits for the next commit. */
interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (thrown: unknown) => void;
}

const syncData = promisify(fdatasync);

/**
 * One ledger file. Every write is on the disk when its call returns or resolves: WAL with `synchronous = FULL`
 * syncs at each commit, and where the caller waits anyway the same sync is asked for beside everything else.
 * Other processes may have the file open too; writers wait for each other.
 */
export class Database {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #waiting: Waiting[] = [];
  #closed = false;
  /** SQLite's write-ahead log, opened a second time to be synced. It keeps no lock on this file. */
  #log: number | null = null;
  /** Whether something was committed since the last sync began. */
  #isAhead = false;
  /** Settles when no sync is under way. */
  #syncing: Promise<unknown> = Promise.resolve();
  /** The sync that has not begun yet. */
  #nextSync: Promise<void> | null = null;

  /**
   * Opens the file, creates it where there is none, and brings its schema up to date.
   * @throws WardenError LEDGER_UNAVAILABLE, LEDGER_UNREADABLE, LEDGER_VERSION, LEDGER_BUSY
   */
  constructor(path: string, busyTimeoutMs: number) {
    this.#path = path;
    this.#database = this.#guard(() => new DatabaseSync(path, { timeout: busyTimeoutMs }));
    try {
      this.#migrate();
    } catch (thrown) {
      this.close();
      throw thrown;
    }
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#guard(() => this.#statement(sql).all(...values));
  }

  /** The rows one by one, more than memory holds, as they were when the first was asked for. */
  *each(sql: string): Iterable<Row> {
    // A statement of its own: another that goes through the same rows would begin this one anew.
    const rows = this.#guard(() => this.#database.prepare(sql).iterate());
    for (;;) {
      const { done, value } = this.#guard(() => rows.next());
      if (done === true) return;
      yield value as Row;
    }
  }

  /** The first row, or null where there is none. */
  get(sql: string, ...values: SQLInputValue[]): Row | null {
    return this.#guard(() => this.#statement(sql).get(...values) ?? null);
  }

  /** The number of rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#statement(sql).run(...values).changes));
  }

  /**
   * All or nothing. Takes the write lock at the beginning, so that what is read inside is still true when
   * it is written. `work` must be synchronous: nothing else of this process can come between.
   */
  transaction<T>(work: () => T): T {
    this.#guard(() => this.#database.exec('BEGIN IMMEDIATE'));
    try {
      const result = work();
      this.#guard(() => this.#database.exec('COMMIT'));
      return result;
    } catch (thrown) {
      // A failure such as a full disk has rolled back already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw thrown;
    }
  }

  /**
   * As `transaction`, but together with everything else that is asked for in this turn of the event loop: what
   * many repositories write at once is one wait for the disk, and nothing else waits with it. One that throws
   * takes back its own work only. Resolves when it is on the disk.
   */
  async together<T>(work: () => T): Promise<T> {
    this.#guard(() => {});
    const value = await new Promise<T>((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#commitWaiting());
      this.#waiting.push({ work, resolve: (value) => resolve(value as T), reject });
    });
    await this.#onDisk();
    return value;
  }

  #commitWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    const done: (() => void)[] = [];
    try {
      // Without a sync, which `#onDisk` sees to: it would hold up every request that is under way.
      this.#guard(() => this.#database.exec('PRAGMA synchronous = NORMAL'));
      try {
        this.transaction(() => {
          for (const { work, resolve, reject } of waiting) {
            this.#guard(() => this.#database.exec('SAVEPOINT one'));
            try {
              const value = work();
              done.push(() => resolve(value));
            } catch (thrown) {
              // What rolled back everything, such as a full disk, has to fail everything.
              if (!this.#database.isTransaction) throw thrown;
              this.#database.exec('ROLLBACK TO one');
              done.push(() => reject(thrown));
            }
            this.#guard(() => this.#database.exec('RELEASE one'));
          }
        });
      } finally {
        this.#guard(() => this.#database.exec('PRAGMA synchronous = FULL'));
      }
    } catch (thrown) {
      for (const { reject } of waiting) reject(thrown);
      return;
    }
    this.#isAhead = true;
    for (const settle of done) settle();
  }

  /**
   * Resolves when everything that is committed by now is on the disk: what `synchronous = FULL` does at a commit,
   * done to the same file. A checkpoint, whoever makes it, syncs the log before it takes anything from it.
   */
  #onDisk(): Promise<void> {
    // A sync that has begun may have missed it; the one that follows is shared by all who wait.
    if (this.#nextSync === null) {
      const sync = this.#syncing.then(async () => {
        this.#nextSync = null;
        // Closing has synced it.
        if (!this.#isAhead) return;
        this.#isAhead = false;
        try {
          await syncData(this.#openLog());
        } catch (cause) {
          this.#isAhead = true;
          throw this.#failed(cause);
        }
      });
      this.#nextSync = sync;
      this.#syncing = sync.catch(() => {});
    }
    return this.#nextSync;
  }

  #openLog(): number {
    this.#log ??= openSync(`${realpathSync(this.#path)}-wal`, 'r+');
    return this.#log;
  }

  close(): void {
    if (this.#closed) return;
    if (this.#waiting.length > 0) this.#commitWaiting();
    if (this.#isAhead) this.#guard(() => fdatasyncSync(this.#openLog()));
    this.#isAhead = false;
    this.#closed = true;
    this.#statements.clear();
    this.#database.close();
    // Not under the sync that may be using it.
    void this.#syncing.then(() => {
      if (this.#log !== null) closeSync(this.#log);
      this.#log = null;
    });
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #pragma(name: string): number {
    return Number(this.#guard(() => this.#database.prepare(`PRAGMA ${name}`).get())?.[name]);
  }

  #migrate(): void {
    this.#guard(() => {
      this.#checkKind();
      this.#database.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
      this.#enterWal();
    });
    if (this.#pragma('user_version') === MIGRATIONS.length) return;
    this.transaction(() => {
      // Asked again inside the transaction: another process may have done it meanwhile.
      const version = this.#checkKind();
      for (const migration of MIGRATIONS.slice(version)) this.#guard(() => this.#database.exec(migration));
      this.#guard(() =>
        this.#database.exec(
          `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length};`,
        ),
      );
    });
  }

  /** Returns the schema's version, 0 for a new file. */
  #checkKind(): number {
    const version = this.#pragma('user_version');
    const isOurs = this.#pragma('application_id') === APPLICATION_ID;
    const tables = Number(this.#database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
    if (!isOurs && (version !== 0 || tables !== 0)) {
      throw new WardenError(
        'LEDGER_UNREADABLE',
        `${this.#path} is a SQLite file of another program, and was left as it is. Name another file for the ledger.`,
      );
    }
    if (version > MIGRATIONS.length) {
      throw new WardenError(
        'LEDGER_VERSION',
        `The ledger ${this.#path} was written by a newer gcr-warden (schema ${version}, this one knows ${MIGRATIONS.length}) and was left as it is. Upgrade gcr-warden, or name another file.`,
      );
    }
    return version;
  }

  /**
   * The first switch to WAL needs the file alone, and SQLite does not wait for that by itself when several
   * processes open a new file at once.
   */
  #enterWal(): void {
    const ATTEMPTS_MAX = 50;
    const PAUSE_MS = 20;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const mode = this.#database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
        if (mode === 'wal') return;
        throw new WardenError(
          'LEDGER_UNAVAILABLE',
          `The ledger ${this.#path} can't be kept in WAL mode (it is in ${String(mode)}). Keep it on a local file system.`,
        );
      } catch (thrown) {
        if (resultCode(thrown) !== SQLITE_BUSY || attempt === ATTEMPTS_MAX) throw thrown;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      }
    }
  }

  /** Runs one step on the database and gives what it throws its code. */
  #guard<T>(step: () => T): T {
    if (this.#closed) throw new WardenError('LEDGER_CLOSED', `The ledger ${this.#path} is closed.`);
    try {
      return step();
    } catch (cause) {
      if (cause instanceof WardenError) throw cause;
      const why = messageOf(cause);
      switch (resultCode(cause)) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
          throw new WardenError(
            'LEDGER_BUSY',
            `The ledger ${this.#path} is being written by another process (${why}). Try again when that has ended.`,
            { cause, retryable: true },
          );
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
          throw new WardenError('LEDGER_UNREADABLE', `${this.#path} is no readable ledger: ${why}.`, {
            cause,
          });
        case SQLITE_CANTOPEN:
          throw new WardenError(
            'LEDGER_UNAVAILABLE',
            `The ledger ${this.#path} can't be opened: ${why}. Its folder has to exist and be writable.`,
            { cause },
          );
        default:
          throw this.#failed(cause);
      }
    }
  }

  #failed(cause: unknown): WardenError {
    const why = messageOf(cause);
    return new WardenError('LEDGER_UNAVAILABLE', `The ledger ${this.#path} failed: ${why}.`, { cause });
  }
}
