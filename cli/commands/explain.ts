import { explainImage } from '../../shared/app/explain-image.ts';
import { parseImageReference } from '../../shared/core/reference.ts';
import { renderImageLife } from '../../shared/report/image-text.ts';
import { ManualCommand } from '../manual.ts';
import { ledgerOption, withLedger } from '../options.ts';
import { outputStyle } from '../terminal.ts';

/** `gcr-warden explain`: what was decided about one image, by which rule, on what evidence, when. */
export function explainCommand(): ManualCommand {
  return new ManualCommand('explain')
    .summary('Say what was decided about an image and what was done, by which rule, on what evidence, when')
    .description(
      'What was decided about one image, by which rule of which file, on what evidence, when; and what was done. Asks the ledger alone, so it works for images that are long gone.',
    )
    .argument('<image>', 'a tag stands for the digest that it points at, or last pointed at')
    .addOption(ledgerOption('where to look'))
    .option('--json', 'print it as JSON')
    .example('explain --ledger .warden/local/ledger.sqlite localhost:5050/acme/services/api:pr-101')
    .action(async (image: string, options: { ledger: string; json?: true }) => {
      const reference = parseImageReference(image);
      const life = await withLedger(options.ledger, (ledger) => explainImage(ledger, reference), 'there');
      process.stdout.write(
        options.json === true ? `${JSON.stringify(life, null, 2)}\n` : renderImageLife(life, outputStyle()),
      );
    });
}
