import { type Argument, Command, Help, type Option } from 'commander';

/** Joins the paragraphs of a description, which is Markdown: the page on commands has it as it is, `--help` without its links. */
export function paragraphs(...texts: readonly string[]): string {
  return texts.join('\n\n');
}

/** A command with its part of the manual: `summary` for lists, `description` for its page, and examples that are run by a test. */
export class ManualCommand extends Command {
  readonly examples: string[] = [];

  /** Adds a command line as it is typed after `gcr-warden`, over what `npm start` runs. */
  example(line: string): this {
    this.examples.push(line);
    return this;
  }

  override createHelp(): Help {
    return Object.assign(new ManualHelp(), this.configureHelp());
  }
}

class ManualHelp extends Help {
  override showGlobalOptions = true;

  override commandDescription(command: Command): string {
    return plain(super.commandDescription(command));
  }

  override optionDescription(option: Option): string {
    return plain(super.optionDescription(option));
  }

  override argumentDescription(argument: Argument): string {
    return plain(super.argumentDescription(argument));
  }

  override formatHelp(command: Command, helper: Help): string {
    const help = super.formatHelp(command, helper);
    if (!(command instanceof ManualCommand) || command.examples.length === 0) return help;
    const lines = command.examples.map((line) => `  ${helper.styleCommandText(`gcr-warden ${line}`)}\n`);
    return `${help}\n${helper.styleTitle('Examples, over what "npm start" runs:')}\n${lines.join('')}`;
  }
}

/** Markdown as a terminal shows it: a link is its text, and what is code stands in quotes only where it would be misread. */
function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('`', '');
}
