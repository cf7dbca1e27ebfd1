import { Command } from 'commander';
import { listTarget } from '../../shared/app/list-target.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { renderListings } from '../../shared/report/listing-text.ts';
import { EXIT } from '../exit-code.ts';
import { concurrencyOption } from '../options.ts';
import { openCallersRegistry } from '../registry.ts';
import { outputStyle } from '../terminal.ts';

/** `gcr-warden list`: what a registry holds. */
export function listCommand(): Command {
  return new Command('list')
    .description('List repositories, digests, tags, sizes and ages')
    .argument('<target>', 'HOST/PROJECT[/REPO]')
    .option('--json', 'print the listings as JSON')
    .addOption(concurrencyOption())
    .action(async (text: string, options: { json?: true; concurrency: number }) => {
      const target = parseTarget(text);
      const { reader, close } = openCallersRegistry({
        concurrency: options.concurrency,
        manifestCache: null,
        hosts: [target.host],
      });
      try {
        const { catalog, listings } = await listTarget(reader, target, options.concurrency);
        process.stdout.write(
          options.json === true
            ? `${JSON.stringify({ catalog, listings }, null, 2)}\n`
            : renderListings(catalog, listings, Date.now(), outputStyle()),
        );
        const seen = [catalog, ...listings];
        if (seen.some(({ completeness }) => completeness.kind === 'incomplete'))
          process.exitCode = EXIT.failed;
      } finally {
        await close();
      }
    });
}
