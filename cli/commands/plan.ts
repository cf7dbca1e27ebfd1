import { writeFile } from 'node:fs/promises';
import { openPublicReaders } from '../../shared/adapters/google/open-public-readers.ts';
import { newId } from '../../shared/adapters/identity/new-id.ts';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { readSnapshotFile } from '../../shared/adapters/policies/snapshot-file.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import type { Plan } from '../../shared/core/plan.ts';
import type { PlanScope } from '../../shared/core/plan-repository.ts';
import { planSnapshot } from '../../shared/core/plan-snapshot.ts';
import type { PolicySet } from '../../shared/core/policy.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { renderPlan } from '../../shared/report/plan-text.ts';
import { crossCheckOption } from '../cross-check.ts';
import { deadlineOption } from '../deadline.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand, paragraphs } from '../manual.ts';
import { concurrencyOption, ledgerOption, withLedger } from '../options.ts';
import { type ReadingOptions, withReading } from '../reading.ts';
import { outputStyle, terminalLogger } from '../terminal.ts';
import { inUseOption, openUsage } from '../usage.ts';

interface PlanOptions extends ReadingOptions {
  readonly policies: string;
  readonly ledger: string;
  readonly from?: string;
  readonly out?: string;
  readonly json?: true;
  readonly inUse?: string;
  readonly onlyEnforced?: true;
  readonly oldest?: number;
  readonly exactSize?: true;
}

/** `gcr-warden plan`: what policies would delete, and why. Deletes nothing. */
export function planCommand(): ManualCommand {
  return new ManualCommand('plan')
    .summary('Say what policies would delete, and why; deletes nothing')
    .description(
      paragraphs(
        'What policies would delete, and why; which rule keeps the rest. Deletes nothing. The decisions are written to the ledger, so that `explain` can tell them.',
        'What would be freed is `up to` the listed sizes of what goes. With `--exact-size` it is `exactly` the bytes that nothing which stays refers to, in any repository of the plan, each blob counted once: a request for each manifest that the ledger does not have, 100,000 at most. Layers that repositories outside the target share are not seen. The plan itself says which as `freed`, with `kind` `exact` or `at most`; `limits.size` goes by what is listed.',
      ),
    )
    .argument('[target]', 'what to plan; left out with `--from`')
    .requiredOption('--policies <dir>', 'folder of policy files')
    .addOption(ledgerOption('where the history is'))
    .addOption(inUseOption('as in `snapshot`, for rules with `inUse`; without it such rules keep everything'))
    .option('--from <snapshot>', 'plan from a file of `snapshot`, without a registry and without the ledger')
    .option('--out <file>', 'write the plan for `apply`')
    .option('--only-enforced', 'leave out what only policies in `mode: plan` would delete')
    .option(
      '--oldest <n>',
      'of each repository only the oldest part, so many manifests at most: for beginning with a repository that is over a limit',
      parseOldest,
    )
    .option(
      '--exact-size',
      'read every manifest once, to tell exactly what would be freed; not with `--from`',
    )
    .option('--json', 'print the plan as JSON')
    .addOption(concurrencyOption())
    .addOption(
      crossCheckOption(
        'as in `list`; for hosts whose listings tell no upload times too, which are taken from there',
      ),
    )
    .addOption(deadlineOption('of what was not read by then nothing is planned, and the command ends with 1'))
    .example(
      'plan --policies policies --ledger .warden/local/ledger.sqlite --out plan.json localhost:5050/acme/services',
    )
    .action(async (text: string | undefined, options: PlanOptions) => {
      const policies = await readPolicyFolder(options.policies).read();
      const plan =
        options.from === undefined
          ? await planFromRegistry(text, policies, options)
          : await planFromSnapshot(text, options.from, policies, options);
      if (options.out !== undefined) await writePlan(options.out, plan);
      process.stdout.write(
        options.json === true ? `${JSON.stringify(plan, null, 2)}\n` : renderPlan(plan, outputStyle()),
      );
      if (plan.problems.length > 0 || !isComplete(plan)) process.exitCode = EXIT.failed;
    });
}

async function writePlan(file: string, plan: Plan): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(plan, null, 2)}\n`, { mode: 0o600 });
  } catch (cause) {
    // No text can be longer (V8: 2^29 characters), neither here nor where "apply" reads it.
    const why =
      cause instanceof RangeError
        ? 'it is too long to be read again; plan fewer repositories at a time'
        : messageOf(cause);
    throw new WardenError('PLAN_UNWRITABLE', `The plan can't be written to ${file}: ${why}.`, { cause });
  }
}

/** Whether everything that was asked about could be read. */
function isComplete(plan: Plan): boolean {
  const seen = [plan.catalog, ...plan.repositories.map(({ completeness }) => completeness)];
  return seen.every(({ kind }) => kind === 'complete');
}

function oldestOf({ oldest }: PlanOptions): { oldest?: number } {
  return oldest === undefined ? {} : { oldest };
}

function exactSizeOf({ exactSize }: PlanOptions): { exactSize?: true } {
  return exactSize === undefined ? {} : { exactSize };
}

function parseOldest(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new WardenError(
    'OPTION_INVALID',
    `--oldest is a whole number of manifests from 1 on, and ${JSON.stringify(text)} is not.`,
  );
}

function scopeOf(options: PlanOptions): PlanScope {
  return options.onlyEnforced === true ? 'enforced' : 'all';
}

async function planFromRegistry(
  text: string | undefined,
  policies: PolicySet,
  options: PlanOptions,
): Promise<Plan> {
  if (text === undefined) {
    throw new WardenError(
      'OPTION_INVALID',
      'plan needs a target, HOST/PROJECT[/REPO], or a snapshot with --from FILE.',
    );
  }
  const target = parseTarget(text);
  return withLedger(options.ledger, async (ledger) => {
    const publicReaders = openPublicReaders(null);
    try {
      return await withReading(target, options, ledger, (registry, { onRead }) =>
        planTarget(
          {
            registry,
            ledger,
            usage: openUsage(options.inUse),
            publicReaders,
            clock: Date.now,
            newId,
            logger: terminalLogger,
            concurrency: options.concurrency,
            onRead,
          },
          target,
          {
            policies,
            scope: scopeOf(options),
            trigger: 'command',
            deleting: null,
            ...oldestOf(options),
            ...exactSizeOf(options),
          },
        ),
      );
    } finally {
      await publicReaders.close();
    }
  });
}

/** Asks neither a registry nor the ledger, and writes nothing down but the plan. */
async function planFromSnapshot(
  text: string | undefined,
  file: string,
  policies: PolicySet,
  options: PlanOptions,
): Promise<Plan> {
  const { inUse, crossCheck, deadline } = options;
  if ([text, inUse, crossCheck, deadline].some((one) => one !== undefined)) {
    throw new WardenError(
      'OPTION_INVALID',
      `A snapshot is planned as a whole, with what ran when it was taken, and asks nobody: leave out the target, --in-use, --cross-check and --deadline.`,
    );
  }
  if (options.exactSize === true) {
    throw new WardenError(
      'OPTION_INVALID',
      'A snapshot has no layers to weigh, only what was listed: leave out --exact-size.',
    );
  }
  return planSnapshot(await readSnapshotFile(file), policies, scopeOf(options), options.oldest);
}
