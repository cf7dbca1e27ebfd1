import { once } from 'node:events';
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { openRecordSorter } from '../../shared/adapters/ledger/record-sorter.ts';
import { exportLedger } from '../../shared/app/export-ledger.ts';
import { importLedger } from '../../shared/app/import-ledger.ts';
import { verifyLedger } from '../../shared/app/verify-ledger.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import { LEDGER_REMEDIES, type LedgerFinding } from '../../shared/core/ledger-finding.ts';
import { LINE_BYTES_MAX } from '../../shared/core/ledger-record.ts';
import { quantity } from '../../shared/core/quantity.ts';
import type { RecordSorter } from '../../shared/ports.ts';
import { printable } from '../../shared/report/text.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand, paragraphs } from '../manual.ts';
import { concurrencyOption, ledgerOption, withLedger } from '../options.ts';

/** `gcr-warden ledger`: all of a ledger, out and in and looked over. */
export function ledgerCommand(): ManualCommand {
  return new ManualCommand('ledger')
    .description('Copy a ledger, move it elsewhere, and look for contradictions in it')
    .addCommand(exportCommand())
    .addCommand(importCommand())
    .addCommand(verifyCommand());
}

function exportCommand(): ManualCommand {
  return new ManualCommand('export')
    .summary('Write everything that a ledger holds as JSON lines')
    .description(
      paragraphs(
        'Everything that a ledger holds, a JSON object a line, sorted, so that ledgers that hold the same have the same export; see [the ledger](ledger.md#export-import-verify). Sorting takes room for the export among the temporary files, and no memory.',
        "Costs a read for each document in Firestore. Something that can't be read ends it with `LEDGER_EXPORT_INCOMPLETE`, and no file is left.",
      ),
    )
    .addOption(ledgerOption('what is exported; it has to be there'))
    .option(
      '--out <file>',
      'write it to a file, which is there when it is whole; without it to standard output',
    )
    .example('ledger export --ledger .warden/local/ledger.sqlite --out ledger.jsonl')
    .action(async ({ ledger: name, out }: { ledger: string; out?: string }) => {
      const partial = `${out}.part`;
      const stream = out === undefined ? process.stdout : createWriteStream(partial);
      try {
        const records = await withSorter((sorter) =>
          withLedger(name, (ledger) => exportLedger(ledger, sorter, lineWriter(stream)), 'there'),
        );
        if (out === undefined) return;
        stream.end();
        await once(stream, 'close');
        renameSync(partial, out);
        process.stdout.write(`${quantity(records, 'record')} written to ${out}.\n`);
      } catch (problem) {
        if (out === undefined || problem instanceof WardenError) throw problem;
        throw unwritable(problem);
      } finally {
        if (out !== undefined) rmSync(partial, { force: true });
      }
    });
}

function importCommand(): ManualCommand {
  return new ManualCommand('import')
    .summary('Read an export into a ledger')
    .description(
      paragraphs(
        'Reads an export into a ledger, a SQLite file or Firestore, whichever it came from. What is there stays. An import that was interrupted is done again from the beginning, and writes what is missing.',
        'Stop all runs before you move a ledger: what they write to the old one after its export is not in the new one.',
      ),
    )
    .argument('<file>', 'what `gcr-warden ledger export` wrote; `-` for standard input')
    .addOption(ledgerOption('where it is read into; a SQLite file is made where there is none'))
    .addOption(concurrencyOption())
    .example('ledger import --ledger copy.sqlite ledger.jsonl')
    .action(async (file: string, options: { ledger: string; concurrency: number }) => {
      const { records, kept } = await withLedger(options.ledger, (ledger) =>
        importLedger(ledger, linesOf(file), options.concurrency),
      );
      const left = kept === 0 ? '' : ` ${kept} of them were there already and stay as they are.`;
      process.stdout.write(`${quantity(records, 'record')} read.${left}\n`);
    });
}

function verifyCommand(): ManualCommand {
  return new ManualCommand('verify')
    .summary('Look for contradictions in a ledger')
    .description(
      'Goes through everything that a ledger holds and prints what contradicts itself, with a code and what to do; see [the codes](ledger.md#what-verify-finds). Changes nothing. Ends with 0 where nothing was found, with 1 where something was.',
    )
    .addOption(ledgerOption('what is looked over; it has to be there'))
    .option('--json', 'print it as JSON, a finding a line')
    .example('ledger verify --ledger .warden/local/ledger.sqlite')
    .action(async ({ ledger: name, json }: { ledger: string; json?: true }) => {
      const tell = (finding: LedgerFinding): void => {
        const remedy = LEDGER_REMEDIES[finding.code];
        process.stdout.write(
          json === true
            ? `${JSON.stringify({ ...finding, remedy })}\n`
            : `${printable(`${finding.code}  ${finding.place}: ${finding.detail} ${remedy}`)}\n`,
        );
      };
      const { records, findings } = await withSorter((sorter) =>
        withLedger(name, (ledger) => verifyLedger(ledger, sorter, Date.now(), tell), 'there'),
      );
      if (json !== true) {
        const what = findings === 0 ? 'nothing contradicts itself' : quantity(findings, 'contradiction');
        process.stdout.write(`${quantity(records, 'record')}: ${what}.\n`);
      }
      if (findings > 0) process.exitCode = EXIT.failed;
    });
}

async function withSorter<T>(work: (sorter: RecordSorter) => Promise<T>): Promise<T> {
  const sorter = openRecordSorter();
  try {
    return await work(sorter);
  } finally {
    sorter.close();
  }
}

/** Characters that are handed on together. */
const CHUNK_CHARACTERS = 65_536;

/** Writes lines, no faster than they are taken. The last line of an export hands on what is left. */
function lineWriter(stream: Writable): (line: string) => Promise<void> {
  let failed: unknown;
  stream.on('error', (problem) => {
    failed = problem;
  });
  let text = '';
  return async (line) => {
    text += `${line}\n`;
    if (text.length < CHUNK_CHARACTERS && !line.includes('"kind":"gcr-warden/ledger-end"')) return;
    const isFull = !stream.write(text);
    text = '';
    if (isFull && failed === undefined) await once(stream, 'drain').catch(() => {});
    if (failed !== undefined) throw unwritable(failed);
  };
}

function unwritable(cause: unknown): WardenError {
  const message = `The export can't be written: ${messageOf(cause)}.`;
  return new WardenError('LEDGER_EXPORT_UNWRITABLE', message, { cause });
}

/** The lines of a file; a line that no export has is refused before it is held in memory. */
async function* linesOf(file: string): AsyncIterable<string> {
  const stream = file === '-' ? process.stdin : createReadStream(file);
  stream.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_BYTES_MAX) {
        throw new WardenError(
          'LEDGER_EXPORT_INVALID',
          `${file} has a line that no export has: it is too long.`,
        );
      }
      yield* lines;
    }
  } catch (problem) {
    if (problem instanceof WardenError) throw problem;
    throw new WardenError('LEDGER_EXPORT_INVALID', `${file} can't be read: ${messageOf(problem)}.`, {
      cause: problem,
    });
  }
  if (rest !== '') yield rest;
}
