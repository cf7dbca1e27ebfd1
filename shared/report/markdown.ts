import { printable } from './text.ts';

/**
 * A text from outside inside Markdown: what would make structure, a link, a mention or HTML is shown as it is. For
 * GitHub's Markdown and CommonMark.
 */
export function markdownText(text: string): string {
  return printable(text)
    .replace(/[\\`*_[\]<>|~#!&$]/g, (character) => `\\${character}`)
    .replaceAll('@', '&#64;')
    .replaceAll('://', ':&#47;/')
    .replace(/www\./gi, (found) => `${found.slice(0, -1)}&#46;`);
}

/** A block of code that nothing in it can end. */
export function markdownCode(text: string, language: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.split('\n').map(printable).join('\n')}\n${fence}`;
}
