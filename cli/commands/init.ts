import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { messageOf, WardenError } from '../../shared/core/error.ts';
import { filesOf, type InitWishes } from '../../shared/core/proposal/files.ts';
import { PIPELINES, type Pipeline, type ProposedFile } from '../../shared/core/proposal/pipeline.ts';
import { type Survey, surveyOf } from '../../shared/core/proposal/survey.ts';
import { hostKind, parseTarget } from '../../shared/core/reference.ts';
import { isTimeZone } from '../../shared/core/schedule.ts';
import { printable } from '../../shared/report/text.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand, paragraphs } from '../manual.ts';
import { concurrencyOption, ledgerOption } from '../options.ts';
import { isIncomplete, type SurveyOptions, snapshotForSurvey } from '../surveying.ts';
import { answerTo } from '../terminal.ts';
import { inUseOption } from '../usage.ts';

interface InitOptions extends SurveyOptions {
  readonly dir: string;
  readonly owner?: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly ci: Pipeline;
  readonly region?: string;
  readonly terraform: boolean;
  readonly moduleSource: string;
  readonly json?: true;
}

/** `gcr-warden init`: policies that fit a registry, with tests, a pipeline and a Terraform root. */
export function initCommand(): ManualCommand {
  return new ManualCommand('init')
    .summary('Write policies that fit a registry, with tests, a pipeline and a Terraform root')
    .description(
      paragraphs(
        'Looks a registry over as `survey` does, with rights to read, and writes what one begins with: a policy for each repository of Artifact Registry in `policies/`, with a test beside it that uses tags which are really there; the job that checks and tests them on a pull request; and a Terraform root that plans only. On a terminal it asks for what no option says.',
        'No file is ever overwritten: where one of them is there, nothing is written at all. Every policy is in `mode: plan`, and what is written passes `policy check` and `policy test`.',
      ),
    )
    .argument('[target]', '`HOST/PROJECT[/REPO]`, or `gcr.io/PROJECT`; asked for where it is left out')
    .option('--dir <dir>', 'where to write', '.')
    .option('--owner <who>', "named by every policy and shown by reports, such as a team's address")
    .option('--cron <expression>', 'when the policies run', '0 3 * * *')
    .addOption(
      new Option('--time-zone <zone>', 'the IANA time zone that this is meant in').default(
        Intl.DateTimeFormat().resolvedOptions().timeZone,
        "this machine's",
      ),
    )
    .addOption(
      inUseOption(
        'where to ask what runs, as in [in-use.md](in-use.md#sources); may be repeated. With it the policies keep what runs, and the Terraform root asks the same sources',
      ),
    )
    .addOption(
      new Option('--ci <pipeline>', 'the pipeline that is written: `github`, `gitlab` or `none`')
        .choices(PIPELINES)
        .default('github'),
    )
    .option(
      '--no-terraform',
      "write no Terraform root; there is none for registries that are not Google's either",
    )
    .option(
      '--region <region>',
      'where the service is to run; by the location of the registry where it is left out',
    )
    .addOption(
      new Option('--module-source <source>', 'where Terraform finds the module').default(
        `github.com/gcr-warden/gcr-warden//terraform?ref=v${packageJson.version}`,
      ),
    )
    .addOption(ledgerOption('as in `survey`'))
    .addOption(concurrencyOption())
    .option('--json', 'print the paths of what was written as JSON')
    .example(
      'init localhost:5050/acme --dir .warden/init --owner platform@example.com --time-zone Europe/Berlin',
    )
    .action(async (named: string | undefined, options: InitOptions) => {
      if (!isTimeZone(options.timeZone)) {
        throw new WardenError(
          'OPTION_INVALID',
          `--time-zone: ${JSON.stringify(options.timeZone)} is no IANA time zone, such as Europe/Berlin.`,
        );
      }
      const target = named ?? (await answerTo('Which registry? HOST/PROJECT[/REPO]:'));
      if (target === null) {
        throw new WardenError(
          'OPTION_INVALID',
          'Name what to look at, for example europe-docker.pkg.dev/my-project.',
        );
      }
      const owner =
        options.owner ?? (await answerTo('Who answers for these policies? (an address, or nothing)'));
      const inUse =
        options.inUse ??
        (await answerTo(
          'Who says what runs? (asset:projects/PROJECT, gke:PROJECT, run:PROJECT, or nothing)',
        ));
      const snapshot = await snapshotForSurvey(target, {
        ...options,
        ...(inUse === null ? {} : { inUse }),
      });
      const survey = surveyOf(snapshot, {
        owner,
        schedule: { cron: options.cron, timeZone: options.timeZone },
        knowsInUse: inUse !== null,
      });
      const files = filesOf(survey, wishesOf(survey, options, inUse));
      await writeAll(options.dir, files);
      process.stdout.write(
        options.json === true ? asJson(options.dir, files) : asText(options.dir, files, survey),
      );
      if (isIncomplete(snapshot)) process.exitCode = EXIT.failed;
    });
}

function wishesOf(survey: Survey, options: InitOptions, inUse: string | null): InitWishes {
  const { host } = parseTarget(survey.target);
  return {
    pipeline: options.ci,
    version: packageJson.version,
    terraform:
      options.terraform && hostKind(host) === 'google'
        ? {
            region: options.region ?? null,
            inUse: (inUse ?? '').split('\n').filter((source) => source !== ''),
            moduleSource: options.moduleSource,
          }
        : null,
  };
}

/** All files or none: half a beginning would be taken for a whole one. */
async function writeAll(dir: string, files: readonly ProposedFile[]): Promise<void> {
  const there = files.filter(({ path }) => existsSync(join(dir, path)));
  if (there.length > 0) {
    throw new WardenError(
      'INIT_FILE_EXISTS',
      `${there.map(({ path }) => join(dir, path)).join(', ')} ${there.length === 1 ? 'is' : 'are'} there already, and nothing was written. Name another folder with --dir, or move what is there.`,
    );
  }
  for (const { path, text } of files) {
    const file = join(dir, path);
    try {
      await mkdir(dirname(file), { recursive: true });
      // `wx`: somebody else may have begun in the meantime.
      await writeFile(file, text, { flag: 'wx' });
    } catch (cause) {
      throw new WardenError('INIT_UNWRITABLE', `${file} can't be written: ${messageOf(cause)}.`, { cause });
    }
  }
}

function asJson(dir: string, files: readonly ProposedFile[]): string {
  return `${JSON.stringify({ files: files.map(({ path }) => join(dir, path)) }, null, 2)}\n`;
}

function asText(dir: string, files: readonly ProposedFile[], survey: Survey): string {
  const policies = join(dir, 'policies');
  return [
    ...files.map(({ path }) => `wrote ${printable(join(dir, path))}`),
    '',
    'Next:',
    `  gcr-warden policy test ${printable(policies)}`,
    `  gcr-warden plan --policies ${printable(policies)} ${printable(survey.target)}`,
    '',
  ].join('\n');
}
