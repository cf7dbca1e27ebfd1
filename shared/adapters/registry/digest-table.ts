import type { Digest } from '../../core/digest.ts';
import { HASH_SEED } from './byte-table.ts';
import { release, widened } from './column.ts';

/** Most repositories have fewer manifests. */
const COUNT_MIN = 256;
/** Of 32 bits each. */
export const DIGEST_WORDS = 8;
/** A power of two: of a number, the bits above name the segment, and those below the place in it. */
const SEGMENT_BITS = 14;
const SEGMENT_COUNT = 1 << SEGMENT_BITS;
const PLACE = SEGMENT_COUNT - 1;
const PREFIX = Buffer.from('sha256:');
const DIGEST_BYTES = PREFIX.length + 64;

/** The value of a lower-case hexadecimal digit; 16 for every other byte. */
const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => {
  const at = '0123456789abcdef'.indexOf(String.fromCharCode(byte));
  return at < 0 ? 16 : at;
});
const HEX_DIGIT = Buffer.from('0123456789abcdef');

/** Reads a digest as registries write it into 8 words, first digits first; false where it is none. */
export function readDigest(bytes: Buffer, from: number, to: number, words: Uint32Array): boolean {
  if (to - from !== DIGEST_BYTES) return false;
  for (let at = 0; at < PREFIX.length; at += 1) if (bytes[from + at] !== PREFIX[at]) return false;
  let at = from + PREFIX.length;
  for (let word = 0; word < DIGEST_WORDS; word += 1) {
    let value = 0;
    let wrong = 0;
    for (let digit = 0; digit < 8; digit += 1) {
      const nibble = HEX_VALUE[bytes[at] as number] as number;
      wrong |= nibble;
      value = (value << 4) | nibble;
      at += 1;
    }
    if (wrong > 15) return false;
    words[word] = value;
  }
  return true;
}

/** sha256 digests in 32 bytes each, named by a number: 0 for the first, 1 for the second and so on. */
export class DigestTable {
  /**
   * Half a megabyte each, so that a large listing, which is mostly this, is never there twice while it grows.
   * Only the first, while it is the only one, is shorter.
   */
  readonly #segments = [new Uint32Array(COUNT_MIN * DIGEST_WORDS)];
  /** The number plus 1 at the place that the first word names, or at the next free one; 0 where nothing is. */
  #slots = new Uint32Array(COUNT_MIN * 2);
  #count = 0;
  readonly #scratch = Buffer.alloc(DIGEST_BYTES);

