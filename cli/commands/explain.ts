import { Command } from 'commander';
import { explainImage } from '../../shared/app/explain-image.ts';
import { parseImageReference } from '../../shared/core/reference.ts';
import { renderImageLife } from '../../shared/report/image-text.ts';
import { ledgerOption, withLedger } from '../options.ts';
import { outputStyle } from '../terminal.ts';

/** `gcr-warden explain`: what was decided about one image, by which rule, on what evidence, when. */
export function explainCommand(): Command {
  return new Command('explain')
    .description(
      'Say what was decided about an image and what was done, by which rule, on what evidence, when',
    )
    .argument('<image>', 'HOST/NAME@sha256:… or HOST/NAME:TAG')
    .addOption(ledgerOption())
    .option('--json', 'print it as JSON')
    .action(async (image: string, options: { ledger: string; json?: true }) => {
      const reference = parseImageReference(image);
      const life = await withLedger(options.ledger, (ledger) => explainImage(ledger, reference), 'there');
      process.stdout.write(
        options.json === true ? `${JSON.stringify(life, null, 2)}\n` : renderImageLife(life, outputStyle()),
      );
    });
}
