import { join } from 'node:path';
import { WardenError } from '../../shared/core/error.ts';
import { quantity } from '../../shared/core/quantity.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand } from '../manual.ts';
import { ledgerOption, withLedger } from '../options.ts';
import { isReportFile, writeReportFile } from '../report-file.ts';
import { writeReportFolder } from '../report-folder.ts';
import type { WrittenReport } from '../report-pages.ts';
import { outputStyle } from '../terminal.ts';

interface ReportOptions {
  readonly out: string;
  readonly ledger: string;
  readonly images?: number;
  readonly json?: true;
}

const IMAGES_DEFAULT = 1_000;
const IMAGES_IN_FILE = 200;
const IMAGES_MAX = 50_000;

/** `gcr-warden report`: writes the report as a folder of pages, or as one file. */
export function reportCommand(): ManualCommand {
  return new ManualCommand('report')
    .summary('Write what the ledger knows as pages: estate, runs, policies, findings, access and cost')
    .description(
      'Writes what the ledger knows as a folder of pages that link to each other and need nothing else, or as one file that holds them all, where `--out` ends with `.html`: the estate over time, runs, repositories with a verdict for each artifact, lives of images, policies, findings, keys and access, and cost. Asks no registry. What each page shows is in [report.md](report.md). It takes the place of an earlier report, of nothing else, and is readable by its owner only.',
    )
    .requiredOption('--out <path>', 'the folder to write, or the file where it ends with `.html`')
    .addOption(ledgerOption('where to look'))
    .option(
      '--images <n>',
      `pages of single images, at most; without it ${IMAGES_DEFAULT}, in one file ${IMAGES_IN_FILE}`,
      imagesIn,
    )
    .option('--json', 'print what was written as JSON')
    .example('report --out .warden/report --ledger .warden/local/ledger.sqlite')
    .example('report --out .warden/report.html --ledger .warden/local/ledger.sqlite')
    .action(async (options: ReportOptions) => {
      const { out, images } = options;
      const request = {
        clock: outputStyle().clock,
        imagesMax: images ?? (isReportFile(out) ? IMAGES_IN_FILE : IMAGES_DEFAULT),
      };
      const written = await withLedger(
        options.ledger,
        (ledger) =>
          isReportFile(out)
            ? writeReportFile(ledger, { ...request, file: out })
            : writeReportFolder(ledger, { ...request, folder: out }),
        'there',
      );
      const start = isReportFile(out) ? out : join(out, 'index.html');
      for (const problem of written.problems) process.stderr.write(`error: ${problem}\n`);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ start, ...written }, null, 2)}\n`
          : `Wrote ${quantity(written.pages, 'page')}, ${written.images} of them of single images. ${leftOutSentence(written)}Begin with ${start}\n`,
      );
      if (written.problems.length > 0) process.exitCode = EXIT.failed;
    });
}

function leftOutSentence({ leftOut }: WrittenReport): string {
  return leftOut === 0 ? '' : `${quantity(leftOut, 'page')} did not fit into one file. `;
}

function imagesIn(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= IMAGES_MAX) return value;
  throw new WardenError(
    'OPTION_INVALID',
    `--images is a whole number from 0 to ${IMAGES_MAX}, and ${JSON.stringify(text)} is not.`,
  );
}
