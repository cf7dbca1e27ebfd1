import { WardenError } from '../../../core/error.ts';
import { sha256 } from '../../../core/hash.ts';
import { packList } from '../packed.ts';
import { documentName, isShortened } from './document-name.ts';
import type { Documents, Fence, Fields, Write } from './documents.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Times that a record is read anew where it was replaced under the reader. */
const ATTEMPTS_MAX = 5;

export interface PackedRecord<T> {
  readonly head: Stored;
  readonly items: readonly T[];
}

/** Which record, and for which of the ledger's methods. */
export interface RecordPlace {
  readonly method: string;
  readonly collection: string;
  readonly name: string;
}

/**
 * A list with some fields, replaced as a whole; one document where it fits into one chunk, which it nearly
 * always does.
 *
 *     head (collection/NAME)        fields, generation, and the only chunk, or how many there are
 *     parts (collection-parts/…)    NAME~GENERATION~0 …, written before the head that names them
 *
 * Readers see the old record or the new one: a head never names a chunk that is not there yet, and one that
 * is gone by the time it is read means that the head is another by now.
 *
 * Cost: writing, one read and a write a chunk, and a delete for each chunk replaced where there were several.
 * Reading, one read, and one a chunk where there are several.
 */
export async function replaceRecord(
  documents: Documents,
  { method, collection, name }: RecordPlace,
  fields: Fields,
  items: readonly unknown[],
  fence: Fence | null = null,
): Promise<void> {
  const at = documents.collection(collection).doc(documentName(name));
  const parts = documents.collection(`${collection}-parts`);
  const chunks = packList(items);
  const generation = sha256(JSON.stringify([fields, chunks.map((chunk) => sha256(chunk.content))])).slice(
    'sha256:'.length,
  );
  const [before] = await documents.get(method, [at], ['version', 'generation', 'parts']);

  const isSplit = chunks.length > 1;
  const [only] = chunks;
  if (isSplit) {
    await documents.commitInParts(
      method,
      chunks.map(
        ({ content, count }, position): Write => ({
          kind: 'set',
          at: parts.doc(documentName(name, generation, String(position))),
          fields: { version: FORM_VERSION, count, items: content },
        }),
      ),
      fence,
    );
  }
  const head: Write = {
    kind: 'set',
    at,
    fields: {
      ...fields,
      ...(isShortened(at.id) ? { name } : {}),
      version: FORM_VERSION,
      generation,
      parts: isSplit ? chunks.length : 0,
      count: isSplit || only === undefined ? 0 : only.count,
      items: isSplit || only === undefined ? null : only.content,
    },
  };
  const stale: Write[] = [];
  if (before !== undefined) {
    const stored = new Stored(before);
    const former = stored.text('generation');
    if (former !== generation) {
      for (let position = 0; position < stored.integer('parts'); position += 1) {
        stale.push({ kind: 'delete', at: parts.doc(documentName(name, former, String(position))) });
      }
    }
  }
  await documents.commitInParts(method, [head, ...stale], fence);
}

/**
 * Reads a record, or null where there is none.
 * @throws WardenError LEDGER_UNREADABLE where a chunk is missing for good
 */
export async function readRecord<T>(
  documents: Documents,
  { method, collection, name }: RecordPlace,
): Promise<PackedRecord<T> | null> {
  const at = documents.collection(collection).doc(documentName(name));
  const parts = documents.collection(`${collection}-parts`);
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const [snapshot] = await documents.get(method, [at]);
    if (snapshot === undefined) return null;
    const head = new Stored(snapshot);
    const count = head.integer('parts');
    if (count === 0) {
      const items = head.integer('count') === 0 ? [] : head.list<T>('items', 'count');
      return { head, items };
    }
    const generation = head.text('generation');
    const references = Array.from({ length: count }, (_, position) =>
      parts.doc(documentName(name, generation, String(position))),
    );
    const found = new Map(
      (await documents.get(method, references)).map((part) => [part.id, new Stored(part)] as const),
    );
    const items: T[] = [];
    const isWhole = references.every((reference) => {
      const part = found.get(reference.id);
      if (part === undefined) return false;
      for (const item of part.list<T>('items', 'count')) items.push(item);
      return true;
    });
    if (isWhole) return { head, items };
  }
  throw new WardenError('LEDGER_UNREADABLE', `Parts of ${at.path} of the ledger are missing.`);
}
