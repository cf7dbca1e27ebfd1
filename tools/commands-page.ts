import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Argument, Option } from 'commander';
import { ManualCommand } from '../cli/manual.ts';
import { wholeProgram } from '../cli/program.ts';

const PAGE = new URL('../docs/commands.md', import.meta.url);
const COMMANDS = /(?<=^<!-- commands: .+ -->\n)[\s\S]*(?=<!-- end of commands -->$)/m;

/** The page with the part that the program itself tells: every command with its arguments, options and examples. */
export async function withCommands(page: string): Promise<string> {
  const sections = commandsOf(await wholeProgram()).map(section);
  return page.replace(COMMANDS, () => `\n${sections.join('\n\n')}\n\n`);
}

/** The commands that do something, in the program's order. */
function commandsOf(command: ManualCommand): ManualCommand[] {
  if (command.commands.length === 0) return [command];
  return command.commands.filter((below) => below instanceof ManualCommand).flatMap(commandsOf);
}

function section(command: ManualCommand): string {
  const rows = [
    ...command.registeredArguments.map(argumentRow),
    ...command.options.filter(({ hidden }) => !hidden).map(optionRow),
  ];
  const table = rows.length === 0 ? [] : [['| | default | meaning |', '|---|---|---|', ...rows].join('\n')];
  const examples = command.examples.map((line) => `npx gcr-warden ${line}`);
  return [
    `## ${nameOf(command)}`,
    command.description(),
    ...table,
    ['```sh', ...examples, '```'].join('\n'),
  ].join('\n\n');
}

function nameOf(command: ManualCommand): string {
  return command.parent === null
    ? command.name()
    : `${nameOf(command.parent as ManualCommand)} ${command.name()}`;
}

function argumentRow(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return row(argument.required ? `<${name}>` : `[${name}]`, standard(argument), argument.description);
}

function optionRow(option: Option): string {
  const choices = (option.argChoices ?? []).filter((choice) => !option.description.includes(`\`${choice}\``));
  const listed = choices.length === 0 ? '' : `: ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
  return row(option.flags, standard(option), `${option.description}${listed}`);
}

function row(name: string, value: string, meaning: string): string {
  return `| \`${name}\` | ${value}${value === '' ? '' : ' '}| ${meaning.replaceAll('|', '\\|')} |`;
}

/** What holds where nothing is given: a value, or the variable that is looked at. */
function standard(given: Argument | Option): string {
  if ('mandatory' in given && given.mandatory) return 'required';
  if ('envVar' in given && given.envVar !== undefined && given.defaultValue === undefined)
    return `\`${given.envVar}\``;
  const { defaultValue, defaultValueDescription } = given;
  if (defaultValueDescription !== undefined) return `\`${defaultValueDescription}\``;
  if (defaultValue === undefined || typeof defaultValue === 'boolean') return '';
  return Array.isArray(defaultValue) ? '' : `\`${String(defaultValue)}\``;
}

// Writes docs/commands.md anew, after a command was added or changed. A test holds the page to the program.
if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(PAGE, await withCommands(readFileSync(PAGE, 'utf8')));
