import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import {
  type SimulateRequest,
  type SimulationReport,
  simulateSnapshot,
  simulateTarget,
} from '../../shared/app/simulate-policies.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import { parseAge } from '../../shared/core/units.ts';
import { renderSimulationPage } from '../../shared/report/simulation-page.ts';
import { renderSimulations } from '../../shared/report/simulation-text.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand } from '../manual.ts';
import { concurrencyOption, ledgerOption } from '../options.ts';
import { type SubjectOptions, snapshotOption, targetOption, withSubject } from '../policy-subject.ts';
import { outputStyle } from '../terminal.ts';
import { inUseOption } from '../usage.ts';

interface PolicySimulateOptions extends SubjectOptions {
  readonly policies: string;
  /** Milliseconds. */
  readonly since: number;
  readonly assumeUnused?: true;
  readonly json?: true;
  readonly html?: string;
}

/** `gcr-warden policy simulate`: what policies would have done, night by night, had they been deployed. */
export function policySimulateCommand(): ManualCommand {
  return new ManualCommand('simulate')
    .summary(
      'Replay the recorded history through policies, night by night: what would have gone, and what of it was wanted later; deletes nothing',
    )
    .description(
      "Replays the recorded history through policies, night by night, as if they had been deployed and enforced: what would have gone when, and what of it was tagged, needed or running later. Reads only. What it knows and what it can't: [policy-changes.md](policy-changes.md#replaying-the-past). Ends with 1 where a policy has an error, or where not everything could be replayed; with 0 whatever would have gone.",
    )
    .addOption(
      new Option('--since <age>', 'how far back').default(parsedSince('90d'), '90d').argParser(parsedSince),
    )
    .option('--policies <dir>', 'folder of policy files', 'policies')
    .addOption(snapshotOption('replay the history in a file of `snapshot`, up to its time'))
    .addOption(
      targetOption(
        "replay the ledger's history of what a registry holds now; this or `--snapshot`. Without either: `GCR_WARDEN_TARGET`, or what the policies select where that is below one place",
      ),
    )
    .addOption(ledgerOption('where the history is, with `--target`'))
    .addOption(
      inUseOption('as in `snapshot`, with `--target`: what runs now shows what would have been missing'),
    )
    .addOption(concurrencyOption())
    .option(
      '--assume-unused',
      'take it that nothing ran and nothing was pulled where that is not recorded: the most that could have gone',
    )
    .option('--json', 'print the replay as JSON')
    .option('--html <file>', 'write one page with a plot over time, which needs nothing else')
    .example('policy simulate --since 90d --target localhost:5050/acme --ledger .warden/local/ledger.sqlite')
    .action(async (options: PolicySimulateOptions) => {
      const request: SimulateRequest = {
        policies: await readPolicyFolder(options.policies).read(),
        sinceAgeMs: options.since,
        unrecorded: options.assumeUnused === true ? 'unused' : 'unknown',
      };
      const report = await withSubject(options, request.policies.policies, {
        snapshot: (snapshot) => simulateSnapshot(snapshot, request),
        target: (ports, target) => simulateTarget(ports, target, request),
      });
      if (options.html !== undefined) await writePage(options.html, report);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(report, null, 2)}\n`
          : renderSimulations(report, outputStyle()),
      );
      if (!isWhole(report)) process.exitCode = EXIT.failed;
    });
}

function parsedSince(text: string): number {
  const age = parseAge(text);
  if (age.kind === 'parsed') return age.value;
  throw new WardenError('OPTION_INVALID', `--since ${JSON.stringify(text)} can't be read: ${age.why}.`);
}

async function writePage(file: string, report: SimulationReport): Promise<void> {
  try {
    // It names what runs where, so it is for its owner alone.
    await writeFile(file, renderSimulationPage(report), { mode: 0o600 });
  } catch (cause) {
    throw new WardenError('PAGE_UNWRITABLE', `The page can't be written to ${file}: ${messageOf(cause)}.`, {
      cause,
    });
  }
}

/** Whether every repository was replayed, by all of the policies. */
function isWhole({ problems, catalog, repositories }: SimulationReport): boolean {
  return (
    problems.length === 0 &&
    catalog.kind === 'complete' &&
    repositories.every(({ simulation }) => simulation.kind === 'known')
  );
}
