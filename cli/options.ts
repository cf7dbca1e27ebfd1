import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Option } from 'commander';
import { openLedger } from '../shared/adapters/ledger/open-ledger.ts';
import { messageOf, WardenError } from '../shared/core/error.ts';
import { parseAge } from '../shared/core/units.ts';
import type { Ledger } from '../shared/ports.ts';

/** Where commands keep their ledger when nothing else is named. */
export const DEFAULT_LEDGER = '.warden/ledger.sqlite';

/** `--ledger`: a SQLite file, or `firestore:PROJECT/DATABASE`. */
export function ledgerOption(description = 'SQLite file, or `firestore:PROJECT/DATABASE`'): Option {
  return new Option('--ledger <file>', description).env('GCR_WARDEN_LEDGER').default(DEFAULT_LEDGER);
}

/** `--concurrency`: requests under way side by side. */
export function concurrencyOption(): Option {
  return new Option('--concurrency <n>', 'requests side by side, 1 to 200')
    .default(20)
    .argParser(parseConcurrency);
}

function parseConcurrency(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 200) {
    throw new WardenError(
      'OPTION_INVALID',
      `--concurrency is a whole number from 1 to 200, and ${JSON.stringify(text)} is not.`,
    );
  }
  return value;
}

/** `--json` of a command that has `--format`. */
export function jsonFormatOption(): Option {
  return new Option('--json', 'the same as `--format json`').implies({ format: 'json' });
}

/** An option that is a length of time, written as policies write it: `7d`. */
export function ageOption(flags: string, description: string, standard?: string): Option {
  const option = new Option(flags, description).argParser((text) => ageIn(flags, text));
  return standard === undefined ? option : option.default(ageIn(flags, standard), standard);
}

function ageIn(flags: string, text: string): number {
  const age = parseAge(text);
  if (age.kind === 'parsed') return age.value;
  throw new WardenError('OPTION_INVALID', `${flags}: ${age.why}`);
}

/**
 * Opens the ledger of `--ledger`, runs `work` with it and closes it, whatever happened. A SQLite file is made
 * where there is none; `there` is for what only looks something up, which an empty file could not answer.
 * @throws WardenError LEDGER_MISSING, LEDGER_UNAVAILABLE where its folder can't be made, and what opening it throws
 */
export async function withLedger<T>(
  name: string,
  work: (ledger: Ledger) => Promise<T>,
  wanted: 'there' | 'made' = 'made',
): Promise<T> {
  if (!name.startsWith('firestore:')) {
    const path = name.replace(/^sqlite:/, '');
    if (wanted === 'made') makeFolder(path);
    else if (path !== '' && !existsSync(path)) {
      throw new WardenError(
        'LEDGER_MISSING',
        `There is no ledger ${path}. Name the one that the runs wrote to with --ledger.`,
      );
    }
  }
  const ledger = await openLedger(name);
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw new WardenError(
      'LEDGER_UNAVAILABLE',
      `The folder of the ledger ${path} can't be made: ${messageOf(cause)}. Name another file with --ledger.`,
      { cause },
    );
  }
}
