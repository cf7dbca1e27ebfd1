import type { Digest } from './digest.ts';

/** The head of a digest is a number of 32 bits: its first hexadecimal digits. */
const HEAD_DIGITS = 8;
const HEAD_BITS = 4 * HEAD_DIGITS;
const HEAD_AT = 'sha256:'.length;
/** More buckets would be more memory than it costs to look through the few that share one. */
const BUCKET_BITS_MAX = 20;

/**
 * Finds places in a list by digest. Digests are spread evenly, so the first digits of one say almost where it
 * stands among sorted ones; a map of a hundred thousand would cost more to fill than all that is asked of it.
 */
export class DigestFinder<T> {
  /** Sorted by digest, each once. */
  readonly sorted: readonly T[];
  /** Those of `sorted`: what has them need not be fetched from memory to compare them. */
  readonly #digests: readonly Digest[];
  readonly #index: HeadIndex | null;

  /** @param listed in any order; one that is sorted and names each digest once is taken as it is */
  constructor(listed: readonly T[], digestOf: (one: T) => Digest) {
    this.sorted = listed;
    this.#digests = listed.map(digestOf);
    let index = indexHeads(this.#digests);
    if (index === null) {
      const each = new Map(listed.map((one) => [digestOf(one), one]));
      this.sorted = [...each.values()].sort((a, b) => (digestOf(a) < digestOf(b) ? -1 : 1));
      this.#digests = this.sorted.map(digestOf);
      index = indexHeads(this.#digests);
    }
    this.#index = index;
  }

  /** The place in `sorted` of what has this digest; -1 where nothing has. */
  find(digest: Digest): number {
    const index = this.#index;
    // Digits that are none, which no digest that was checked has: all of the list is searched through.
    if (index === null) return this.#search(digest, 0, this.#digests.length);
    const head = headOf(digest);
    if (head < 0) return -1;
    const { heads, begins, bucketBits } = index;
    const bucket = bucketOf(head, bucketBits);
    let low = begins[bucket] ?? 0;
    let end = begins[bucket + 1] ?? 0;
    // By heads, which lie side by side: a digest is only fetched from memory where it is almost sure to be it.
    while (low < end) {
      const middle = (low + end) >>> 1;
      const found = heads[middle] ?? 0;
      if (found === head) return this.#search(digest, low, end);
      if (found < head) low = middle + 1;
      else end = middle;
    }
    return -1;
  }

  #search(digest: Digest, from: number, to: number): number {
    let low = from;
    let end = to;
    while (low < end) {
      const middle = (low + end) >>> 1;
      const found = this.#digests[middle] ?? digest;
      if (found === digest) return middle;
      if (found < digest) low = middle + 1;
      else end = middle;
    }
    return -1;
  }
}

interface HeadIndex {
  /** The head of each digest. */
  readonly heads: Uint32Array;
  /** Where each bucket begins, and one more place: where the last one ends. A bucket is named by a head's first bits. */
  readonly begins: Uint32Array;
  readonly bucketBits: number;
}

/** What each character is as a hexadecimal digit, by its code; -1 where it is none. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);

/** The number that a digest's first digits are; -1 where one of them is no digit. */
function headOf(digest: Digest): number {
  let head = 0;
  let seen = 0;
  for (let at = HEAD_AT; at < HEAD_AT + HEAD_DIGITS; at++) {
    const digit = DIGITS[digest.charCodeAt(at)] ?? -1;
    head = (head << 4) | digit;
    seen |= digit;
  }
  return seen < 0 ? -1 : head >>> 0;
}

function bucketOf(head: number, bucketBits: number): number {
  // A shift by all 32 bits would be one by none.
  return bucketBits === 0 ? 0 : head >>> (HEAD_BITS - bucketBits);
}

/** null where the list is not sorted, names a digest twice, or is not of digests. */
function indexHeads(listed: readonly Digest[]): HeadIndex | null {
  const bucketBits = Math.min(BUCKET_BITS_MAX, 32 - Math.clz32(listed.length));
  const heads = new Uint32Array(listed.length);
  const begins = new Uint32Array(2 ** bucketBits + 1);
  let next = 0;
  let before = '';
  let headBefore = 0;
  for (let at = 0; at < listed.length; at++) {
    const digest = listed[at] ?? 'sha256:';
    const head = headOf(digest);
    if (head < headBefore || (head === headBefore && digest <= before)) return null;
    heads[at] = head;
    before = digest;
    headBefore = head;
    for (const bucket = bucketOf(head, bucketBits); next <= bucket; next++) begins[next] = at;
  }
  begins.fill(listed.length, next);
  return { heads, begins, bucketBits };
}

/** Numbers of 53 bits sort without a comparison function: the head, then the place. */
const PLACE_FACTOR = 2 ** 20;

/** Sorts digests, in a fifth of the time that comparing their texts takes. */
export function sortDigests(digests: readonly Digest[]): Digest[] {
  const keys = Float64Array.from(digests, (digest, at) => headOf(digest) * PLACE_FACTOR + at);
  if (digests.length > PLACE_FACTOR || keys.some((key) => key < 0)) return digests.toSorted();
  keys.sort();
  const sorted = Array.from(keys, (key) => digests[key % PLACE_FACTOR] as Digest);
  const headAt = (at: number): number => Math.floor((keys[at] ?? -1) / PLACE_FACTOR);
  // Those with the same head stand side by side, and are few unless somebody makes them up.
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1;
    while (headAt(to) === headAt(from)) to += 1;
    for (const [at, one] of to - from > 1 ? sorted.slice(from, to).sort().entries() : [])
      sorted[from + at] = one;
    from = to;
  }
  return sorted;
}
