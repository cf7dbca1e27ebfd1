import packageJson from '../package.json' with { type: 'json' };
import { applyCommand } from './commands/apply.ts';
import { auditCommand } from './commands/audit.ts';
import { completeCommand, completionCommand } from './commands/completion.ts';
import { explainCommand } from './commands/explain.ts';
import { historyCommand } from './commands/history.ts';
import { holdCommand } from './commands/hold.ts';
import { listCommand } from './commands/list.ts';
import { planCommand } from './commands/plan.ts';
import { policyCommand } from './commands/policy.ts';
import { restoreCommand } from './commands/restore.ts';
import { snapshotCommand } from './commands/snapshot.ts';
import { startCommand, stopCommand } from './commands/stop.ts';
import { ManualCommand } from './manual.ts';
import { configureTerminal } from './terminal.ts';

/** The whole command line, not yet parsed. */
export function buildProgram(): ManualCommand {
  const program = new ManualCommand('gcr-warden')
    .description('Keeps Google container registries small and their access clean.')
    .version(packageJson.version)
    .option('--quiet', 'print results and errors only: no warnings, no progress')
    .option('--no-color', 'no colours; `NO_COLOR` does the same')
    .showSuggestionAfterError()
    .exitOverride()
    .hook('preAction', (root) => configureTerminal(root.opts()));
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
    completionCommand(),
  ]) {
    program.addCommand(command);
  }
  program.addCommand(completeCommand(program), { hidden: true });
  inheritSettings(program);
  return program;
}

/** Has every command, however deep, end and suggest as the program does: one added with `addCommand` takes over nothing. */
function inheritSettings(parent: ManualCommand): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command as ManualCommand);
  }
}