  constructor() {
    PREFIX.copy(this.#scratch);
  }

  get count(): number {
    return this.#count;
  }

  /** The number of a digest, or -1 where it is not held. */
  find(words: Uint32Array, base = 0): number {
    const held = this.#slots[this.#slotOf(words, base)] as number;
    return held - 1;
  }

  /** The number of a digest, new or known. It is new where it equals what `count` was. */
  intern(words: Uint32Array, base = 0): number {
    const slot = this.#slotOf(words, base);
    const held = this.#slots[slot] as number;
    if (held !== 0) return held - 1;
    const id = this.#count;
    const segment = this.#roomFor(id);
    const at = (id & PLACE) * DIGEST_WORDS;
    for (let word = 0; word < DIGEST_WORDS; word += 1) segment[at + word] = words[base + word] as number;
    this.#slots[slot] = id + 1;
    this.#count += 1;
    if (this.#count * 4 > this.#slots.length * 3) this.#rehash();
    return id;
  }

  /** The number that a digest of another table has here, or -1. */
  findFrom(other: DigestTable, id: number): number {
    return this.find(other.#segmentOf(id), (id & PLACE) * DIGEST_WORDS);
  }

  internFrom(other: DigestTable, id: number): number {
    return this.intern(other.#segmentOf(id), (id & PLACE) * DIGEST_WORDS);
  }

  text(id: number): Digest {
    const scratch = this.#scratch;
    const segment = this.#segmentOf(id);
    const from = (id & PLACE) * DIGEST_WORDS;
    let at = PREFIX.length;
    for (let word = 0; word < DIGEST_WORDS; word += 1) {
      const value = segment[from + word] as number;
      for (let shift = 28; shift >= 0; shift -= 4) {
        scratch[at] = HEX_DIGIT[(value >>> shift) & 15] as number;
        at += 1;
      }
    }
    return scratch.toString('latin1', 0, DIGEST_BYTES) as Digest;
  }

  /** All numbers, in the order of their digests. */
  sorted(): Uint32Array {
    // Numbers of 53 bits sort without a comparison function: the first word, then the place.
    const keys = new Float64Array(this.#count);
    for (let id = 0; id < this.#count; id += 1) {
      keys[id] = this.#word(id, 0) * 0x20_0000 + id;
    }
    keys.sort();
    const ids = Uint32Array.from(keys, (key) => key % 0x20_0000);
    // Those with the same first word stand side by side, and are few unless somebody makes them up.
    for (let from = 0; from < ids.length; ) {
      let to = from + 1;
      while (to < ids.length && this.#firstWord(ids, to) === this.#firstWord(ids, from)) to += 1;
      if (to - from > 1) ids.subarray(from, to).sort((a, b) => this.#compare(a, b));
      from = to;
    }
    return ids;
  }

  /** Whether they were taken in ascending order. */
  isAscending(): boolean {
    for (let id = 1; id < this.#count; id += 1) if (this.#compare(id - 1, id) > 0) return false;
    return true;
  }

  /** Gives back all memory at once; nothing else may be asked afterwards. */
  release(): void {
    for (const segment of this.#segments) release(segment);
    release(this.#slots);
  }

  #segmentOf(id: number): Uint32Array {
    return this.#segments[id >>> SEGMENT_BITS] as Uint32Array;
  }

  #word(id: number, word: number): number {
    return this.#segmentOf(id)[(id & PLACE) * DIGEST_WORDS + word] as number;
  }

  /** The segment for a new number. */
  #roomFor(id: number): Uint32Array {
    const last = this.#segments.length - 1;
    const held = this.#segments[last] as Uint32Array<ArrayBuffer>;
    const heldCount = held.length / DIGEST_WORDS;
    if (id < last * SEGMENT_COUNT + heldCount) return held;
    if (heldCount === SEGMENT_COUNT) {
      const next = new Uint32Array(SEGMENT_COUNT * DIGEST_WORDS);
      this.#segments.push(next);
      return next;
    }
    const longer = widened(held, Math.min(heldCount * 4, SEGMENT_COUNT) * DIGEST_WORDS);
    this.#segments[last] = longer;
    return longer;
  }

  #firstWord(ids: Uint32Array, at: number): number {
    return this.#word(ids[at] as number, 0);
  }

  #compare(a: number, b: number): number {
    for (let word = 0; word < DIGEST_WORDS; word += 1) {
      const order = this.#word(a, word) - this.#word(b, word);
      if (order !== 0) return order;
    }
    return 0;
  }

  #slotOf(words: Uint32Array, base: number): number {
    const mask = this.#slots.length - 1;
    // Every word counts: digests that only begin alike must not share a place.
    let hash = HASH_SEED;
    for (let word = 0; word < DIGEST_WORDS; word += 1) {
      hash = Math.imul(hash ^ (words[base + word] as number), 0x01000193);
      hash ^= hash >>> 15;
    }
    let slot = hash & mask;
    for (let held = this.#slots[slot] as number; held !== 0; held = this.#slots[slot] as number) {
      if (this.#isAt(held - 1, words, base)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #isAt(id: number, words: Uint32Array, base: number): boolean {
    const segment = this.#segmentOf(id);
    const at = (id & PLACE) * DIGEST_WORDS;
    for (let word = 0; word < DIGEST_WORDS; word += 1) {
      if (segment[at + word] !== words[base + word]) return false;
    }
    return true;
  }

  #rehash(): void {
    const { length } = this.#slots;
    release(this.#slots);
    this.#slots = new Uint32Array(length * 2);
    for (let id = 0; id < this.#count; id += 1) {
      this.#slots[this.#slotOf(this.#segmentOf(id), (id & PLACE) * DIGEST_WORDS)] = id + 1;
    }
  }
}
