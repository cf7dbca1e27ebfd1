import { Option } from 'commander';
import { exactlyHeld, heldAsListed } from '../../shared/app/exact-size.ts';
import { listTarget } from '../../shared/app/list-target.ts';
import { WardenError } from '../../shared/core/error.ts';
import type { FreedSize } from '../../shared/core/freed-size.ts';
import type { Catalog, Listing } from '../../shared/core/listing.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { renderListingsCsv } from '../../shared/report/listing-csv.ts';
import { renderListings } from '../../shared/report/listing-text.ts';
import { crossCheckOption } from '../cross-check.ts';
import { deadlineOption } from '../deadline.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand, paragraphs } from '../manual.ts';
import { concurrencyOption } from '../options.ts';
import { type ReadingOptions, withReading } from '../reading.ts';
import { outputStyle, terminalLogger } from '../terminal.ts';

interface ListOptions extends ReadingOptions {
  readonly json?: true;
  readonly csv?: true;
  readonly exactSize?: true;
}

/** `gcr-warden list`: what a registry holds. */
export function listCommand(): ManualCommand {
  return new ManualCommand('list')
    .summary('List repositories, digests, tags, sizes and ages')
    .description(
      paragraphs(
        "What a registry holds: repositories, digests, tags, sizes, ages, and what is nested under what. Under an index stand its children, and under every manifest what is about it: signatures, attestations, other referrers. A listing that can't be shown to be whole says why, and ends the command with 1. A long reading shows its progress on a terminal, here and in `snapshot` and `plan`.",
        "The size of a repository is `up to` what its manifests are listed with, where a layer counts for each image that has it. `--exact-size` counts each config, layer and manifest of a repository once and says `exactly`; what can't be read, layers without a size or stored elsewhere, and Docker's schema 1 leave it `up to`. In JSON `sizes` has the same, with `kind` `exact` or `at most`.",
      ),
    )
    .argument('[target]', 'what to list; without it, what `GCR_WARDEN_TARGET` names')
    .option('--json', 'print the listings as JSON')
    .addOption(
      new Option(
        '--csv',
        'print a line of CSV for each manifest; one that stands under two others has two',
      ).conflicts('json'),
    )
    .addOption(
      new Option(
        '--exact-size',
        'read every manifest once, to tell exactly what each repository holds; not with `--csv`',
      ).conflicts('csv'),
    )
    .addOption(concurrencyOption())
    .addOption(
      crossCheckOption(
        "compare each listing with the versions and tags that Artifact Registry's API names: a listing that names others is incomplete, and upload times that it does not tell are taken from there",
      ),
    )
    .addOption(deadlineOption('what was not read by then may have more, and the command ends with 1'))
    .example('list localhost:5050/acme')
    .action(async (text: string | undefined, options: ListOptions) => {
      const target = parseTarget(text ?? ownTarget(process.env['GCR_WARDEN_TARGET']));
      const { concurrency } = options;
      const { read, sizes } = await withReading(target, options, null, async (registry, { onRead }) => {
        const read = await listTarget(registry, target, concurrency, onRead);
        const sizes =
          options.exactSize === true
            ? await exactlyHeld({ registry, ledger: null, clock: Date.now, concurrency }, read.listings)
            : read.listings.map(heldAsListed);
        return { read, sizes };
      });
      process.stdout.write(rendered(read, sizes, options));
      const seen = [read.catalog, ...read.listings];
      if (seen.some(({ completeness }) => completeness.kind === 'incomplete')) process.exitCode = EXIT.failed;
    });
}

/** @throws WardenError OPTION_INVALID */
function ownTarget(text: string | undefined): string {
  if (text !== undefined && text !== '') return text;
  throw new WardenError(
    'OPTION_INVALID',
    'Name what to list, for example europe-docker.pkg.dev/my-project, or set GCR_WARDEN_TARGET to it.',
  );
}

function rendered(
  { catalog, listings }: { readonly catalog: Catalog; readonly listings: readonly Listing[] },
  sizes: readonly FreedSize[],
  { json, csv }: ListOptions,
): string {
  const named = listings.map(({ repository }, at) => ({ repository, ...sizes[at] }));
  if (json === true) return `${JSON.stringify({ catalog, listings, sizes: named }, null, 2)}\n`;
  if (csv !== true) return renderListings({ catalog, listings, sizes }, Date.now(), outputStyle());
  // The lines have no place for what concerns all of them.
  if (catalog.completeness.kind === 'incomplete') {
    terminalLogger.log('WARNING', 'not all repositories were seen', { reason: catalog.completeness.reason });
  }
  for (const { repository, completeness } of listings) {
    if (completeness.kind === 'complete') continue;
    terminalLogger.log('WARNING', `${repository} may have more`, { reason: completeness.reason });
  }
  return renderListingsCsv(listings, Date.now());
}
