import { existsSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import { knownImages, knownRepositories } from '../../shared/app/known-images.ts';
import type { Ledger } from '../../shared/ports.ts';
import { printable } from '../../shared/report/text.ts';
import { type Candidate, completionOf } from '../completion.ts';
import { COMPLETION_SCRIPTS } from '../completion-script.ts';
import { ManualCommand, paragraphs } from '../manual.ts';
import { DEFAULT_LEDGER, withLedger } from '../options.ts';

/** Shown at most; nobody reads more, and shells ask before they show hundreds. */
const CANDIDATES_MAX = 500;

/** `gcr-warden completion`: the script that makes a shell complete commands, options, images and files. */
export function completionCommand(): ManualCommand {
  return new ManualCommand('completion')
    .summary('Print the script that completes gcr-warden in a shell')
    .description(
      paragraphs(
        'Prints a script that makes a shell complete commands, options, their values, files, and the repositories, tags and digests that a ledger on this machine knows: the one of `--ledger`, of `GCR_WARDEN_LEDGER`, or `.warden/ledger.sqlite`. Nothing is asked of a registry or of Firestore.',
        'For bash `source <(gcr-warden completion bash)` in `~/.bashrc`; for zsh the same with `zsh` after `compinit` in `~/.zshrc`; for fish `gcr-warden completion fish > ~/.config/fish/completions/gcr-warden.fish`.',
      ),
    )
    .addArgument(new Argument('<shell>', '`bash`, `zsh` or `fish`').choices(Object.keys(COMPLETION_SCRIPTS)))
    .example('completion bash')
    .action((shell: keyof typeof COMPLETION_SCRIPTS) => {
      process.stdout.write(COMPLETION_SCRIPTS[shell]);
    });
}

/**
 * What the scripts ask: a line for each word that may stand next, with what it does behind a tab; or one line
 * `:files` or `:folders`, which shells complete better than we would.
 */
export function completeCommand(program: Command): ManualCommand {
  return new ManualCommand('__complete')
    .summary('Answer a completion script')
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      const completion = completionOf(program, words);
      if (completion.kind === 'files' || completion.kind === 'folders') {
        process.stdout.write(`:${completion.kind}\n`);
        return;
      }
      const candidates =
        completion.kind === 'words'
          ? completion.candidates
          : await candidatesIn(ledgerOf(words), completion.kind, words.at(-1) ?? '');
      const lines = candidates.slice(0, CANDIDATES_MAX).map(({ word, about }) => `${word}\t${about}\n`);
      process.stdout.write(lines.map((line) => line.replace(/[^\t\n]+/g, printable)).join(''));
    });
}

/** The ledger that the command would use; null where that would cost reads, or there is none. */
function ledgerOf(words: readonly string[]): string | null {
  const at = words.lastIndexOf('--ledger');
  const named = at < 0 ? undefined : words[at + 1];
  const name = named ?? process.env['GCR_WARDEN_LEDGER'] ?? DEFAULT_LEDGER;
  return name.startsWith('firestore:') || !existsSync(name.replace(/^sqlite:/, '')) ? null : name;
}

/** No candidate where the ledger can't be read: a person who types is not to be shown an error for it. */
async function candidatesIn(
  name: string | null,
  kind: 'images' | 'repositories',
  begun: string,
): Promise<readonly Candidate[]> {
  if (name === null) return [];
  const find = async (ledger: Ledger): Promise<readonly string[]> => {
    if (kind === 'images') return knownImages(ledger, begun);
    return (await knownRepositories(ledger)).filter((one) => one.startsWith(begun));
  };
  try {
    return (await withLedger(name, find, 'there')).map((word) => ({ word, about: '' }));
  } catch {
    return [];
  }
}
