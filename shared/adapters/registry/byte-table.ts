import { randomInt } from 'node:crypto';

const SEGMENT_BYTES = 1_048_576;
const SLOTS_MIN = 64;
/** Another one in every process, so that nobody can choose tags or digests that all want the same place. */
export const HASH_SEED = randomInt(2 ** 32);

/** FNV-1a, seeded. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = HASH_SEED;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * Short byte strings, each held once and named by a number: 0 for the first, 1 for the second and so on. A
 * hundred thousand tags cost what their letters cost, and no object each.
 */
export class ByteTable {
  readonly #segments: Buffer[] = [];
  /** Bytes used of the last segment. */
  #used = SEGMENT_BYTES;
  #segmentOf = new Uint32Array(SLOTS_MIN);
  #offsetOf = new Uint32Array(SLOTS_MIN);
  #lengthOf = new Uint32Array(SLOTS_MIN);
  #hashOf = new Uint32Array(SLOTS_MIN);
  /** The number plus 1 at the place that its hash names, or at the next free one; 0 where nothing is. */
  #slots = new Uint32Array(SLOTS_MIN * 2);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The number of these bytes, or -1 where they are not held. */
  find(bytes: Buffer, from: number, to: number): number {
    return (this.#slots[this.#slotOf(hashOf(bytes, from, to), bytes, from, to)] as number) - 1;
  }

  /** The number of these bytes, new or known. It is new where it equals what `count` was. */
  intern(bytes: Buffer, from: number, to: number): number {
    const hash = hashOf(bytes, from, to);
    const slot = this.#slotOf(hash, bytes, from, to);
    const held = this.#slots[slot] as number;
    return held === 0 ? this.#add(hash, slot, bytes, from, to) : held - 1;
  }

  /** The bytes of a number, as text in ASCII. */
  ascii(id: number): string {
    const segment = this.#segments[this.#segmentOf[id] as number] as Buffer;
    const from = this.#offsetOf[id] as number;
    return segment.toString('latin1', from, from + (this.#lengthOf[id] as number));
  }

  /** The number that what another table holds has here, or -1. */
  findFrom(other: ByteTable, id: number): number {
    const from = other.#offsetOf[id] as number;
    const segment = other.#segments[other.#segmentOf[id] as number] as Buffer;
    return this.find(segment, from, from + (other.#lengthOf[id] as number));
  }

  /** The number that what another table holds has here, new or known. */
  internFrom(other: ByteTable, id: number): number {
    const from = other.#offsetOf[id] as number;
    const segment = other.#segments[other.#segmentOf[id] as number] as Buffer;
    return this.intern(segment, from, from + (other.#lengthOf[id] as number));
  }

  #slotOf(hash: number, bytes: Buffer, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let held = this.#slots[slot] as number; held !== 0; held = this.#slots[slot] as number) {
      if (this.#hashOf[held - 1] === hash && this.#isAt(held - 1, bytes, from, to)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #isAt(id: number, bytes: Buffer, from: number, to: number): boolean {
    const length = to - from;
    if (this.#lengthOf[id] !== length) return false;
    const segment = this.#segments[this.#segmentOf[id] as number] as Buffer;
    const offset = this.#offsetOf[id] as number;
    for (let at = 0; at < length; at += 1) if (segment[offset + at] !== bytes[from + at]) return false;
    return true;
  }

  #add(hash: number, slot: number, bytes: Buffer, from: number, to: number): number {
    const length = to - from;
    if (this.#used + length > SEGMENT_BYTES) {
      this.#segments.push(Buffer.allocUnsafeSlow(Math.max(SEGMENT_BYTES, length)));
      this.#used = 0;
    }
    const id = this.#count;
    if (id === this.#hashOf.length) this.#widen();
    const last = this.#segments.length - 1;
    bytes.copy(this.#segments[last] as Buffer, this.#used, from, to);
    this.#segmentOf[id] = last;
    this.#offsetOf[id] = this.#used;
    this.#lengthOf[id] = length;
    this.#hashOf[id] = hash;
    this.#slots[slot] = id + 1;
    this.#used += length;
    this.#count += 1;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #widen(): void {
    const wider = (narrow: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
      const wide = new Uint32Array(narrow.length * 2);
      wide.set(narrow);
      return wide;
    };
    this.#segmentOf = wider(this.#segmentOf);
    this.#offsetOf = wider(this.#offsetOf);
    this.#lengthOf = wider(this.#lengthOf);
    this.#hashOf = wider(this.#hashOf);
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#count; id += 1) {
      let slot = (this.#hashOf[id] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}
