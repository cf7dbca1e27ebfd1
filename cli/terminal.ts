import { createInterface } from 'node:readline/promises';
import type { Logger } from '../shared/ports.ts';
import { printable, type TextStyle } from '../shared/report/text.ts';

/** Columns where the output is no terminal: wide enough that a reason stays on one line of a log. */
const WIDTH_COLUMNS = 160;

/** How results are written: to the width of the terminal, in colour where it has any and nobody said no. */
export function outputStyle(): TextStyle {
  const colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
  return {
    widthColumns: process.stdout.isTTY === true ? Math.max(80, process.stdout.columns) : WIDTH_COLUMNS,
    colour,
  };
}

const SEVERITIES: readonly string[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR'];

/** The least severity that is told: what `GCR_WARDEN_LOG` says, and warnings where it says nothing known. */
function leastTold(): number {
  const named = SEVERITIES.indexOf(process.env['GCR_WARDEN_LOG']?.toUpperCase() ?? '');
  return named < 0 ? SEVERITIES.indexOf('WARNING') : named;
}

/** Warnings and errors for a person, on standard error; more or less of it by `GCR_WARDEN_LOG`. */
export const terminalLogger: Logger = {
  log(severity, message, fields = {}) {
    if (SEVERITIES.indexOf(severity) < leastTold()) return;
    const details = Object.entries(fields).map(
      ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    process.stderr.write(`${severity.toLowerCase()}: ${printable([message, ...details].join('; '))}\n`);
  },
};

/** Asks a yes-or-no question on the terminal; anything but a yes is a no. */
export async function confirmed(question: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim());
  } finally {
    prompt.close();
  }
}

/**
 * Turns the first Ctrl-C into a wish to stop: what is under way is finished and written down. A second one
 * ends the process as usual.
 */
export function stopOnInterrupt(): () => boolean {
  let stopped = false;
  process.once('SIGINT', () => {
    stopped = true;
    process.stderr.write('Stopping after the requests under way; press Ctrl-C again to stop at once.\n');
  });
  return () => stopped;
}
