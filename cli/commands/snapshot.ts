import { writeFile } from 'node:fs/promises';
import { takeSnapshot } from '../../shared/app/take-snapshot.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { parseSnapshot } from '../../shared/core/snapshot.ts';
import { crossCheckOption } from '../cross-check.ts';
import { deadlineOption } from '../deadline.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand } from '../manual.ts';
import { concurrencyOption, ledgerOption, withLedger } from '../options.ts';
import { type ReadingOptions, withReading } from '../reading.ts';
import { terminalLogger } from '../terminal.ts';
import { inUseOption, openUsage } from '../usage.ts';

interface SnapshotOptions extends ReadingOptions {
  readonly out: string;
  readonly ledger: string;
  readonly inUse?: string;
}

/** `gcr-warden snapshot`: writes down what policies are judged by, for `plan --from` and policy tests. */
export function snapshotCommand(): ManualCommand {
  return new ManualCommand('snapshot')
    .summary('Write down what policies are judged by: listings, history and what runs; deletes nothing')
    .description(
      'Writes down what policies are judged by: listings, history, and what runs. Deletes nothing. The file tells what runs where, so it is readable by its owner only.',
    )
    .argument('<target>', 'what to read')
    .requiredOption('--out <file>', 'the file to write')
    .addOption(ledgerOption('where the history is'))
    .addOption(
      inUseOption(
        'where to ask what runs, as in [in-use.md](in-use.md#sources); may be repeated. Without it that is unknown',
      ),
    )
    .addOption(concurrencyOption())
    .addOption(crossCheckOption('as in `list`'))
    .addOption(
      deadlineOption('what was not read by then is in the file as incomplete, and the command ends with 1'),
    )
    .example('snapshot --out snapshot.json --ledger .warden/local/ledger.sqlite localhost:5050/acme')
    .action(async (text: string, options: SnapshotOptions) => {
      const target = parseTarget(text);
      const snapshot = await withLedger(options.ledger, (ledger) =>
        withReading(target, options, ledger, (registry, { onRead }) => {
          const usage = openUsage(options.inUse);
          const { concurrency } = options;
          return takeSnapshot({ registry, ledger, usage, clock: Date.now, concurrency, onRead }, target);
        }),
      );
      const written = `${JSON.stringify(snapshot)}\n`;
      // Read back before it is written: a file that nobody can read later would be found out too late.
      parseSnapshot(written, options.out);
      await writeSnapshot(options.out, written);
      const manifests = snapshot.repositories.reduce((sum, { listing }) => sum + listing.manifests.length, 0);
      process.stdout.write(
        `${options.out}: ${snapshot.repositories.length} repositories with ${manifests} manifests.\n`,
      );
      const incomplete = [
        ...(snapshot.catalog.kind === 'incomplete'
          ? [`not all repositories: ${snapshot.catalog.reason}`]
          : []),
        ...snapshot.repositories.flatMap(({ listing }) =>
          listing.completeness.kind === 'incomplete'
            ? [`${listing.repository}: ${listing.completeness.reason}`]
            : [],
        ),
      ];
      for (const reason of incomplete) terminalLogger.log('WARNING', `the snapshot is not whole; ${reason}`);
      if (incomplete.length > 0) process.exitCode = EXIT.failed;
    });
}

/** Readable for its owner alone: it tells what runs where. */
async function writeSnapshot(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600 });
  } catch (cause) {
    const message = `The snapshot can't be written to ${file}: ${messageOf(cause)}.`;
    throw new WardenError('SNAPSHOT_UNWRITABLE', message, { cause });
  }
}
