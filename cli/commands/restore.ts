import { userInfo } from 'node:os';
import { Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { createTagKeeper } from '../../shared/adapters/google/tag-keeper.ts';
import { applicationDefaultToken } from '../../shared/adapters/google/token.ts';
import { newId } from '../../shared/adapters/identity/new-id.ts';
import { adcCredentials } from '../../shared/adapters/registry/adc.ts';
import { type Credentials, firstOf } from '../../shared/adapters/registry/credentials.ts';
import { dockerConfigCredentials } from '../../shared/adapters/registry/docker-config.ts';
import { registryEnvironment } from '../../shared/adapters/registry/environment.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import { repositoryOfRun, restore } from '../../shared/app/restore.ts';
import { WardenError } from '../../shared/core/error.ts';
import { parseImageReference, type Repository } from '../../shared/core/reference.ts';
import { isWhole, type Restoration, type RestorationSource } from '../../shared/core/restoration.ts';
import type { Ledger } from '../../shared/ports.ts';
import { renderRestoration } from '../../shared/report/restoration-text.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand } from '../manual.ts';
import { ageOption, concurrencyOption, ledgerOption, withLedger } from '../options.ts';
import { openRestoreProgress } from '../progress.ts';
import { outputStyle, terminalLogger } from '../terminal.ts';

interface RestoreOptions {
  readonly ledger: string;
  readonly credentials?: string;
  readonly hold: number;
  readonly by?: string;
  readonly concurrency: number;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `gcr-warden restore`: brings back what runs took, as far as the registry still has its layers. */
export function restoreCommand(): ManualCommand {
  return new ManualCommand('restore')
    .summary('Bring back an image, or all that one run took, as far as its layers are still there')
    .description(
      'Brings back what runs took: an image with its children, signatures and referrers, or all that one run took ([undo.md](undo.md)). It says of every manifest and tag what became of it, blob by blob where layers are gone, and ends with 1 where something did not come back. A tag is only made where there is none. Doing it again finishes what was left.',
    )
    .argument('<what>', '`HOST/NAME@sha256:…`, or the id of a run as `history` shows it')
    .addOption(ledgerOption('the ledger of the runs; it has to be there'))
    .addOption(credentialsOption())
    .addOption(ageOption('--hold <age>', 'how long no run takes what came back', '7d'))
    .option(
      '--by <name>',
      'who restores it, for the ledger and the hold; without it the name of the user who runs the command',
    )
    .addOption(concurrencyOption())
    .option('--dry-run', 'only say what would come back')
    .option('--json', 'print the result as JSON')
    .example('restore --ledger .warden/local/ledger.sqlite RUN')
    .action(async (what: string, options: RestoreOptions) => {
      const restoration = await withLedger(options.ledger, (ledger) => run(ledger, what, options), 'there');
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(restoration, null, 2)}\n`
          : renderRestoration(restoration, options.dryRun === true, outputStyle()),
      );
      if (!isWhole(restoration)) process.exitCode = EXIT.failed;
    });
}

function credentialsOption(): Option {
  const option = new Option(
    '--credentials <file>',
    "credentials of an account of its own, in Google's form (service account, impersonation or federation). Without it the caller's own",
  );
  return option.env('GCR_WARDEN_RESTORE_CREDENTIALS');
}

async function run(ledger: Ledger, what: string, options: RestoreOptions): Promise<Restoration> {
  const { repository, source } = await subjectOf(ledger, what);
  const registry = openRegistry({
    ...registryEnvironment(process.env),
    credentials: credentialsOf(options.credentials),
    clock: Date.now,
    logger: terminalLogger,
    concurrency: options.concurrency,
    manifestCache: null,
    hosts: [repository.host],
    userAgent: `gcr-warden/${packageJson.version}`,
  });
  const progress = openRestoreProgress();
  const tags = createTagKeeper({ token: applicationDefaultToken(options.credentials) });
  try {
    return await restore(
      {
        registry: registry.reader,
        writer: registry.writer(),
        tags,
        ledger,
        clock: Date.now,
        newId,
        logger: terminalLogger,
        concurrency: options.concurrency,
        onManifest: progress.onManifest,
      },
      {
        repository,
        source,
        by: options.by ?? userInfo().username,
        holdMs: options.hold,
        isDryRun: options.dryRun === true,
      },
    );
  } finally {
    progress.end();
    await Promise.all([registry.close(), tags.close()]);
  }
}

/** What is to be restored, and where: an image by its digest, or a run by its id. */
async function subjectOf(
  ledger: Ledger,
  what: string,
): Promise<{ readonly repository: Repository; readonly source: RestorationSource }> {
  if (!what.includes('/')) {
    return { repository: await repositoryOfRun(ledger, what), source: { kind: 'run', runId: what } };
  }
  const { repository, digest } = parseImageReference(what);
  if (digest !== null) return { repository, source: { kind: 'image', digest } };
  throw new WardenError(
    'OPTION_INVALID',
    `${what} names no digest. Write HOST/NAME@sha256:…; "gcr-warden explain ${what}" tells which digest bore a tag.`,
  );
}

/** The caller's own credentials; with a file, that account's for Google's hosts before any other. */
function credentialsOf(file: string | undefined): Credentials {
  const docker = dockerConfigCredentials({ env: process.env });
  return file === undefined
    ? firstOf([docker, adcCredentials()])
    : firstOf([adcCredentials({ keyFile: file }), docker]);
}
