import { writeFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { Option } from 'commander';
import { readPolicyFiles } from '../../shared/adapters/policies/folder.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import { checkPolicyFolder, type PolicyCheck } from '../../shared/core/policy-file/check.ts';
import { checkRecord } from '../../shared/core/policy-file/check-record.ts';
import { jsonText } from '../../shared/report/audit-json.ts';
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
  readonly record?: string;
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
    .option(
      '--record <file>',
      'where no file has an error, write down which were checked, by content: the Terraform module refuses others, see its `policy_record`',
    )
    .example('policy check policies')
    .action(async (dir: string, { format, ledger, record }: CheckOptions) => {
      const planning = ledger === undefined ? [] : await withLedger(ledger, (one) => one.planningSince());
      const folder = await readPolicyFiles(dir);
      const check = checkPolicyFolder(folder, Date.now(), planning);
      process.stdout.write(FORMATS[format](check, pathFromHere(dir)));
      const isEmpty = check.policies.length === 0 && check.problems.length === 0;
      // A pipeline that looks into the wrong folder would be green for ever.
      if (isEmpty) process.stderr.write(`error: There is no policy in ${dir}.\n`);
      if (isEmpty || check.problems.length > 0) process.exitCode = EXIT.failed;
      else if (record !== undefined) await writeRecord(record, jsonText(checkRecord(folder)));
    });
}

/** @throws WardenError RECORD_UNWRITABLE */
async function writeRecord(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new WardenError(
      'RECORD_UNWRITABLE',
      `The record can't be written to ${file}: ${messageOf(cause)}.`,
      {
        cause,
      },
    );
  }
}

/** The folder's path from where the command was started, as a pull request names its files; '' for that itself. */
function pathFromHere(dir: string): string {
  const path = relative(process.cwd(), resolve(dir));
  return isAbsolute(path) || path.startsWith('..') ? dir : path.replaceAll(sep, '/');
}
