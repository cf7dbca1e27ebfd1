import { gunzipSync, gzipSync } from 'node:zlib';
import { messageOf, WardenError } from '../../core/error.ts';

/** A part of a list: gzipped JSON, and how many items it holds, which reading it checks. */
export interface PackedChunk {
  readonly content: Uint8Array;
  readonly count: number;
}

/** How large one chunk may get. */
export interface PackLimits {
  readonly itemsMax: number;
  /** Of the compressed content. */
  readonly contentBytesMax: number;
}

/**
 * Several thousand items to a chunk make cost follow chunks, not items. A Firestore document may hold
 * 1 MiB; we stay below 900 KiB with all its other fields.
 */
const CHUNK_LIMITS: PackLimits = { itemsMax: 4_000, contentBytesMax: 800 * 1024 };

/** JSON text of one chunk, before compression: what reading it may take in memory. */
const CHUNK_TEXT_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Packs a list into as few chunks as the limits allow, in order. An empty list has no chunk.
 * @throws WardenError LEDGER_TOO_LARGE where a single item is over the limit
 */
export function packList(items: readonly unknown[], limits: PackLimits = CHUNK_LIMITS): PackedChunk[] {
  const chunks: PackedChunk[] = [];
  for (let from = 0; from < items.length; from += limits.itemsMax) {
    // One chunk's texts at a time: those of all would be many times what is kept of them.
    const texts = items.slice(from, from + limits.itemsMax).map((item) => JSON.stringify(item));
    packTexts(texts, limits, chunks);
  }
  return chunks;
}

/**
 * Packs one item into one chunk.
 * @throws WardenError LEDGER_TOO_LARGE where it is over the limit
 */
export function packOne(item: unknown): Uint8Array {
  const chunks: PackedChunk[] = [];
  packTexts([JSON.stringify(item)], CHUNK_LIMITS, chunks);
  return chunks[0]?.content ?? new Uint8Array();
}

function packTexts(texts: readonly string[], limits: PackLimits, chunks: PackedChunk[]): void {
  const text = Buffer.from(`[${texts.join(',')}]`);
  const content = text.byteLength <= CHUNK_TEXT_BYTES_MAX ? gzipSync(text) : null;
  if (content !== null && content.byteLength <= limits.contentBytesMax) {
    chunks.push({ content, count: texts.length });
    return;
  }
  if (texts.length === 1) {
    throw new WardenError(
      'LEDGER_TOO_LARGE',
      `One record of ${text.byteLength} bytes is over the ledger's limit of ${limits.contentBytesMax} compressed bytes; it was not written.`,
    );
  }
  const middle = Math.ceil(texts.length / 2);
  packTexts(texts.slice(0, middle), limits, chunks);
  packTexts(texts.slice(middle), limits, chunks);
}

/**
 * Reads one chunk. `place` says where it stood, for the message.
 * @throws WardenError LEDGER_UNREADABLE where it is not what was written
 */
export function unpackChunk<T>(chunk: PackedChunk, place: string): readonly T[] {
  let items: unknown;
  try {
    items = JSON.parse(gunzipSync(chunk.content, { maxOutputLength: CHUNK_TEXT_BYTES_MAX }).toString('utf8'));
  } catch (cause) {
    throw new WardenError('LEDGER_UNREADABLE', `${place} can't be unpacked: ${messageOf(cause)}.`, { cause });
  }
  if (!Array.isArray(items) || items.length !== chunk.count) {
    throw new WardenError('LEDGER_UNREADABLE', `${place} does not hold the ${chunk.count} items it names.`);
  }
  return items as readonly T[];
}

/** Compresses one text of some kilobytes; quickly, since there are many. */
export function packText(text: string): Uint8Array {
  return gzipSync(text, { level: 1 });
}

/**
 * The text again. `place` says where it stood, for the message.
 * @throws WardenError LEDGER_UNREADABLE where it is not what was written
 */
export function unpackText(content: Uint8Array, place: string): string {
  try {
    return gunzipSync(content, { maxOutputLength: CHUNK_TEXT_BYTES_MAX }).toString('utf8');
  } catch (cause) {
    throw new WardenError('LEDGER_UNREADABLE', `${place} can't be unpacked: ${messageOf(cause)}.`, { cause });
  }
}
