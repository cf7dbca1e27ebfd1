import { Command, CommanderError } from 'commander';
import { messageOf, WardenError } from '../shared/core/error.ts';
import { applyCommand } from './commands/apply.ts';
import { auditCommand } from './commands/audit.ts';
import { explainCommand } from './commands/explain.ts';
import { historyCommand } from './commands/history.ts';
import { listCommand } from './commands/list.ts';
import { planCommand } from './commands/plan.ts';
import { policyCommand } from './commands/policy.ts';
import { EXIT, REFUSED_CODES } from './exit-code.ts';

const program = new Command('gcr-warden')
  .description('Keeps Google container registries small and their access clean.')
  .showSuggestionAfterError()
  .exitOverride();

for (const command of [
  listCommand(),
  planCommand(),
  applyCommand(),
  explainCommand(),
  historyCommand(),
  auditCommand(),
  policyCommand(),
]) {
  program.addCommand(command.copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (problem) {
  if (problem instanceof CommanderError) {
    process.exitCode = problem.exitCode === 0 ? EXIT.done : EXIT.refused;
  } else {
    const code = problem instanceof WardenError ? problem.code : 'INTERNAL';
    process.stderr.write(`error: ${code}: ${messageOf(problem)}\n`);
    process.exitCode = REFUSED_CODES.has(code) ? EXIT.refused : EXIT.failed;
  }
}
