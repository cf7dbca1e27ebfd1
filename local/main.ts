import { parseArgs } from 'node:util';
import { EXIT, REFUSED_CODES } from '../cli/exit-code.ts';
import { outputStyle, terminalLogger } from '../cli/terminal.ts';
import { messageOf, WardenError } from '../shared/core/error.ts';
import { takeDirectory } from './directory.ts';
import { runLocal } from './run.ts';

const USAGE = `npm start -- [--once] [--port N] [--policies DIR] [--directory DIR]

  --once           push, record, judge, delete, audit and explain once, and end
  --port N         the registry's port, 5050 by default; another one is taken where it is in use
  --policies DIR   policies to run, policies/ by default
  --directory DIR  where the ledger and the images are kept; emptied at the start
  --help           show this
`;

/** @throws WardenError OPTION_INVALID */
function readOptions() {
  try {
    return parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        port: { type: 'string', default: '5050' },
        policies: { type: 'string', default: 'policies' },
        directory: { type: 'string', default: '.warden/local' },
      },
    }).values;
  } catch (cause) {
    throw new WardenError('OPTION_INVALID', `${messageOf(cause)}. "npm start -- --help" lists them.`, {
      cause,
    });
  }
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

/** Ports of the report page and the registry lie side by side, so that one of them tells the other. */
async function main(): Promise<void> {
  const values = readOptions();
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_534) {
    throw new WardenError(
      'OPTION_INVALID',
      `--port is a number from 0 to 65534, and ${JSON.stringify(values.port)} is not.`,
    );
  }
  const giveBack = await takeDirectory(values.directory);
  await runLocal({
    once: values.once,
    directory: values.directory,
    policies: values.policies,
    ports: { registry: port, report: port === 0 ? 0 : port + 1 },
    style: outputStyle(),
    write: (text) => process.stdout.write(text),
    logger: terminalLogger,
    signal: stop.signal,
  }).finally(giveBack);
}

try {
  await main();
} catch (problem) {
  const code = problem instanceof WardenError ? problem.code : 'INTERNAL';
  process.stderr.write(`error: ${code}: ${messageOf(problem)}\n`);
  process.exitCode = REFUSED_CODES.has(code) ? EXIT.refused : EXIT.failed;
}
