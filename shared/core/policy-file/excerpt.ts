/** A line of a file with a place in it, to be shown. */
export interface Excerpt {
  readonly text: string;
  /** Where in `text` the place is, 0-based, in UTF-16 code units. */
  readonly caret: number;
}

/** The longest line that is shown as it is. Of a longer one it is the part around the place. */
const CHARACTERS_MAX = 160;

/**
 * The line of a file that a problem is in.
 * @param line 1-based
 * @param column 1-based
 * @returns null where the file has no such line
 */
export function excerptOf(lines: readonly string[], line: number, column: number): Excerpt | null {
  const whole = lines[line - 1]?.replace(/\r$/, '');
  if (whole === undefined) return null;
  const caret = Math.min(column - 1, whole.length);
  if (whole.length <= CHARACTERS_MAX) return { text: whole, caret };
  const from = Math.max(0, Math.min(caret - CHARACTERS_MAX / 2, whole.length - CHARACTERS_MAX));
  const before = from > 0 ? '…' : '';
  const after = from + CHARACTERS_MAX < whole.length ? '…' : '';
  const text = `${before}${whole.slice(from, from + CHARACTERS_MAX)}${after}`;
  return { text, caret: caret - from + before.length };
}
