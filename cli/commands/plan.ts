import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { newId } from '../../shared/adapters/identity/new-id.ts';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { renderPlan } from '../../shared/report/plan-text.ts';
import { EXIT } from '../exit-code.ts';
import { concurrencyOption, ledgerOption, withLedger } from '../options.ts';
import { openCallersRegistry } from '../registry.ts';
import { outputStyle, terminalLogger } from '../terminal.ts';
import { inUseOption, openUsage } from '../usage.ts';

interface PlanOptions {
  readonly policies: string;
  readonly ledger: string;
  readonly out?: string;
  readonly json?: true;
  readonly inUse?: string;
  readonly onlyEnforced?: true;
  readonly concurrency: number;
}

/** `gcr-warden plan`: what policies would delete, and why. Deletes nothing. */
export function planCommand(): Command {
  return new Command('plan')
    .description('Say what policies would delete, and why; deletes nothing')
    .argument('<target>', 'HOST/PROJECT[/REPO]')
    .requiredOption('--policies <dir>', 'folder of policy files')
    .addOption(ledgerOption())
    .addOption(inUseOption())
    .option('--out <file>', 'write the plan for "gcr-warden apply"')
    .option('--only-enforced', 'leave out what only policies in mode: plan would delete')
    .option('--json', 'print the plan as JSON')
    .addOption(concurrencyOption())
    .action(async (text: string, options: PlanOptions) => {
      const target = parseTarget(text);
      const policies = await readPolicyFolder(options.policies).read();
      const plan = await withLedger(options.ledger, async (ledger) => {
        const { reader, close } = openCallersRegistry({
          concurrency: options.concurrency,
          manifestCache: ledger,
          hosts: [target.host],
        });
        try {
          return await planTarget(
            {
              registry: reader,
              ledger,
              usage: openUsage(options.inUse),
              clock: Date.now,
              newId,
              logger: terminalLogger,
              concurrency: options.concurrency,
            },
            target,
            {
              policies,
              scope: options.onlyEnforced === true ? 'enforced' : 'all',
              trigger: 'command',
              deleting: null,
            },
          );
        } finally {
          await close();
        }
      });
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
    throw new WardenError('PLAN_UNWRITABLE', `The plan can't be written to ${file}: ${messageOf(cause)}.`, {
      cause,
    });
  }
}

/** Whether everything that was asked about could be read. */
function isComplete(plan: Plan): boolean {
  const seen = [plan.catalog, ...plan.repositories.map(({ completeness }) => completeness)];
  return seen.every(({ kind }) => kind === 'complete');
}
