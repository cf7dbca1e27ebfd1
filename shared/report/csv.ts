// biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is what it is for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Begins like no formula, and holds nothing that has to be written differently: almost every cell. */
const PLAIN = /^[A-Za-z0-9][ !#-~]*$/;

/**
 * A cell as every reader of CSV takes it (RFC 4180), and as no spreadsheet runs it: what begins like a formula gets
 * an apostrophe before it (OWASP, "CSV Injection").
 */
function cell(value: string | number): string {
  if (typeof value === 'string' && (value === '' || PLAIN.test(value))) return `"${value}"`;
  const text = String(value).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const harmless =
    typeof value === 'string' && /^\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}

type Row = readonly (string | number)[];

/** Renders rows under their titles as CSV, lines ended as RFC 4180 wants. */
export function csv(titles: readonly string[], rows: Iterable<Row>): string {
  return [...csvLines(titles, rows)].join('');
}

/** The same, line by line. */
export function* csvLines(titles: readonly string[], rows: Iterable<Row>): Generator<string> {
  const line = (row: Row): string => {
    let text = '';
    for (const value of row) text += text === '' ? cell(value) : `,${cell(value)}`;
    return `${text}\r\n`;
  };
  yield line(titles);
  for (const row of rows) yield line(row);
}
