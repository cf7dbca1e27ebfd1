import { createHash } from 'node:crypto';
import { WardenError } from '../../../core/error.ts';

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

/**
 * The name again.
 * @throws WardenError LEDGER_UNREADABLE where it was too long to stand in an id
 */
export function nameOfPart(part: string): string {
  if (part === '%') return '';
  if (isShortened(part)) {
    throw new WardenError(
      'LEDGER_UNREADABLE',
      `A name that begins with ${part.slice(0, 80)} was shortened, and the document does not hold the rest. It is written in full by the next run over it.`,
    );
  }
  return decodeURIComponent(part);
}

/** Whether a name was too long, so that the document has to hold it besides. */
export function isShortened(part: string): boolean {
  return part.includes('+');
}

/** The fields by which a document of a repository is found, and its plain name is known. */
export function repositoryFields(repository: string): Readonly<Record<string, string>> {
  const repositoryName = namePart(repository);
  return isShortened(repositoryName) ? { repositoryName, repository } : { repositoryName };
}

/** A document's id from several names. `~` stands in none of them. */
export function documentName(...names: readonly string[]): string {
  return names.map(namePart).join('~');
}
