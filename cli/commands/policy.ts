import { Command } from 'commander';
import { policyCheckCommand } from './policy-check.ts';
import { policyDiffCommand } from './policy-diff.ts';
import { policyImportCommand } from './policy-import.ts';
import { policySimulateCommand } from './policy-simulate.ts';
import { policyTestCommand } from './policy-test.ts';

/** `gcr-warden policy`: what can be done with policy files before a registry is touched. */
export function policyCommand(): Command {
  return new Command('policy')
    .description('Work with policy files')
    .addCommand(policyCheckCommand())
    .addCommand(policyTestCommand())
    .addCommand(policyDiffCommand())
    .addCommand(policySimulateCommand())
    .addCommand(policyImportCommand());
}
