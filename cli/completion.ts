import type { Argument, Command, Option } from 'commander';

/** One word that could stand next, with what it does; '' where there is nothing to say. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** What may stand next on a command line: words that are known here, or something that others know. */
export type Completion =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'files' | 'folders' | 'images' | 'repositories' };

/** What a placeholder such as `<image>` in an argument or an option stands for. */
const PLACEHOLDERS: Readonly<Record<string, Exclude<Completion['kind'], 'words'>>> = {
  image: 'images',
  what: 'images',
  repository: 'repositories',
  target: 'repositories',
  dir: 'folders',
  old: 'folders',
  new: 'folders',
  file: 'files',
  files: 'files',
  plan: 'files',
  snapshot: 'files',
};

const NOTHING: Completion = { kind: 'words', candidates: [] };

/**
 * What may follow the words that are there.
 * @param words what stands after the program's name; the last one is being written, '' where it has not begun
 */
export function completionOf(program: Command, words: readonly string[]): Completion {
  const done = words.slice(0, -1);
  const begun = words.at(-1) ?? '';
  let command = program;
  let given = 0;
  let open: Option | null = null;
  let onlyArguments = false;
  for (const word of done) {
    if (open !== null) {
      open = null;
    } else if (word === '--' && !onlyArguments) {
      onlyArguments = true;
    } else if (word.startsWith('-') && !onlyArguments) {
      open = word.includes('=') ? null : optionThatTakes(command, word);
    } else {
      const below = command.commands.find((one) => one.name() === word);
      if (below === undefined) given += 1;
      else command = below;
    }
  }
  if (open !== null) return valuesOf(open.argChoices, placeholderOf(open.flags), begun);
  const inline = /^(--[a-z-]+)=(.*)$/s.exec(begun);
  if (inline !== null) return inlineValue(command, inline[1] ?? '', inline[2] ?? '');
  if (begun.startsWith('-') && !onlyArguments) return wordsOf(optionsOf(command), begun);
  if (command.commands.length > 0) {
    return wordsOf(command.createHelp().visibleCommands(command).map(commandCandidate), begun);
  }
  const argument = argumentAt(command.registeredArguments, given);
  return argument === null ? NOTHING : valuesOf(argument.argChoices, argument.name(), begun);
}

function commandCandidate(command: Command): Candidate {
  return { word: command.name(), about: command.summary() || command.description() };
}

/** The options of a command and of those above it. */
function allOptions(command: Command): Option[] {
  const above = command.parent === null ? [] : allOptions(command.parent);
  return [...command.options, ...above].filter(({ hidden }) => !hidden);
}

function optionsOf(command: Command): Candidate[] {
  const own = allOptions(command).map(({ long, short, description }) => ({
    word: long ?? short ?? '',
    about: firstClause(description),
  }));
  return [...own, { word: '--help', about: 'show what the command takes' }];
}

/** An option's description is a sentence or more; a list has room for its beginning. */
function firstClause(description: string): string {
  return (/^.*?(?=[;.] |$)/s.exec(description)?.[0] ?? '').replaceAll('`', '');
}

function optionThatTakes(command: Command, word: string): Option | null {
  const option = allOptions(command).find(({ long, short }) => long === word || short === word);
  return option?.required === true ? option : null;
}

function inlineValue(command: Command, name: string, begun: string): Completion {
  const option = optionThatTakes(command, name);
  if (option?.argChoices === undefined) return NOTHING;
  const words = option.argChoices.filter((choice) => choice.startsWith(begun));
  return { kind: 'words', candidates: words.map((word) => ({ word: `${name}=${word}`, about: '' })) };
}

function placeholderOf(flags: string): string {
  return /<([\w-]+)(?:\.\.\.)?>/.exec(flags)?.[1] ?? '';
}

function argumentAt(all: readonly Argument[], at: number): Argument | null {
  const last = all.at(-1);
  return all[at] ?? (last?.variadic === true ? last : null);
}

function valuesOf(choices: readonly string[] | undefined, placeholder: string, begun: string): Completion {
  if (choices !== undefined) {
    return wordsOf(
      choices.map((word) => ({ word, about: '' })),
      begun,
    );
  }
  const kind = PLACEHOLDERS[placeholder];
  return kind === undefined ? NOTHING : { kind };
}

function wordsOf(candidates: readonly Candidate[], begun: string): Completion {
  return { kind: 'words', candidates: candidates.filter(({ word }) => word.startsWith(begun)) };
}
