/** A piece of HTML that is safe to put into a page: everything from outside in it is escaped. */
export interface Html {
  readonly safe: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function isHtml(value: unknown): value is Html {
  return typeof value === 'object' && value !== null && 'safe' in value;
}

/** Builds HTML from a template; every inserted text is escaped, inserted HTML and lists of it are not. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  let safe = strings[0] ?? '';
  values.forEach((value, index) => {
    const pieces = Array.isArray(value) ? value : [value];
    for (const piece of pieces) safe += isHtml(piece) ? piece.safe : escaped(String(piece));
    safe += strings[index + 1] ?? '';
  });
  return { safe };
}
