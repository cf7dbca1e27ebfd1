import { ManualCommand } from '../manual.ts';
import { policyCheckCommand } from './policy-check.ts';
import { policyDiffCommand } from './policy-diff.ts';
import { policyImportCommand } from './policy-import.ts';
import { policySimulateCommand } from './policy-simulate.ts';
import { policyTestCommand } from './policy-test.ts';

/** `gcr-warden policy`: what can be done with policy files before a registry is touched. */
export function policyCommand(): ManualCommand {
  return new ManualCommand('policy')
    .description('Work with policy files')
    .addCommand(policyCheckCommand())
    .addCommand(policyTestCommand())
    .addCommand(policyDiffCommand())
    .addCommand(policySimulateCommand())
    .addCommand(policyImportCommand());
}
