import packageJson from '../package.json' with { type: 'json' };
import { ManualCommand } from './manual.ts';
import { configureTerminal } from './terminal.ts';

/**
 * The commands in the order of the manual, each with what loads it: a command line loads only the one that it
 * names, since all of them together take longer to load than most of them take to answer.
 */
const COMMANDS: Readonly<Record<string, () => Promise<ManualCommand>>> = {
  init: async () => (await import('./commands/init.ts')).initCommand(),
  survey: async () => (await import('./commands/survey.ts')).surveyCommand(),
  list: async () => (await import('./commands/list.ts')).listCommand(),
  snapshot: async () => (await import('./commands/snapshot.ts')).snapshotCommand(),
  plan: async () => (await import('./commands/plan.ts')).planCommand(),
  apply: async () => (await import('./commands/apply.ts')).applyCommand(),
  stop: async () => (await import('./commands/stop.ts')).stopCommand(),
  start: async () => (await import('./commands/stop.ts')).startCommand(),
  restore: async () => (await import('./commands/restore.ts')).restoreCommand(),
  hold: async () => (await import('./commands/hold.ts')).holdCommand(),
  quarantine: async () => (await import('./commands/quarantine.ts')).quarantineCommand(),
  explain: async () => (await import('./commands/explain.ts')).explainCommand(),
  history: async () => (await import('./commands/history.ts')).historyCommand(),
  ledger: async () => (await import('./commands/ledger.ts')).ledgerCommand(),
  audit: async () => (await import('./commands/audit.ts')).auditCommand(),
  events: async () => (await import('./commands/events.ts')).eventsCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  report: async () => (await import('./commands/report.ts')).reportCommand(),
  policy: async () => (await import('./commands/policy.ts')).policyCommand(),
  completion: async () => (await import('./commands/completion.ts')).completionCommand(),
};

/** Not in the manual: what completion scripts ask. It has to know every other command. */
const COMPLETE = '__complete';

/** The program for one command line: with the command that this names, or with all where it names none of them. */
export async function programFor(words: readonly string[]): Promise<ManualCommand> {
  const [first] = words.filter((word) => !word.startsWith('-'));
  if (first !== undefined && Object.hasOwn(COMMANDS, first)) return programOf([first]);
  if (first === undefined && words.includes('--version')) return programOf([]);
  const program = await wholeProgram();
  if (first === COMPLETE) {
    const { completeCommand } = await import('./commands/completion.ts');
    program.addCommand(completeCommand(program), { hidden: true });
  }
  return program;
}

/** The program with every command of the manual. */
export function wholeProgram(): Promise<ManualCommand> {
  return programOf(Object.keys(COMMANDS));
}

async function programOf(names: readonly string[]): Promise<ManualCommand> {
  const program = new ManualCommand('gcr-warden')
    .description('Keeps Google container registries small and their access clean.')
    .version(packageJson.version)
    .option('--quiet', 'print results and errors only: no warnings, no progress')
    .option('--no-color', 'no colours; `NO_COLOR` does the same')
    .showSuggestionAfterError()
    .exitOverride()
    .hook('preAction', (root) => configureTerminal(root.opts()));
  const commands = await Promise.all(names.map((name) => COMMANDS[name]?.()));
  for (const command of commands) if (command !== undefined) program.addCommand(command);
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
