import type { IamCondition } from './access.ts';

const PLAIN = /^[A-Za-z0-9@%+=:,./_-]+$/;
/** Control and format characters, line separators and lone surrogates: what a terminal obeys or hides. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const NO_COMMAND = '# no command: a name in it holds characters that cannot be printed; use the console';

/** A line for the reader among the commands. The shell ignores it. */
export function remark(text: string): string {
  return `# ${text}`;
}

/**
 * A command line for a POSIX shell with every argument quoted as it needs. Names come from replies and may
 * hold anything, so one that can't be printed gives a remark instead of a command.
 */
export function command(...words: readonly string[]): string {
  const quoted = words.map(shellQuote);
  return quoted.includes(null) ? NO_COMMAND : quoted.join(' ');
}

/** A word as a shell reads it, or null where it can't be shown. Lines of a condition need bash's `$'…'`. */
function shellQuote(word: string): string | null {
  if (PLAIN.test(word)) return word;
  if (!UNPRINTABLE.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t');
  return UNPRINTABLE.test(escaped) ? null : `$'${escaped}'`;
}

/** Delimiters of `gcloud topic escaping`, in the order they are tried. */
const DELIMITERS = [',', ';', '|', '~', '#', '@@', '::', '%%%'];

/**
 * The flag that names exactly one binding. Without it gcloud asks, or touches a binding with another
 * condition; `None` means the binding that has none.
 */
export function conditionFlag(condition: IamCondition | null): string | null {
  if (condition === null) return '--condition=None';
  const parts = [`expression=${condition.expression}`, `title=${condition.title}`];
  if (condition.description !== null) parts.push(`description=${condition.description}`);
  const delimiter = DELIMITERS.find((candidate) => !parts.some((part) => part.includes(candidate)));
  if (delimiter === undefined) return null;
  const prefix = delimiter === ',' ? '' : `^${delimiter}^`;
  return `--condition=${prefix}${parts.join(delimiter)}`;
}
