import type { Digest } from './digest.ts';
import type { Fact, TimeFact } from './fact.ts';
import { startHash } from './hash.ts';
import type { Artifact, InventoryHead } from './inventory.ts';

/** Two counts, one number for what is known, at most one for each of ten facts, and two for four times. */
const NUMBERS_PER_ARTIFACT = 17;

/** Artifacts that are hashed at a time: enough for a call to cost nothing, few enough to hold. */
const BATCH = 512;

const UNKNOWN = 0;
const NULL = 1;
const KNOWN = 2;
const AT_LATEST = 3;
const KINDS = 4;

/**
 * Takes the digest of everything that an inventory says, so that equal hashes mean that the same was judged.
 *
 * It is not taken over JSON: writing a hundred thousand artifacts as JSON, times and media types above all,
 * takes longer than judging them. For each batch of artifacts two columns are hashed instead: a text with
 * digests and tags, a line each, and numbers. Those of an artifact begin with how many tags and members it has
 * and which of its facts are known, which tells what the rest is. A text of free form is in the first column
 * once, quoted, and a number after that.
 */
export class InventoryHash {
  readonly #hash = startHash();
  readonly #numbers = new Float64Array(BATCH * NUMBERS_PER_ARTIFACT);
  #count = 0;
  #batched = 0;
  #texts: string[] = [];
  readonly #textNumbers = new Map<string, number>();
  /** Neighbours mostly say the same, media types above all: looking up what was asked last costs next to nothing. */
  #lastText = '';
  #lastNumber = -1;

  constructor(head: InventoryHead, artifactCount: number) {
    const { version, repository, takenAtMs, completeness, unusedByBestEffort, manifestCount } = head;
    this.#hash.update(
      JSON.stringify([
        version,
        repository,
        takenAtMs,
        completeness,
        unusedByBestEffort,
        manifestCount,
        artifactCount,
      ]),
    );
  }

  /** Takes in the next artifact, in the inventory's order. */
  add(one: Artifact): void {
    this.#texts.push(one.root);
    for (const tag of one.tags) this.#texts.push(tag);
    for (const member of one.members) this.#texts.push(member);
    this.#write(one.tags.length);
    this.#write(one.members.length);
    const kindsAt = this.#count;
    this.#count += 1;
    let kinds = this.#writeText(one.mediaType);
    kinds = kinds * KINDS + this.#writeText(one.artifactType);
    kinds = kinds * KINDS + this.#writeNumber(one.sizeBytes);
    kinds = kinds * KINDS + this.#writeNumber(one.uploadedAtMs);
    kinds = kinds * KINDS + this.#writeNumber(one.untaggedSinceMs);
    kinds = kinds * KINDS + this.#writeNumber(one.taggedAtMs);
    kinds = kinds * KINDS + this.#writeNumber(one.lastPulledAtMs);
    kinds = kinds * KINDS + this.#writeUsers(one.usedBy);
    kinds = kinds * KINDS + this.#writeFlag(one.orphaned);
    kinds = kinds * KINDS + (one.unreadable === null ? NULL : KNOWN);
    if (one.unreadable !== null) this.#write(this.#numberOf(one.unreadable));
    this.#numbers[kindsAt] = kinds;
    this.#batched += 1;
    if (this.#batched === BATCH) this.#flush();
  }

  digest(): Digest {
    this.#flush();
    return this.#hash.digest();
  }

  #flush(): void {
    this.#hash.update(this.#texts.join('\n'));
    this.#hash.update(new Uint8Array(this.#numbers.buffer, 0, this.#count * Float64Array.BYTES_PER_ELEMENT));
    this.#texts = [];
    this.#count = 0;
    this.#batched = 0;
  }

  #write(value: number): void {
    this.#numbers[this.#count] = value;
    this.#count += 1;
  }

  #numberOf(text: string): number {
    if (text !== this.#lastText || this.#lastNumber === -1) {
      this.#lastNumber = this.#numberOfOther(text);
      this.#lastText = text;
    }
    return this.#lastNumber;
  }

  #numberOfOther(text: string): number {
    const found = this.#textNumbers.get(text);
    if (found !== undefined) return found;
    const next = this.#textNumbers.size;
    this.#textNumbers.set(text, next);
    this.#texts.push(JSON.stringify(text));
    return next;
  }

  /** Writes what there is to a fact, and returns which kind it is. */
  #writeNumber(fact: TimeFact): number {
    if (fact.kind === 'known' && fact.value === null) return NULL;
    this.#write(fact.kind === 'unknown' ? this.#numberOf(fact.reason) : (fact.value ?? 0));
    if (fact.kind === 'at latest') {
      this.#write(fact.afterMs ?? 0);
      return AT_LATEST;
    }
    return fact.kind === 'known' ? KNOWN : UNKNOWN;
  }

  #writeText(fact: Fact<string | null>): number {
    if (fact.kind === 'known' && fact.value === null) return NULL;
    this.#write(this.#numberOf(fact.kind === 'known' ? (fact.value ?? '') : fact.reason));
    return fact.kind === 'known' ? KNOWN : UNKNOWN;
  }

  #writeUsers(fact: Fact<readonly string[]>): number {
    if (fact.kind === 'known' && fact.value.length === 0) return NULL;
    this.#write(this.#numberOf(fact.kind === 'known' ? JSON.stringify(fact.value) : fact.reason));
    return fact.kind === 'known' ? KNOWN : UNKNOWN;
  }

  /** No is as good as nothing: hardly anything is more. */
  #writeFlag(fact: Fact<boolean>): number {
    if (fact.kind === 'known') return fact.value ? KNOWN : NULL;
    this.#write(this.#numberOf(fact.reason));
    return UNKNOWN;
  }
}
