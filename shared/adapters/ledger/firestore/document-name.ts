import { createHash } from 'node:crypto';

/** A document's id may have 1,500 bytes; three of these names and their joints stay well below. */
const NAME_LENGTH_MAX = 300;

/** Everything but these is written as `%XX`; a leading `.` or `_` too, which could make a reserved id. */
const UNSAFE = /[^A-Za-z0-9:._-]|^[._]/gu;

function escaped(character: string): string {
  return Array.from(
    Buffer.from(character),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

/**
 * A name as a part of a document's id: readable, without `/`, and another one for every other name. A name
 * that gets too long keeps its beginning and ends in its hash; only such names hold `+`.
 */
export function namePart(name: string): string {
  if (name === '') return '%';
  const part = name.replace(UNSAFE, escaped);
  if (part.length <= NAME_LENGTH_MAX) return part;
  const hash = createHash('sha256').update(name).digest('hex');
  return `${part.slice(0, NAME_LENGTH_MAX - hash.length)}+${hash}`;
}

/** A document's id from several names. `~` stands in none of them. */
export function documentName(...names: readonly string[]): string {
  return names.map(namePart).join('~');
}
