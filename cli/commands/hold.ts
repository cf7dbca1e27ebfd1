import { userInfo } from 'node:os';
import { Command } from 'commander';
import { WardenError } from '../../shared/core/error.ts';
import { type Hold, type HoldSubject, isInForce } from '../../shared/core/hold.ts';
import { formatRepository, type ImageReference, parseImageReference } from '../../shared/core/reference.ts';
import { renderHolds } from '../../shared/report/hold-text.ts';
import { ageOption, ledgerOption, withLedger } from '../options.ts';
import { outputStyle } from '../terminal.ts';

interface AddOptions {
  readonly ledger: string;
  readonly reason: string;
  readonly by?: string;
  readonly for?: number;
}

/** `gcr-warden hold`: what no run may take, whatever policies say. */
export function holdCommand(): Command {
  return new Command('hold')
    .description('Keep images from every run, whatever policies say')
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(removeCommand());
}

function listCommand(): Command {
  return new Command('list')
    .description('Show what is on hold in a repository, why, by whom and until when')
    .argument('<repository>', 'HOST/NAME')
    .addOption(ledgerOption())
    .option('--json', 'print it as JSON')
    .action(async (text: string, options: { ledger: string; json?: true }) => {
      const repository = formatRepository(parseImageReference(text).repository);
      const holds = await withLedger(options.ledger, (ledger) => ledger.holds(repository), 'there');
      const nowMs = Date.now();
      const standing = holds.filter((hold) => isInForce(hold, nowMs)).sort((a, b) => a.atMs - b.atMs);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(standing, null, 2)}\n`
          : renderHolds(standing, outputStyle()),
      );
    });
}

function addCommand(): Command {
  return new Command('add')
    .description('Put an image on hold; replaces the hold that there is on it')
    .argument('<image>', 'HOST/NAME@sha256:…, or HOST/NAME:TAG for whatever the tag points at')
    .requiredOption('--reason <text>', 'shown by every plan that keeps it')
    .option('--by <name>', 'who holds it; the name of the user who runs the command where it is left out')
    .addOption(ageOption('--for <age>', 'how long; until it is removed where it is left out'))
    .addOption(ledgerOption())
    .action(async (text: string, options: AddOptions) => {
      const reference = parseImageReference(text);
      const atMs = Date.now();
      const hold: Hold = {
        version: 1,
        repository: formatRepository(reference.repository),
        on: subjectIn(reference, text),
        reason: options.reason,
        by: options.by ?? userInfo().username,
        atMs,
        untilMs: options.for === undefined ? null : atMs + options.for,
      };
      await withLedger(options.ledger, (ledger) => ledger.saveHold(hold));
      process.stdout.write(renderHolds([hold], outputStyle()));
    });
}

function removeCommand(): Command {
  return new Command('remove')
    .description('Let policies decide again about what is on hold')
    .argument('<image>', 'as it was put on hold: HOST/NAME@sha256:… or HOST/NAME:TAG')
    .addOption(ledgerOption())
    .action(async (text: string, options: { ledger: string }) => {
      const reference = parseImageReference(text);
      const on = subjectIn(reference, text);
      const repository = formatRepository(reference.repository);
      await withLedger(options.ledger, (ledger) => ledger.releaseHold(repository, on), 'there');
      process.stdout.write('It is on hold no more.\n');
    });
}

/** A digest where one is named, else the tag. */
function subjectIn({ digest, tag }: ImageReference, text: string): HoldSubject {
  if (digest !== null) return { kind: 'digest', digest };
  if (tag !== null) return { kind: 'tag', tag };
  throw new WardenError('OPTION_INVALID', `${text} names neither a digest nor a tag.`);
}
