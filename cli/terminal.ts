import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { isTold, type LogSeverity, parseLogSeverity } from '../shared/core/log-severity.ts';
import type { Logger } from '../shared/ports.ts';
import { printable, type TextStyle } from '../shared/report/text.ts';
import { inReadersZone } from '../shared/report/time-text.ts';

/** What the options of every command say of the terminal. */
let settings: { readonly quiet?: true; readonly color?: boolean } = {};

/** Takes over `--quiet` and `--no-color`; called before any command begins. */
export function configureTerminal(options: typeof settings): void {
  settings = options;
}

/** Whether `--quiet` asks for results and errors only. */
export function isQuiet(): boolean {
  return settings.quiet === true;
}

/** Columns where the output is no terminal: wide enough that a reason stays on one line of a log. */
const WIDTH_COLUMNS = 160;

/** A terminal that says that it is narrower is not believed: nothing could be read on it. */
const NARROWEST_COLUMNS = 40;

/** How results are written: to the width of the terminal, in colour where it has any and nobody said no. */
export function outputStyle(): TextStyle {
  const { isTTY, columns } = process.stdout;
  const isRefused = settings.color === false || (process.env['NO_COLOR'] ?? '') !== '';
  return {
    widthColumns: isTTY === true && columns > 0 ? Math.max(NARROWEST_COLUMNS, columns) : WIDTH_COLUMNS,
    colour: isTTY === true && !isRefused,
    clock: {
      // Asked when a text is made: what watches goes on for hours.
      get nowMs() {
        return Date.now();
      },
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
  };
}

function isClosed(problem: NodeJS.ErrnoException): void {
  if (problem.code !== 'EPIPE') throw problem;
}

/** Pieces are put together until they are so long, and written as one. */
const WRITE_CHARACTERS = 65_536;

/** Writes a result, and waits for whoever reads it where it comes piece by piece. Who closed the pipe wants no more. */
export async function writeResult(result: string | Iterable<string>): Promise<void> {
  let text = '';
  for (const piece of typeof result === 'string' ? [result] : result) {
    text += piece;
    if (text.length < WRITE_CHARACTERS) continue;
    if (!process.stdout.write(text)) await once(process.stdout, 'drain').catch(isClosed);
    if (process.stdout.destroyed) return;
    text = '';
  }
  process.stdout.write(text);
}

/** The least severity that is told: what `--quiet` and `GCR_WARDEN_LOG` say, and warnings where they say nothing known. */
function leastTold(): LogSeverity {
  if (isQuiet()) return 'ERROR';
  return parseLogSeverity(process.env['GCR_WARDEN_LOG'] ?? '') ?? 'WARNING';
}

/** Warnings and errors for a person, on standard error; more or less of it by `GCR_WARDEN_LOG`. */
export const terminalLogger: Logger = {
  log(severity, message, fields = {}) {
    if (!isTold(severity, leastTold())) return;
    const details = Object.entries(fields).map(
      ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    const text = inReadersZone(printable([message, ...details].join('; ')), outputStyle().clock);
    process.stderr.write(`${severity.toLowerCase()}: ${text}\n`);
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

/** Asks for a text on a terminal; null where there is none to ask at, or nothing is answered. */
export async function answerTo(question: string): Promise<string | null> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = (await prompt.question(`${question} `)).trim();
    return answer === '' ? null : answer;
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
  onFirstInterrupt(() => {
    stopped = true;
  });
  return () => stopped;
}

/** Says so and calls `stop` at the first Ctrl-C. */
export function onFirstInterrupt(stop: () => void): void {
  process.once('SIGINT', () => {
    process.stderr.write('Stopping after the requests under way; press Ctrl-C again to stop at once.\n');
    stop();
  });
}
