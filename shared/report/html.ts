import { printable } from './text.ts';

/** A piece of HTML that is safe to put into a page: everything from outside in it is escaped. */
export interface Html {
  readonly safe: string;
}

/** What may stand in a template; null is nothing. */
type Piece = string | number | Html | null;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Also makes visible what would hide or turn text: that deceives on a page as on a terminal. */
function escaped(text: string): string {
  const lines = text.includes('\n') ? text.split('\n').map(printable).join('\n') : printable(text);
  return lines.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function isHtml(value: unknown): value is Html {
  return typeof value === 'object' && value !== null && 'safe' in value;
}

/** Builds HTML from a template; every inserted text is escaped, inserted HTML and lists of it are not. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (Piece | readonly (Html | null)[])[]
): Html {
  let safe = strings[0] ?? '';
  values.forEach((value, index) => {
    const pieces = Array.isArray(value) ? value : [value];
    for (const piece of pieces) {
      if (piece !== null) safe += isHtml(piece) ? piece.safe : escaped(String(piece));
    }
    safe += strings[index + 1] ?? '';
  });
  return { safe };
}

export const NOTHING: Html = { safe: '' };
