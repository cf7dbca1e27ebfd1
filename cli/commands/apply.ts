import { readFile } from 'node:fs/promises';
import { openPublicReaders } from '../../shared/adapters/google/open-public-readers.ts';
import { openTagKeeper } from '../../shared/adapters/google/tag-keeper.ts';
import { newId } from '../../shared/adapters/identity/new-id.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import type { RepositoryResult } from '../../shared/app/apply-request.ts';
import { type Approval, checkApproval, isApproved } from '../../shared/core/approval.ts';
import { isDigest } from '../../shared/core/digest.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import type { Plan, Step } from '../../shared/core/plan.ts';
import { checkApplicable } from '../../shared/core/plan-check.ts';
import { parsePlan } from '../../shared/core/plan-file.ts';
import { parseRepository } from '../../shared/core/reference.ts';
import { renderResults } from '../../shared/report/apply-text.ts';
import { accessUntil, beginRun, deadlineOption } from '../deadline.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand } from '../manual.ts';
import { concurrencyOption, ledgerOption, withLedger } from '../options.ts';
import { openApplyProgress } from '../progress.ts';
import { openCallersRegistry } from '../registry.ts';
import { confirmed, outputStyle, stopOnInterrupt, terminalLogger } from '../terminal.ts';
import { inUseOption, openUsage } from '../usage.ts';

/** What was begun before the end of a run may end, and no request goes on after so much more. */
const LAST_REQUEST_MS = 60_000;

interface ApplyOptions {
  readonly ledger: string;
  readonly inUse?: string;
  readonly concurrency: number;
  readonly undo: boolean;
  readonly approve?: string;
  readonly by?: string;
  readonly reason?: string;
  readonly yes?: true;
  readonly json?: true;
  readonly deadline?: number;
}

/** `gcr-warden apply`: does what a plan says, and writes down every step before it is taken. */
export function applyCommand(): ManualCommand {
  return new ManualCommand('apply')
    .summary('Do what a plan says; refuses a plan older than a day or not wholly in mode: enforce')
    .description(
      "Does what a plan says. Every step is written to the ledger before it is taken, and its outcome after. Refused are a plan that is older than a day, that was edited, or that has a step of policies in `mode: plan` only. Ctrl-C ends it after the digests that were begun; a second one at once. Either way, applying the plan again takes up the rest. What is in use and on hold is read again before a repository's first delete, and every ten minutes after.",
    )
    .argument('<plan>', 'file of `plan --out`')
    .addOption(ledgerOption('where the steps are written down'))
    .addOption(
      inUseOption(
        'as in `plan`; read again before the first delete. A plan that asked what runs deletes nothing without it',
      ),
    )
    .addOption(concurrencyOption())
    .addOption(
      deadlineOption(
        'no step is begun after it, requests under way have a minute more, and the command ends with 1. Applying the plan again takes up the rest',
      ),
    )
    .option(
      '--approve <id>',
      'let this plan go over `limits.digests`, `share` and `size`, named by its `id`; a freeze, the last image and what is not known are not for approval',
    )
    .option('--by <name>', 'with `--approve`: who approves it. Recorded with the run, as `history` shows')
    .option('--reason <text>', 'with `--approve`: why')
    .option(
      '--no-undo',
      "don't keep the manifests of what goes: one request less for each that was not read before, and nothing of it can be put back",
    )
    .option('--yes', "don't ask; needed where there is no terminal")
    .option('--json', 'print the results as JSON')
    .example('apply plan.json --ledger .warden/local/ledger.sqlite --yes')
    .action(async (file: string, options: ApplyOptions) => {
      const plan = parsePlan(await readText(file), file);
      checkApplicable(plan, Date.now());
      const approval = approvalOf(options);
      if (approval !== null) checkApproval(plan, approval);
      await confirm(plan, approval, options.yes === true);
      const isStopped = stopOnInterrupt();
      const end = beginRun(options.deadline);
      const progress = openApplyProgress(stepsOf(plan, approval).length);
      const results = await withLedger(options.ledger, async (ledger) => {
        const registry = openCallersRegistry({
          concurrency: options.concurrency,
          manifestCache: ledger,
          hosts: hostsOf(plan),
        });
        const tags = openTagKeeper();
        const publicReaders = openPublicReaders(null);
        try {
          const access = accessUntil(registry, end, LAST_REQUEST_MS);
          return await applyPlan(
            {
              tags,
              registry: access.reader,
              deleter: access.deleter(),
              ledger,
              usage: openUsage(options.inUse),
              publicReaders,
              clock: Date.now,
              newId,
              logger: terminalLogger,
              concurrency: options.concurrency,
            },
            plan,
            {
              trigger: 'command',
              untilMs: end.atMs,
              isStopped,
              onOutcome: (_repository, _step, outcome) => progress.onOutcome(outcome.kind === 'deleted'),
              undo: options.undo,
              ...(approval === null ? {} : { approval }),
            },
          );
        } finally {
          progress.end();
          await Promise.all([registry.close(), tags.close(), publicReaders.close()]);
        }
      });
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(results, null, 2)}\n`
          : renderResults(results, outputStyle()),
      );
      if (results.some(isFailed)) process.exitCode = EXIT.failed;
    });
}

/** The hosts that the plan's repositories are on; whoever applies the plan has named them. */
function hostsOf(plan: Plan): string[] {
  return [...new Set(plan.repositories.map(({ repository }) => parseRepository(repository).host))];
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new WardenError('PLAN_INVALID', `${file} can't be read: ${messageOf(cause)}`, { cause });
  }
}

/** The person's word that the options are, or null where none is given. */
function approvalOf({ approve, by, reason }: ApplyOptions): Approval | null {
  if (approve === undefined && by === undefined && reason === undefined) return null;
  if (approve !== undefined && isDigest(approve) && by !== undefined && reason !== undefined) {
    return { planId: approve, by, reason, atMs: Date.now() };
  }
  throw new WardenError(
    'OPTION_INVALID',
    'An approval names the plan by its id, which stands in the file, who gives it and why: --approve sha256:… --by NAME --reason TEXT.',
  );
}

/** What there is to do: nothing of a repository that is left alone. */
function stepsOf(plan: Plan, approval: Approval | null): readonly Step[] {
  return plan.repositories.flatMap(({ refusal, steps }) =>
    refusal === null || isApproved(refusal, plan, approval) ? steps : [],
  );
}

/** Says how much will go and asks once on a terminal; elsewhere `--yes` has to say it. */
async function confirm(plan: Plan, approval: Approval | null, yes: boolean): Promise<void> {
  const steps = stepsOf(plan, approval);
  const digests = steps.filter((step) => step.kind === 'delete').length;
  if (yes || steps.length === 0) return;
  const question = `Delete ${digests} manifests and ${steps.length - digests} tags of ${plan.target}?`;
  if (process.stdin.isTTY !== true)
    throw new WardenError('CONFIRMATION_MISSING', `${question} Say so with --yes.`);
  if (!(await confirmed(question))) throw new WardenError('CONFIRMATION_MISSING', 'Nothing was deleted.');
}

/** What was left alone, failed or was not come to ends the command with an error; what was rightly skipped does not. */
function isFailed(result: RepositoryResult): boolean {
  return (
    result.refusal !== null ||
    result.results.some(
      ({ outcome }) =>
        outcome.kind === 'failed' ||
        outcome.kind === 'blocked' ||
        (outcome.kind === 'skipped' && outcome.why === 'stopped'),
    )
  );
}
