import type { SourceFile } from './draft.ts';
import type { GcrCleanerPayload } from './gcr-cleaner.ts';
import { refuseSource } from './source-file.ts';

/** Words that one file may hold. */
const WORDS_MAX = 500;

const TEXT_FLAGS = [
  'repo',
  'grace',
  'keep',
  'tag-filter-any',
  'tag-filter-all',
  'token',
  'concurrency',
] as const;
const YES_FLAGS = ['recursive', 'dry-run'] as const;

type Flag = (typeof TEXT_FLAGS)[number] | (typeof YES_FLAGS)[number];

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}

/**
 * Reads the flags of gcr-cleaner's command as a shell script has them: `-repo gcr.io/p/i -grace=72h`, over
 * several lines, with quotes and comments. A word that a shell would replace is refused, since what it stands
 * for is not in the file. The value of `-token` is never shown.
 * @throws WardenError IMPORT_INVALID
 */
export function readFlags({ file, text }: SourceFile): GcrCleanerPayload {
  const words = wordsOf(file, text);
  if (/(?:^|\/)gcr-cleaner(?:-cli)?$/.test(words[0] ?? '')) words.shift();
  const repos: string[] = [];
  const found = new Map<Flag, string>();
  for (let at = 0; at < words.length; at += 1) {
    const [, name = '', value] = /^--?([a-z][a-z-]*)(?:=([\s\S]*))?$/.exec(words[at] ?? '') ?? [];
    if (isOneOf(YES_FLAGS, name)) {
      if (value !== undefined && value !== 'true' && value !== 'false')
        refuseSource(file, `-${name}`, 'it is true or false');
      found.set(name, value ?? 'true');
      continue;
    }
    if (!isOneOf(TEXT_FLAGS, name)) {
      refuseSource(
        file,
        `word ${at + 1}`,
        `it is no flag of gcr-cleaner; there are ${[...TEXT_FLAGS, ...YES_FLAGS].map((one) => `-${one}`).join(', ')}`,
      );
    }
    if (value === undefined) at += 1;
    const given = value ?? words[at] ?? refuseSource(file, `-${name}`, 'its value is missing');
    if (name === 'repo') repos.push(...given.split(','));
    else if (found.has(name)) refuseSource(file, `-${name}`, 'it stands twice');
    else found.set(name, given);
  }
  const keep = found.get('keep');
  if (keep !== undefined && !/^[0-9]{1,9}$/.test(keep)) refuseSource(file, '-keep', 'it is a whole number');
  const optional = <K extends keyof GcrCleanerPayload>(key: K, value: GcrCleanerPayload[K] | undefined) =>
    value === undefined ? {} : { [key]: value };
  return {
    repos,
    ...optional('grace', found.get('grace')),
    ...optional('keep', keep === undefined ? undefined : Number(keep)),
    ...optional('tag_filter_any', found.get('tag-filter-any')),
    ...optional('tag_filter_all', found.get('tag-filter-all')),
    ...optional('dry_run', found.get('dry-run') === 'true' ? true : undefined),
    ...optional('recursive', found.get('recursive') === 'true' ? true : undefined),
  };
}

/** As a shell cuts words, without what it would replace. */
function wordsOf(file: string, text: string): string[] {
  const words: string[] = [];
  const piece =
    /\s+|\\\r?\n|#[^\n]*|'[^']*'|"(?:[^"\\$`]|\\["\\$`])*"|\\[^\n]|[^\s'"\\$`|&;<>(){}*?[\]#~!]+|#/gy;
  let word: string | null = null;
  const end = (): void => {
    if (word !== null) words.push(word);
    word = null;
  };
  let at = 0;
  while (at < text.length) {
    piece.lastIndex = at;
    const [found] = piece.exec(text) ?? [];
    if (found === undefined) {
      refuseSource(
        file,
        `character ${at + 1}`,
        `a shell would replace ${JSON.stringify(text[at])}; put the word in single quotes if it is meant as it stands`,
      );
    }
    at += found.length;
    if (/^\s|^\\\r?\n$/.test(found)) end();
    else if (found.startsWith('#') && word === null) end();
    else if (found.startsWith("'")) word = `${word ?? ''}${found.slice(1, -1)}`;
    else if (found.startsWith('"'))
      word = `${word ?? ''}${found.slice(1, -1).replaceAll(/\\(["\\$`])/g, '$1')}`;
    else if (found.startsWith('\\')) word = `${word ?? ''}${found.slice(1)}`;
    else word = `${word ?? ''}${found}`;
    if (words.length > WORDS_MAX) refuseSource(file, '', `it has more than ${WORDS_MAX} words`);
  }
  end();
  return words;
}
