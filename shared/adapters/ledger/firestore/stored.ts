import type { DocumentSnapshot } from '@google-cloud/firestore';
import { WardenError } from '../../../core/error.ts';
import { unpackChunk } from '../packed.ts';

/** The form of the documents that this program writes, and the newest it reads. */
export const FORM_VERSION = 1;

/** The fields of one document, read with the checks that keep a changed or newer form from being misread. */
export class Stored {
  readonly #path: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @throws WardenError LEDGER_VERSION, LEDGER_UNREADABLE */
  constructor(snapshot: DocumentSnapshot) {
    this.#path = snapshot.ref.path;
    this.#fields = snapshot.data() ?? {};
    const version = this.integer('version');
    if (version > FORM_VERSION) {
      throw new WardenError(
        'LEDGER_VERSION',
        `Document ${this.#path} was written by a newer gcr-warden (form ${version}, this one reads ${FORM_VERSION}). Upgrade gcr-warden.`,
      );
    }
  }

  /** Whether the document has a field; earlier versions wrote fewer. */
  has(field: string): boolean {
    return Object.hasOwn(this.#fields, field);
  }

  text(field: string): string {
    const value = this.#fields[field];
    return typeof value === 'string' ? value : this.#refuse(field);
  }

  /** JSON in a text. */
  json<T>(field: string): T {
    try {
      return JSON.parse(this.text(field)) as T;
    } catch {
      return this.#refuse(field);
    }
  }

  textOrNull(field: string): string | null {
    return this.#fields[field] === null ? null : this.text(field);
  }

  integer(field: string): number {
    const value = this.#fields[field];
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : this.#refuse(field);
  }

  /** The values of a map of texts. */
  texts(field: string): readonly string[] {
    const value = this.#fields[field];
    if (value === null || typeof value !== 'object') return this.#refuse(field);
    const texts = Object.values(value);
    return texts.every((text) => typeof text === 'string') ? texts : this.#refuse(field);
  }

  flag(field: string): boolean {
    const value = this.#fields[field];
    return typeof value === 'boolean' ? value : this.#refuse(field);
  }

  /** A time, in milliseconds. */
  timeMs(field: string): number {
    const value = this.#fields[field];
    const isTime = value !== null && typeof value === 'object' && 'toMillis' in value;
    if (!isTime || typeof value.toMillis !== 'function') return this.#refuse(field);
    return Number(value.toMillis());
  }

  /** How large a packed list is. */
  sizeBytes(field: string): number {
    const content = this.#fields[field];
    return content instanceof Uint8Array ? content.byteLength : this.#refuse(field);
  }

  /** A packed list: gzipped JSON in `field`, its length in `countField`. */
  list<T>(field: string, countField: string): readonly T[] {
    const content = this.#fields[field];
    if (!(content instanceof Uint8Array)) return this.#refuse(field);
    return unpackChunk<T>({ content, count: this.integer(countField) }, `Document ${this.#path}`);
  }

  #refuse(field: string): never {
    throw new WardenError(
      'LEDGER_UNREADABLE',
      `Document ${this.#path} of the ledger holds no usable "${field}".`,
    );
  }
}
