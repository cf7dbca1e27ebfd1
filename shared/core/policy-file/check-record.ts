import type { Digest } from '../digest.ts';
import { sha256 } from '../hash.ts';
import type { PolicyFolder } from './folder.ts';

/** Which files were checked and found right, by content: what deploys them can refuse any other. */
export interface CheckRecord {
  readonly version: 1;
  /** By the file's name relative to the folder, sorted. */
  readonly files: Readonly<Record<string, Digest>>;
}

/** The record of a folder in which nothing was wrong. */
export function checkRecord({ files }: PolicyFolder): CheckRecord {
  const sorted = [...files].sort((one, other) => (one.file < other.file ? -1 : 1));
  return { version: 1, files: Object.fromEntries(sorted.map(({ file, text }) => [file, sha256(text)])) };
}
