import { randomInt } from 'node:crypto';
import { nextLength, release, widened, widenedBytes } from './column.ts';

const SEGMENT_BYTES = 1_048_576;
const SEGMENT_MIN_BYTES = 4_096;
/** Most repositories have fewer tags. */
const COUNT_MIN = 256;
/** Another one in every process, so that nobody can choose tags or digests that all want the same place. */
export const HASH_SEED = randomInt(2 ** 32);

/** FNV-1a, seeded. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = HASH_SEED;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * Byte strings of at most 255 bytes, each held once and named by a number: 0 for the first, 1 for the second and so on. A
 * hundred thousand tags cost what their letters cost, and no object each.
 */
export class ByteTable {
  /** Only the first, while it is the only one, is shorter than SEGMENT_BYTES. */
  readonly #segments: Buffer<ArrayBuffer>[] = [Buffer.from(new ArrayBuffer(SEGMENT_MIN_BYTES))];
  /** Bytes used of the last segment. */
  #used = 0;
  /** Where a string begins: its segment's number times SEGMENT_BYTES, and the place there. */
  #placeOf = new Uint32Array(COUNT_MIN);
  #lengthOf = new Uint8Array(COUNT_MIN);
  #hashOf = new Uint32Array(COUNT_MIN);
  /** The number plus 1 at the place that its hash names, or at the next free one; 0 where nothing is. */
  #slots = new Uint32Array(COUNT_MIN * 2);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The number of these bytes, or -1 where they are not held. */
  find(bytes: Buffer, from: number, to: number): number {
    return (this.#slots[this.#slotOf(hashOf(bytes, from, to), bytes, from, to)] as number) - 1;
  }

  /** The number of these bytes, at most 255, new or known. It is new where it equals what `count` was. */
  intern(bytes: Buffer, from: number, to: number): number {
    const hash = hashOf(bytes, from, to);
    const slot = this.#slotOf(hash, bytes, from, to);
    const held = this.#slots[slot] as number;
    return held === 0 ? this.#add(hash, slot, bytes, from, to) : held - 1;
  }

  /** The bytes of a number, as text in ASCII. */
  ascii(id: number): string {
    const segment = this.#segmentOf(id);
    const from = (this.#placeOf[id] as number) % SEGMENT_BYTES;
    return segment.toString('latin1', from, from + (this.#lengthOf[id] as number));
  }

  /** Whether they were taken in ascending order of their bytes. */
  isAscending(): boolean {
    for (let id = 1; id < this.#count; id += 1) if (this.#compare(id - 1, id) > 0) return false;
    return true;
  }

  /** The number that what another table holds has here, or -1. */
  findFrom(other: ByteTable, id: number): number {
    const from = (other.#placeOf[id] as number) % SEGMENT_BYTES;
    return this.find(other.#segmentOf(id), from, from + (other.#lengthOf[id] as number));
  }

  /** The number that what another table holds has here, new or known. */
  internFrom(other: ByteTable, id: number): number {
    const from = (other.#placeOf[id] as number) % SEGMENT_BYTES;
    return this.intern(other.#segmentOf(id), from, from + (other.#lengthOf[id] as number));
  }

  /** Gives back all memory at once; nothing else may be asked afterwards. */
  release(): void {
    for (const { buffer } of this.#segments) release({ buffer });
    release(this.#placeOf);
    release(this.#lengthOf);
    release(this.#hashOf);
    release(this.#slots);
  }

  #slotOf(hash: number, bytes: Buffer, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let held = this.#slots[slot] as number; held !== 0; held = this.#slots[slot] as number) {
      if (this.#hashOf[held - 1] === hash && this.isAt(held - 1, bytes, from, to)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Whether a number stands for these bytes. */
  isAt(id: number, bytes: Buffer, from: number, to: number): boolean {
    const length = to - from;
    if (id >= this.#count || this.#lengthOf[id] !== length) return false;
    const segment = this.#segmentOf(id);
    const offset = (this.#placeOf[id] as number) % SEGMENT_BYTES;
    for (let at = 0; at < length; at += 1) if (segment[offset + at] !== bytes[from + at]) return false;
    return true;
  }

  #compare(a: number, b: number): number {
    const fromA = (this.#placeOf[a] as number) % SEGMENT_BYTES;
    const fromB = (this.#placeOf[b] as number) % SEGMENT_BYTES;
    const toB = fromB + (this.#lengthOf[b] as number);
    return this.#segmentOf(a).compare(
      this.#segmentOf(b),
      fromB,
      toB,
      fromA,
      fromA + (this.#lengthOf[a] as number),
    );
  }

  #segmentOf(id: number): Buffer {
    return this.#segments[Math.floor((this.#placeOf[id] as number) / SEGMENT_BYTES)] as Buffer;
  }

  #add(hash: number, slot: number, bytes: Buffer, from: number, to: number): number {
    const length = to - from;
    this.#makeRoom(length);
    const id = this.#count;
    if (id === this.#hashOf.length) {
      this.#placeOf = widened(this.#placeOf, nextLength(id));
      this.#lengthOf = widenedBytes(this.#lengthOf, nextLength(id));
      this.#hashOf = widened(this.#hashOf, nextLength(id));
    }
    const last = this.#segments.length - 1;
    bytes.copy(this.#segments[last] as Buffer, this.#used, from, to);
    this.#placeOf[id] = last * SEGMENT_BYTES + this.#used;
    this.#lengthOf[id] = length;
    this.#hashOf[id] = hash;
    this.#slots[slot] = id + 1;
    this.#used += length;
    this.#count += 1;
    if (this.#count * 4 > this.#slots.length * 3) this.#rehash();
    return id;
  }

  #makeRoom(length: number): void {
    const last = this.#segments.length - 1;
    const held = this.#segments[last] as Buffer<ArrayBuffer>;
    if (this.#used + length <= held.length) return;
    if (held.length < SEGMENT_BYTES) {
      this.#segments[last] = Buffer.from(held.buffer.transfer(held.length * 4));
      return;
    }
    this.#segments.push(Buffer.from(new ArrayBuffer(SEGMENT_BYTES)));
    this.#used = 0;
  }

  #rehash(): void {
    const { length } = this.#slots;
    release(this.#slots);
    const slots = new Uint32Array(length * 2);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#count; id += 1) {
      let slot = (this.#hashOf[id] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}
