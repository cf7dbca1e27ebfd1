import { isAbsolute, relative, resolve, sep } from 'node:path';
import { Option } from 'commander';
import { readPolicyFiles } from '../../shared/adapters/policies/folder.ts';
import { checkPolicyFolder, type PolicyCheck } from '../../shared/core/policy-file/check.ts';
import { renderPolicyCheckGithub } from '../../shared/report/policy-problems-github.ts';
import { renderPolicyCheckJson } from '../../shared/report/policy-problems-json.ts';
import { renderPolicyCheckSarif } from '../../shared/report/policy-problems-sarif.ts';
import { renderPolicyCheck } from '../../shared/report/policy-problems-text.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand } from '../manual.ts';
import { jsonFormatOption, withLedger } from '../options.ts';
import { outputStyle } from '../terminal.ts';

const FORMATS = {
  text: (check: PolicyCheck, folder: string) => renderPolicyCheck(check, folder, outputStyle()),
  github: renderPolicyCheckGithub,
  json: renderPolicyCheckJson,
  sarif: renderPolicyCheckSarif,
} as const satisfies Record<string, (check: PolicyCheck, folder: string) => string>;

interface CheckOptions {
  readonly format: keyof typeof FORMATS;
  readonly ledger?: string;
}

/** `gcr-warden policy check`: every error and warning in a folder of policies, with its place. */
export function policyCheckCommand(): ManualCommand {
  return new ManualCommand('check')
    .summary('Read policy files and print every error with file, line and column')
    .description('Reads policy files and prints every error with file, line and column. Needs no registry.')
    .argument('[dir]', 'folder of policy files', 'policies')
    .addOption(
      new Option(
        '--format <format>',
        '`text`; `github` annotates a pull request; `json` and `sarif` are for programs',
      )
        .choices(Object.keys(FORMATS))
        .default('text'),
    )
    .addOption(jsonFormatOption())
    .option(
      '--ledger <file>',
      'tells of policies that this ledger has seen in `mode: plan` for more than 30 days',
    )
    .example('policy check policies')
    .action(async (dir: string, { format, ledger }: CheckOptions) => {
      const planning = ledger === undefined ? [] : await withLedger(ledger, (one) => one.planningSince());
      const check = checkPolicyFolder(await readPolicyFiles(dir), Date.now(), planning);
      process.stdout.write(FORMATS[format](check, pathFromHere(dir)));
      const isEmpty = check.policies.length === 0 && check.problems.length === 0;
      // A pipeline that looks into the wrong folder would be green for ever.
      if (isEmpty) process.stderr.write(`error: There is no policy in ${dir}.\n`);
      if (isEmpty || check.problems.length > 0) process.exitCode = EXIT.failed;
    });
}

/** The folder's path from where the command was started, as a pull request names its files; '' for that itself. */
function pathFromHere(dir: string): string {
  const path = relative(process.cwd(), resolve(dir));
  return isAbsolute(path) || path.startsWith('..') ? dir : path.replaceAll(sep, '/');
}
