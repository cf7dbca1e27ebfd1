import { Command } from 'commander';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { printable } from '../../shared/report/text.ts';
import { EXIT } from '../exit-code.ts';

/** `gcr-warden policy check`: every error in a folder of policies, with its place. */
export function policyCommand(): Command {
  const check = new Command('check')
    .description('Read policy files and print every error with file, line and column')
    .argument('[dir]', 'folder of policy files', 'policies')
    .option('--json', 'print the policies and problems as JSON')
    .action(async (dir: string, options: { json?: true }) => {
      const { policies, problems } = await readPolicyFolder(dir).read();
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify({ policies, problems }, null, 2)}\n`);
      } else {
        for (const { file, line, column, code, message } of problems) {
          process.stdout.write(`${printable(file)}:${line}:${column}: ${code}: ${printable(message)}\n`);
        }
        const names = policies.map((policy) => `${policy.name} (${policy.mode})`).join(', ');
        process.stdout.write(
          `${policies.length} policies are fine${names === '' ? '' : `: ${names}`}; ${problems.length} problems.\n`,
        );
      }
      if (problems.length > 0) process.exitCode = EXIT.failed;
    });
  return new Command('policy').description('Work with policy files').addCommand(check);
}
