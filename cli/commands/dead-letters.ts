import { Option } from 'commander';
import { newId } from '../../shared/adapters/identity/new-id.ts';
import { openConfiguredPubSub } from '../../shared/adapters/messaging/open-pubsub.ts';
import { createPubSubPublisher } from '../../shared/adapters/messaging/pubsub-publisher.ts';
import { createPubSubSubscriber } from '../../shared/adapters/messaging/pubsub-subscriber.ts';
import { createStandInPublisher } from '../../shared/adapters/messaging/stand-in-publisher.ts';
import { scrub } from '../../shared/adapters/registry/scrub.ts';
import { lookThroughDeadLetters } from '../../shared/app/replay-dead-letters.ts';
import { WardenError } from '../../shared/core/error.ts';
import { renderDeadLetters, type ShownLetter } from '../../shared/report/dead-letters-text.ts';
import { printable } from '../../shared/report/text.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand } from '../manual.ts';
import { outputStyle, stopOnInterrupt } from '../terminal.ts';

interface DeadLettersOptions {
  readonly subscription: string;
  readonly replay?: true;
  readonly max: number;
  readonly json?: true;
  readonly googleEndpoint?: string;
}

const LETTERS_MAX = 10_000;
const EXCERPT_CHARACTERS = 160;

/** `gcr-warden events dead-letters`: what could not be read, and putting it back. */
export function deadLettersCommand(): ManualCommand {
  return new ManualCommand('dead-letters')
    .summary('Show messages that could not be read, and put them back')
    .description(
      "Messages that no delivery made readable: since when, why, and how each begins. Takes none away without `--replay`. That puts each back once on the topic that it came from, when what kept it from being read is mended; one that still can't be read comes back. A message is taken away only after it is durable on its topic: interrupted, nothing is lost. Ends with 1 where one could not be put back.",
    )
    .addOption(
      new Option(
        '--subscription <name>',
        '`projects/PROJECT/subscriptions/SUBSCRIPTION` of a dead-letter topic',
      )
        .env('GCR_WARDEN_DEAD_LETTER_SUBSCRIPTION')
        .makeOptionMandatory(),
    )
    .option('--replay', 'put them back')
    .addOption(
      new Option('--max <n>', `messages to look at, 1 to ${LETTERS_MAX}`).default(1_000).argParser(parseMax),
    )
    .option('--json', 'print them as JSON')
    .option(
      '--google-endpoint <url>',
      "a stand-in for Google's APIs on this machine, as `npm start` prints it",
    )
    .example(
      'events dead-letters --subscription projects/acme/subscriptions/gcr-dead-letter --google-endpoint http://127.0.0.1:8085',
    )
    .action(run);
}

async function run(options: DeadLettersOptions): Promise<void> {
  const emulator = process.env['PUBSUB_EMULATOR_HOST'] || null;
  const pubsub = openConfiguredPubSub(emulator, options.googleEndpoint ?? null);
  const looked = await lookThroughDeadLetters(
    {
      subscriber: createPubSubSubscriber(pubsub, 0),
      publisher:
        options.googleEndpoint === undefined
          ? createPubSubPublisher(emulator)
          : createStandInPublisher(pubsub),
      newId,
    },
    {
      subscription: options.subscription,
      max: options.max,
      replay: options.replay === true,
      isStopped: stopOnInterrupt(),
    },
  );
  const letters = looked.letters.map((one): ShownLetter => ({ ...one, excerpt: excerptOf(one.letter.data) }));
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ mayBeMore: looked.mayBeMore, letters: letters.map(jsonOf) }, null, 2)}\n`
      : renderDeadLetters(letters, looked, outputStyle()),
  );
  if (letters.some(({ done }) => done.kind === 'not put back')) process.exitCode = EXIT.failed;
}

/** The beginning of a message, without what looks like a credential: nobody knows what it is. */
function excerptOf(data: string): string {
  const text = printable(scrub(data.slice(0, 4 * EXCERPT_CHARACTERS), []));
  return text.length > EXCERPT_CHARACTERS ? `${text.slice(0, EXCERPT_CHARACTERS)}…` : text;
}

function jsonOf({ letter: { data: _, ...letter }, done, excerpt }: ShownLetter): object {
  return { ...letter, excerpt, done };
}

function parseMax(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= LETTERS_MAX) return value;
  throw new WardenError(
    'OPTION_INVALID',
    `--max is a whole number from 1 to ${LETTERS_MAX}, and ${JSON.stringify(text)} is not.`,
  );
}
