import { namePart } from './document-name.ts';

/** Milliseconds up to the year 9999 have fifteen digits. */
const DIGITS = 15;

/**
 * A repository and a time as one sortable text: with it, "the newest of a repository" is a range of one
 * automatic index, and no composite index has to be deployed before the ledger works.
 */
export function placeInTime(repository: string, atMs: number): string {
  return `${namePart(repository)} ${String(Math.max(0, Math.trunc(atMs))).padStart(DIGITS, '0')}`;
}

/** Where the places of a repository begin, and the first text after them. No name part holds a space. */
export function placesOf(repository: string): { readonly from: string; readonly before: string } {
  const name = namePart(repository);
  return { from: `${name} `, before: `${name}!` };
}
