import { Command } from 'commander';
import { policyCheckCommand } from './policy-check.ts';
import { policyTestCommand } from './policy-test.ts';

/** `gcr-warden policy`: what can be done with policy files before a registry is touched. */
export function policyCommand(): Command {
  return new Command('policy')
    .description('Work with policy files')
    .addCommand(policyCheckCommand())
    .addCommand(policyTestCommand());
}
