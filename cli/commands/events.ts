import { ManualCommand } from '../manual.ts';
import { deadLettersCommand } from './dead-letters.ts';

/** `gcr-warden events`: the messages that the functions live on. */
export function eventsCommand(): ManualCommand {
  return new ManualCommand('events').description('Work with messages').addCommand(deadLettersCommand());
}
