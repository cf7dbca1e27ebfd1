import { isUtf8 } from 'node:buffer';

/** The longest sequence of bytes for one character. */
const SEQUENCE_MAX = 4;

/**
 * Whether a text that comes in pieces is UTF-8, as all JSON between systems has to be (RFC 8259, section 8.1).
 * A reader that passes over unknown names would take a garbled `next` for one of them, and a cut list for a
 * whole one.
 */
export class Utf8Check {
  /** The begin of a character whose other bytes are still to come. */
  #rest: Buffer = Buffer.alloc(0);

  /** False as soon as the text is none. */
  write(piece: Buffer): boolean {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const end = bytes.length - openBytes(bytes);
    this.#rest = Buffer.from(bytes.subarray(end));
    return isUtf8(bytes.subarray(0, end));
  }

  /** False where the text ends in the middle of a character. */
  end(): boolean {
    return this.#rest.length === 0;
  }
}

/** How many bytes at the end begin a character and do not end it. */
function openBytes(bytes: Buffer): number {
  for (let back = 1; back < SEQUENCE_MAX && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    // 10xxxxxx goes on; what it belongs to is further in front.
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}
