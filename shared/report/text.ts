import type { ReaderClock } from './time-text.ts';

/** How wide a line may be and whether colours may be used. Renderers are told; they never ask a terminal. */
export interface TextStyle {
  readonly widthColumns: number;
  readonly colour: boolean;
  readonly clock: ReaderClock;
}

export type Tone = 'good' | 'bad' | 'warning' | 'faint' | 'strong';

const TONES: Readonly<Record<Tone, number>> = { good: 32, bad: 31, warning: 33, faint: 2, strong: 1 };

// biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is what it is for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Makes a text from outside fit for a terminal: control characters, escape sequences and characters that
 * change the direction of writing become visible and harmless.
 */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Colours a text where colours may be used. */
export function toned(text: string, tone: Tone, style: TextStyle): string {
  return style.colour ? `\u001b[${TONES[tone]}m${text}\u001b[0m` : text;
}

/** One column of a table; the last one may take more lines. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/** The narrowest that the last column is made; where less is left, each row stands as a block of its own. */
const LAST_COLUMN_MIN = 24;

/**
 * Lays rows out under their titles. Columns are as wide as they need to be; the last one is wrapped to the
 * width that is left. Where that is too little, each row is a block with a line for each cell that is not empty.
 * Cells are made printable.
 */
export function table(
  columns: readonly Column[],
  rows: Iterable<readonly string[]>,
  style: TextStyle,
): string {
  return [...tableLines(columns, rows, style)].join('\n');
}

/** The same, row by row. Rows are gone through twice: for the widths, and for the lines. */
export function* tableLines(
  columns: readonly Column[],
  rows: Iterable<readonly string[]>,
  style: TextStyle,
): Generator<string> {
  const cellsOf = (row: readonly string[]): readonly string[] =>
    columns.map((_column, index) => printable(row[index] ?? ''));
  const widths = columns.map(({ title }) => title.length);
  for (const row of rows) {
    for (const [index, cell] of cellsOf(row).entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    }
  }
  const last = columns.length - 1;
  const taken = widths.slice(0, last).reduce((sum, width) => sum + width + GAP.length, 0);
  const left = style.widthColumns - taken;
  if (left < Math.min(LAST_COLUMN_MIN, widths[last] ?? 0)) {
    yield blocks(columns, Array.from(rows, cellsOf), style);
    return;
  }
  widths[last] = left;
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        if (index === last) return wrap(cell, widths[last] ?? 0).join(`\n${' '.repeat(taken)}`);
        const width = widths[index] ?? 0;
        return columns[index]?.align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(GAP)
      .trimEnd();
  yield toned(line(columns.map((column) => column.title)), 'faint', style);
  for (const row of rows) yield line(cellsOf(row));
}

/** Rows one below the other: each cell behind its title, wrapped to the width; a cell without title stands alone. */
function blocks(columns: readonly Column[], rows: readonly (readonly string[])[], style: TextStyle): string {
  const titleWidth = Math.max(...columns.map(({ title }) => title.length)) + GAP.length;
  const indent = ' '.repeat(titleWidth);
  const block = (row: readonly string[]): string =>
    row
      .flatMap((cell, index) => {
        if (cell.trim() === '') return [];
        const lines = wrap(cell.trim(), Math.max(1, style.widthColumns - titleWidth)).join(`\n${indent}`);
        return [`${toned((columns[index]?.title ?? '').padEnd(titleWidth), 'faint', style)}${lines}`];
      })
      .join('\n');
  return rows.map(block).join('\n\n');
}

/** Breaks a text at spaces into lines of at most `width`; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
