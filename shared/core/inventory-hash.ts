import type { Digest } from './digest.ts';
import type { Fact, TimeFact } from './fact.ts';
import { startHash } from './hash.ts';
import type { Inventory } from './inventory.ts';

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
 * The digest of everything that an inventory says, so that equal hashes mean that the same was judged.
 *
 * It is not taken over JSON: writing a hundred thousand artifacts as JSON, times and media types above all,
 * takes longer than judging them. For each batch of artifacts two columns are hashed instead: a text with
 * digests and tags, a line each, and numbers. Those of an artifact begin with how many tags and members it has
 * and which of its facts are known, which tells what the rest is. A text of free form is in the first column
 * once, quoted, and a number after that.
 */
export function hashInventory(inventory: Inventory): Digest {
  const { version, repository, takenAtMs, completeness, unusedByBestEffort, manifestCount, artifacts } =
    inventory;
  const hash = startHash();
  hash.update(
    JSON.stringify([
      version,
      repository,
      takenAtMs,
      completeness,
      unusedByBestEffort,
      manifestCount,
      artifacts.length,
    ]),
  );
  const numbers = new Float64Array(BATCH * NUMBERS_PER_ARTIFACT);
  let count = 0;
  let batched = 0;
  let texts: string[] = [];
  const textNumbers = new Map<string, number>();
  const numberOf = (text: string): number => {
    const found = textNumbers.get(text);
    if (found !== undefined) return found;
    textNumbers.set(text, textNumbers.size);
    texts.push(JSON.stringify(text));
    return textNumbers.size - 1;
  };
  const write = (value: number): void => {
    numbers[count] = value;
    count += 1;
  };
  /** Writes what there is to a fact, and returns which kind it is. */
  const writeNumber = (fact: TimeFact): number => {
    if (fact.kind === 'known' && fact.value === null) return NULL;
    write(fact.kind === 'unknown' ? numberOf(fact.reason) : (fact.value ?? 0));
    if (fact.kind === 'at latest') {
      write(fact.afterMs ?? 0);
      return AT_LATEST;
    }
    return fact.kind === 'known' ? KNOWN : UNKNOWN;
  };
  const writeText = (fact: Fact<string | null>): number => {
    if (fact.kind === 'known' && fact.value === null) return NULL;
    write(numberOf(fact.kind === 'known' ? (fact.value ?? '') : fact.reason));
    return fact.kind === 'known' ? KNOWN : UNKNOWN;
  };
  const writeUsers = (fact: Fact<readonly string[]>): number => {
    if (fact.kind === 'known' && fact.value.length === 0) return NULL;
    write(numberOf(fact.kind === 'known' ? JSON.stringify(fact.value) : fact.reason));
    return fact.kind === 'known' ? KNOWN : UNKNOWN;
  };
  /** No is as good as nothing: hardly anything is more. */
  const writeFlag = (fact: Fact<boolean>): number => {
    if (fact.kind === 'known') return fact.value ? KNOWN : NULL;
    write(numberOf(fact.reason));
    return UNKNOWN;
  };
  const flush = (): void => {
    hash.update(texts.join('\n'));
    hash.update(new Uint8Array(numbers.buffer, 0, count * Float64Array.BYTES_PER_ELEMENT));
    texts = [];
    count = 0;
    batched = 0;
  };
  for (const one of artifacts) {
    texts.push(one.root);
    for (const tag of one.tags) texts.push(tag);
    for (const member of one.members) texts.push(member);
    write(one.tags.length);
    write(one.members.length);
    const kindsAt = count;
    count += 1;
    let kinds = writeText(one.mediaType);
    kinds = kinds * KINDS + writeText(one.artifactType);
    kinds = kinds * KINDS + writeNumber(one.sizeBytes);
    kinds = kinds * KINDS + writeNumber(one.uploadedAtMs);
    kinds = kinds * KINDS + writeNumber(one.untaggedSinceMs);
    kinds = kinds * KINDS + writeNumber(one.taggedAtMs);
    kinds = kinds * KINDS + writeNumber(one.lastPulledAtMs);
    kinds = kinds * KINDS + writeUsers(one.usedBy);
    kinds = kinds * KINDS + writeFlag(one.orphaned);
    kinds = kinds * KINDS + (one.unreadable === null ? NULL : KNOWN);
    if (one.unreadable !== null) write(numberOf(one.unreadable));
    numbers[kindsAt] = kinds;
    batched += 1;
    if (batched === BATCH) flush();
  }
  flush();
  return hash.digest();
}
