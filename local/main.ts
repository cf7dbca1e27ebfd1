import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { outputStyle, terminalLogger } from '../cli/terminal.ts';
import { messageOf, WardenError } from '../shared/core/error.ts';
import { runLocal } from './run.ts';

const USAGE = `npm start -- [--once] [--port N] [--policies DIR] [--directory DIR]

  --once           push, record, judge, delete, audit and explain once, and end
  --port           the registry's port, 5050 by default; another one is taken where it is in use
  --policies DIR   policies to run, policies/ by default
  --directory DIR  where the ledger and the images are kept; emptied at the start
`;

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    port: { type: 'string', default: '5050' },
    policies: { type: 'string', default: 'policies' },
    directory: { type: 'string', default: '.warden/local' },
  },
});

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

/** Ports of the report page and the registry lie side by side, so that one of them tells the other. */
async function main(): Promise<void> {
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
  await rm(values.directory, { recursive: true, force: true });
  await runLocal({
    once: values.once,
    directory: values.directory,
    policies: values.policies,
    ports: { registry: port, report: port === 0 ? 0 : port + 1 },
    style: outputStyle(),
    write: (text) => process.stdout.write(text),
    logger: terminalLogger,
    signal: stop.signal,
  });
}

try {
  await main();
} catch (problem) {
  process.stderr.write(
    `error: ${problem instanceof WardenError ? problem.code : 'INTERNAL'}: ${messageOf(problem)}\n`,
  );
  process.exitCode = 1;
}
