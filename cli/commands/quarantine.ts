import { userInfo } from 'node:os';
import { newId } from '../../shared/adapters/identity/new-id.ts';
import { endQuarantine, marksOn } from '../../shared/app/end-quarantine.ts';
import type { Hold, HoldSubject } from '../../shared/core/hold.ts';
import { formatRepository, parseImageReference } from '../../shared/core/reference.ts';
import type { Ledger } from '../../shared/ports.ts';
import { renderHolds } from '../../shared/report/hold-text.ts';
import { type QuarantineList, renderQuarantine } from '../../shared/report/quarantine-text.ts';
import { ManualCommand } from '../manual.ts';
import { ageOption, ledgerOption, withLedger } from '../options.ts';
import { outputStyle, terminalLogger } from '../terminal.ts';
import { subjectIn } from './hold.ts';

/** `gcr-warden quarantine`: what is to go and stays for a time in which anybody may still want it. */
export function quarantineCommand(): ManualCommand {
  return new ManualCommand('quarantine')
    .description('What rules delete after a time in quarantine')
    .addCommand(listCommand())
    .addCommand(releaseCommand());
}

function listCommand(): ManualCommand {
  return new ManualCommand('list')
    .summary('Show what is in quarantine, since when, by which rule, and when it may go')
    .description(
      'What is in quarantine: since when, by which rule, and from when on it may go. The first to go stands first. Ends with 0, also where nothing is.',
    )
    .argument('[repository]', '`HOST/NAME`; without it, every repository that the ledger knows')
    .addOption(ledgerOption('where it is written down; it has to be there'))
    .option('--json', 'print it as JSON')
    .example('quarantine list --ledger .warden/local/ledger.sqlite')
    .action(async (text: string | undefined, options: { ledger: string; json?: true }) => {
      const lists = await withLedger(
        options.ledger,
        async (ledger) => {
          const names =
            text === undefined
              ? await ledger.quarantinedRepositories()
              : [formatRepository(parseImageReference(text).repository)];
          return listsOf(ledger, names);
        },
        'there',
      );
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(lists, null, 2)}\n`
          : renderQuarantine(lists, outputStyle()),
      );
    });
}

async function listsOf(ledger: Ledger, names: readonly string[]): Promise<readonly QuarantineList[]> {
  const lists: QuarantineList[] = [];
  for (const repository of names) {
    const marks = (await ledger.quarantine(repository)).filter(({ end }) => end === null);
    if (marks.length > 0) lists.push({ repository, marks });
  }
  return lists;
}

interface ReleaseOptions {
  readonly ledger: string;
  readonly reason: string;
  readonly by?: string;
  readonly for: number;
}

function releaseCommand(): ManualCommand {
  return new ManualCommand('release')
    .summary('Take an image out of quarantine and put it on hold')
    .description(
      'Takes an image out of quarantine and puts it on hold, so that the next run does not mark it again; when the hold has ended and a rule still deletes it, its time begins anew. Where the image is not in quarantine it is put on hold all the same. Ends with 1 where a run works on the repository (`QUARANTINE_BUSY`): the hold is there then, and ends the quarantine with the next run.',
    )
    .argument('<image>', '`HOST/NAME@sha256:…`, or `HOST/NAME:TAG` for what bore the tag when it was marked')
    .requiredOption('--reason <text>', 'shown by every plan that keeps it')
    .option('--by <name>', 'who wants it; without it the name of the user who runs the command')
    .addOption(ageOption('--for <age>', 'how long it is on hold', '30d'))
    .addOption(ledgerOption('where it is written down; it has to be there'))
    .example(
      'quarantine release --reason audit --ledger .warden/local/ledger.sqlite localhost:5050/acme/services/api:main',
    )
    .action(async (text: string, options: ReleaseOptions) => {
      const reference = parseImageReference(text);
      const repository = formatRepository(reference.repository);
      const on = subjectIn(reference, text);
      const by = options.by ?? userInfo().username;
      const atMs = Date.now();
      const { made, wasMarked } = await withLedger(
        options.ledger,
        async (ledger) => {
          const marks = marksOn(await ledger.quarantine(repository), on);
          const held: readonly HoldSubject[] =
            marks.length === 0 ? [on] : marks.map(({ root }) => ({ kind: 'digest', digest: root }));
          const made = held.map((subject): Hold => {
            const { reason } = options;
            const untilMs = atMs + options.for;
            return { version: 1, repository, on: subject, reason, by, atMs, untilMs };
          });
          for (const hold of made) await ledger.saveHold(hold);
          const ports = { ledger, clock: Date.now, newId, logger: terminalLogger };
          await endQuarantine(ports, repository, on, {
            why: 'released',
            detail: `by ${by}: ${options.reason}`,
          });
          return { made, wasMarked: marks.length > 0 };
        },
        'there',
      );
      const told = wasMarked
        ? 'It is in quarantine no more.'
        : 'It was not in quarantine; it is on hold all the same.';
      process.stdout.write(`${told}\n${renderHolds(made, outputStyle())}`);
    });
}
