import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { messageOf, WardenError } from '../shared/core/error.ts';
import { printable } from '../shared/report/text.ts';
import { applyCommand } from './commands/apply.ts';
import { auditCommand } from './commands/audit.ts';
import { explainCommand } from './commands/explain.ts';
import { historyCommand } from './commands/history.ts';
import { holdCommand } from './commands/hold.ts';
import { listCommand } from './commands/list.ts';
import { planCommand } from './commands/plan.ts';
import { policyCommand } from './commands/policy.ts';
import { restoreCommand } from './commands/restore.ts';
import { snapshotCommand } from './commands/snapshot.ts';
import { startCommand, stopCommand } from './commands/stop.ts';
import { EXIT, REFUSED_CODES } from './exit-code.ts';

const program = new Command('gcr-warden')
  .description('Keeps Google container registries small and their access clean.')
  .version(packageJson.version)
  .showSuggestionAfterError()
  .exitOverride();

for (const command of [
  listCommand(),
  snapshotCommand(),
  planCommand(),
  applyCommand(),
  stopCommand(),
  startCommand(),
  restoreCommand(),
  holdCommand(),
  explainCommand(),
  historyCommand(),
  auditCommand(),
  policyCommand(),
]) {
  program.addCommand(command);
}
inheritSettings(program);

// Who reads only the beginning (`| head`) closes the pipe; what is left has nobody to go to.
process.stdout.on('error', (problem: NodeJS.ErrnoException) => {
  if (problem.code !== 'EPIPE') throw problem;
});

try {
  await program.parseAsync();
} catch (problem) {
  if (problem instanceof CommanderError) {
    process.exitCode = problem.exitCode === 0 ? EXIT.done : EXIT.refused;
  } else {
    const code = problem instanceof WardenError ? problem.code : 'INTERNAL';
    process.stderr.write(`error: ${code}: ${printable(messageOf(problem))}\n`);
    // A client that goes on trying after it was given up must not keep the process alive.
    process.exit(REFUSED_CODES.has(code) ? EXIT.refused : EXIT.failed);
  }
}

/** Has every command, however deep, end and suggest as the program does: one added with `addCommand` takes over nothing. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command);
  }
}
