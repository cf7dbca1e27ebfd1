import { explainImage } from '../../shared/app/explain-image.ts';
import { formatRepository, parseImageReference } from '../../shared/core/reference.ts';
import { renderRuns } from '../../shared/report/history-text.ts';
import { renderImageLife } from '../../shared/report/image-text.ts';
import { ManualCommand } from '../manual.ts';
import { ledgerOption, withLedger } from '../options.ts';
import { outputStyle } from '../terminal.ts';

const RUNS_SHOWN = 50;

/** `gcr-warden history`: the runs of the ledger, of one repository, or one image's life. */
export function historyCommand(): ManualCommand {
  return new ManualCommand('history')
    .summary('Show what runs did, newest first, or the life of one image')
    .description('What runs did, newest first: of everything, of one repository, or the life of one image.')
    .argument('[image]', '`HOST/NAME` for the runs of a repository; with a tag or digest for one image')
    .addOption(ledgerOption('where to look'))
    .option('--json', 'print it as JSON')
    .example('history --ledger .warden/local/ledger.sqlite')
    .action(async (text: string | undefined, options: { ledger: string; json?: true }) => {
      const image = text === undefined ? null : parseImageReference(text);
      await withLedger(
        options.ledger,
        async (ledger) => {
          if (image !== null && (image.tag !== null || image.digest !== null)) {
            const life = await explainImage(ledger, image);
            print(options.json, life, () => renderImageLife(life, outputStyle()));
            return;
          }
          const filter = image === null ? {} : { repository: formatRepository(image.repository) };
          const runs = await ledger.runs({ ...filter, limit: RUNS_SHOWN });
          print(options.json, runs, () => renderRuns(runs, outputStyle()));
        },
        'there',
      );
    });
}

function print(json: true | undefined, value: unknown, render: () => string): void {
  process.stdout.write(json === true ? `${JSON.stringify(value, null, 2)}\n` : render());
}
