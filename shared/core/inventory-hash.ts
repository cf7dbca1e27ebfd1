import type { Digest } from './digest.ts';
import type { Fact } from './fact.ts';
import { startHash } from './hash.ts';
import type { Inventory } from './inventory.ts';

/** Numbers of one artifact: two for each of nine facts. */
const NUMBERS_PER_ARTIFACT = 18;

/** Artifacts that are hashed at a time: enough for a call to cost nothing, few enough to hold. */
const BATCH = 512;

/**
 * The digest of everything that an inventory says, so that equal hashes mean that the same was judged.
 *
 * It is not taken over JSON: writing a hundred thousand artifacts as JSON, times and media types above all,
 * takes longer than judging them. For each batch of artifacts two columns are hashed instead: a text with
 * digests and tags, and the facts as numbers. A text of free form is in the first column once, quoted, and a
 * number after that.
 */
export function hashInventory(inventory: Inventory): Digest {
  const { version, repository, takenAtMs, completeness, manifestCount, artifacts } = inventory;
  const hash = startHash();
  hash.update(
    JSON.stringify([version, repository, takenAtMs, completeness, manifestCount, artifacts.length]),
  );
  const numbers = new Float64Array(BATCH * NUMBERS_PER_ARTIFACT);
  let count = 0;
  let lines = '';
  const textNumbers = new Map<string, number>();
  const numberOf = (text: string): number => {
    const known = textNumbers.get(text);
    if (known !== undefined) return known;
    textNumbers.set(text, textNumbers.size);
    lines += `${JSON.stringify(text)}\n`;
    return textNumbers.size - 1;
  };
  const write = (kind: number, value: number): void => {
    numbers[count] = kind;
    numbers[count + 1] = value;
    count += 2;
  };
  const writeNumber = (fact: Fact<number | null>): void => {
    if (fact.kind === 'unknown') write(UNKNOWN, numberOf(fact.reason));
    else if (fact.value === null) write(NULL, 0);
    else write(KNOWN, fact.value);
  };
  const writeText = (text: string | null): void => {
    if (text === null) write(NULL, 0);
    else write(KNOWN, numberOf(text));
  };
  const writeTextFact = (fact: Fact<string | null>): void => {
    if (fact.kind === 'unknown') write(UNKNOWN, numberOf(fact.reason));
    else writeText(fact.value);
  };
  const flush = (): void => {
    hash.update(lines);
    hash.update(new Uint8Array(numbers.buffer, 0, count * Float64Array.BYTES_PER_ELEMENT));
    lines = '';
    count = 0;
  };
  for (const one of artifacts) {
    lines += `${one.root} ${one.tags.length === 0 ? '' : one.tags.join()} ${one.members.length === 0 ? '' : one.members.join()}\n`;
    writeTextFact(one.mediaType);
    writeTextFact(one.artifactType);
    writeNumber(one.sizeBytes);
    writeNumber(one.uploadedAtMs);
    writeNumber(one.untaggedSinceMs);
    writeNumber(one.taggedAtMs);
    writeNumber(one.lastPulledAtMs);
    if (one.usedBy.kind === 'unknown') write(UNKNOWN, numberOf(one.usedBy.reason));
    else if (one.usedBy.value.length === 0) write(NULL, 0);
    else write(KNOWN, numberOf(JSON.stringify(one.usedBy.value)));
    writeText(one.unreadable);
    if (count === numbers.length) flush();
  }
  flush();
  return hash.digest();
}

const UNKNOWN = 0;
const NULL = 1;
const KNOWN = 2;
