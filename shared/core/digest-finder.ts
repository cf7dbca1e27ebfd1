import type { Digest } from './digest.ts';

/** What is found by its digest. */
interface Digested {
  readonly digest: Digest;
}

/** How many hexadecimal digits of a digest tell where it stands. */
const HEAD_DIGITS = 5;
const HEAD_BITS = 4 * HEAD_DIGITS;
const HEAD_AT = 'sha256:'.length;

/**
 * Finds places in a list by digest. Digests are spread evenly, so the first digits of one say almost where it
 * stands among sorted ones; a map of a hundred thousand would cost more to fill than all that is asked of it.
 */
export class DigestFinder<T extends Digested> {
  /** Sorted by digest, each once. */
  readonly sorted: readonly T[];
  readonly #bucketBits: number;
  /** Where each bucket begins, and one more place: where the last one ends. */
  readonly #begins: Uint32Array;

  /** @param listed in any order; one that is sorted and names each digest once is taken as it is */
  constructor(listed: readonly T[]) {
    let bits = Math.min(HEAD_BITS, 32 - Math.clz32(listed.length));
    this.sorted = listed;
    let begins = bucketsOf(listed, bits);
    if (begins === null) {
      const each = new Map(listed.map((one) => [one.digest, one]));
      this.sorted = [...each.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
      begins = bucketsOf(this.sorted, bits);
    }
    // Digits that are none, which no digest that was checked has: all in one bucket, to be searched through.
    if (begins === null) bits = 0;
    this.#bucketBits = bits;
    this.#begins = begins ?? Uint32Array.of(0, this.sorted.length);
  }

  /** The place in `sorted` of what has this digest; -1 where nothing has. */
  find(digest: Digest): number {
    const bucket = headOf(digest) >>> (HEAD_BITS - this.#bucketBits);
    // Of what is no digest there is no bucket.
    let low = this.#begins[bucket] ?? 0;
    let end = this.#begins[bucket + 1] ?? this.sorted.length;
    while (low < end) {
      const middle = (low + end) >>> 1;
      const found = this.sorted[middle]?.digest ?? digest;
      if (found === digest) return middle;
      if (found < digest) low = middle + 1;
      else end = middle;
    }
    return -1;
  }
}

/** What each character is as a hexadecimal digit, by its code; -1 where it is none. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);

/** The number that a digest's first digits are; negative where one of them is no digit. */
function headOf(digest: Digest): number {
  let head = 0;
  for (let at = HEAD_AT; at < HEAD_AT + HEAD_DIGITS; at++) {
    head = (head << 4) | (DIGITS[digest.charCodeAt(at)] ?? -1);
  }
  return head;
}

/** Where each bucket begins; null where the list is not sorted, names a digest twice, or is not of digests. */
function bucketsOf(listed: readonly Digested[], bits: number): Uint32Array | null {
  const begins = new Uint32Array(2 ** bits + 1);
  let next = 0;
  let before = '';
  let headBefore = 0;
  for (let at = 0; at < listed.length; at++) {
    const digest = listed[at]?.digest ?? 'sha256:';
    const head = headOf(digest);
    if (head < headBefore || (head === headBefore && digest <= before)) return null;
    before = digest;
    headBefore = head;
    for (const bucket = head >>> (HEAD_BITS - bits); next <= bucket; next++) begins[next] = at;
  }
  begins.fill(listed.length, next);
  return begins;
}
