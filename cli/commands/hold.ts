import { userInfo } from 'node:os';
import { newId } from '../../shared/adapters/identity/new-id.ts';
import { endQuarantine } from '../../shared/app/end-quarantine.ts';
import { WardenError } from '../../shared/core/error.ts';
import { type Hold, type HoldSubject, isInForce, subjectName } from '../../shared/core/hold.ts';
import { formatRepository, type ImageReference, parseImageReference } from '../../shared/core/reference.ts';
import { renderHolds } from '../../shared/report/hold-text.ts';
import { ManualCommand } from '../manual.ts';
import { ageOption, ledgerOption, withLedger } from '../options.ts';
import { outputStyle, terminalLogger } from '../terminal.ts';

interface AddOptions {
  readonly ledger: string;
  readonly reason: string;
  readonly by?: string;
  readonly for?: number;
  readonly json?: true;
}

/** `gcr-warden hold`: what no run may take, whatever policies say. */
export function holdCommand(): ManualCommand {
  return new ManualCommand('hold')
    .description('Keep images from every run, whatever policies say')
    .addCommand(listCommand())
    .addCommand(addCommand())
    .addCommand(removeCommand());
}

function listCommand(): ManualCommand {
  return new ManualCommand('list')
    .summary('Show what is on hold in a repository, why, by whom and until when')
    .description(
      'What is on hold in a repository: why, by whom, until when. Runs keep it whatever policies say.',
    )
    .argument('<repository>', '`HOST/NAME`')
    .addOption(ledgerOption('where holds are written down; it has to be there'))
    .option('--json', 'print it as JSON')
    .example('hold list --ledger .warden/local/ledger.sqlite localhost:5050/acme/services/api')
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

function addCommand(): ManualCommand {
  return new ManualCommand('add')
    .summary('Put an image on hold; replaces the hold that there is on it')
    .description('Puts an image on hold, and replaces the hold that there is on it.')
    .argument('<image>', '`HOST/NAME@sha256:…`, or `HOST/NAME:TAG` for whatever the tag points at')
    .requiredOption('--reason <text>', 'shown by every plan that keeps it')
    .option('--by <name>', 'who holds it; without it the name of the user who runs the command')
    .addOption(ageOption('--for <age>', 'how long; without it until it is removed'))
    .addOption(ledgerOption('where holds are written down'))
    .option('--json', 'print it as JSON')
    .example(
      'hold add --reason audit --for 30d --ledger .warden/local/ledger.sqlite localhost:5050/acme/services/api:main',
    )
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
      process.stdout.write(
        options.json === true ? `${JSON.stringify(hold, null, 2)}\n` : renderHolds([hold], outputStyle()),
      );
    });
}

function removeCommand(): ManualCommand {
  return new ManualCommand('remove')
    .summary('Let policies decide again about what is on hold')
    .description(
      'Lets policies decide again about what is on hold. Where that is in quarantine too, its time begins anew.',
    )
    .argument('<image>', 'as it was put on hold')
    .addOption(ledgerOption('where holds are written down; it has to be there'))
    .example('hold remove --ledger .warden/local/ledger.sqlite localhost:5050/acme/services/api:main')
    .action(async (text: string, options: { ledger: string }) => {
      const reference = parseImageReference(text);
      const on = subjectIn(reference, text);
      const repository = formatRepository(reference.repository);
      await withLedger(
        options.ledger,
        async (ledger) => {
          // A hold ends a quarantine, also one that no run has seen.
          const ending = { why: 'held', detail: 'it was on hold' } as const;
          await endQuarantine(
            { ledger, clock: Date.now, newId, logger: terminalLogger },
            repository,
            on,
            ending,
          );
          // It may have been put there by another name of the repository.
          const names = (await ledger.holds(repository)).flatMap((hold) =>
            subjectName(hold.on) === subjectName(on) ? hold.repository : [],
          );
          for (const name of new Set(names)) await ledger.releaseHold(name, on);
        },
        'there',
      );
      process.stdout.write('It is on hold no more.\n');
    });
}

/** A digest where one is named, else the tag. */
export function subjectIn({ digest, tag }: ImageReference, text: string): HoldSubject {
  if (digest !== null) return { kind: 'digest', digest };
  if (tag !== null) return { kind: 'tag', tag };
  throw new WardenError('OPTION_INVALID', `${text} names neither a digest nor a tag.`);
}
