import { Option } from 'commander';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { takeSnapshot } from '../../shared/app/take-snapshot.ts';
import { diffPolicies, type PolicyDiff } from '../../shared/core/policy-diff.ts';
import { renderPolicyDiffMarkdown } from '../../shared/report/policy-diff-markdown.ts';
import { renderPolicyDiff } from '../../shared/report/policy-diff-text.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand } from '../manual.ts';
import { concurrencyOption, jsonFormatOption, ledgerOption } from '../options.ts';
import { type SubjectOptions, snapshotOption, targetOption, withSubject } from '../policy-subject.ts';
import { outputStyle } from '../terminal.ts';
import { inUseOption } from '../usage.ts';

interface PolicyDiffOptions extends SubjectOptions {
  readonly format: 'text' | 'markdown' | 'json';
}

/** `gcr-warden policy diff`: one inventory under two versions of the policies. */
export function policyDiffCommand(): ManualCommand {
  return new ManualCommand('diff')
    .summary('Say what changes hands between two folders of policies, over the same images; deletes nothing')
    .description(
      'One inventory under two versions of the policies: what changes hands, with the reasons before and after. Reads only. How to use it on a pull request: [policy-changes.md](policy-changes.md) and [ci.md](ci.md). Ends with 1 where a policy of the new version has an error, or where not everything could be read; with 0 whatever changes.',
    )
    .argument('<old>', 'folder of policy files as they are')
    .argument('<new>', 'folder of policy files as they will be')
    .addOption(snapshotOption('try both on a file of `snapshot`, without a registry and without the ledger'))
    .addOption(
      targetOption(
        'try both on a registry as it is now; this or `--snapshot`. Without either: `GCR_WARDEN_TARGET`, or what the policies select where that is below one place',
      ),
    )
    .addOption(ledgerOption('where the history is, with `--target`'))
    .addOption(inUseOption('as in `snapshot`, with `--target`'))
    .addOption(concurrencyOption())
    .addOption(
      new Option('--format <name>', '`text`, `markdown` (fit for a comment) or `json`')
        .choices(['text', 'markdown', 'json'])
        .default('text'),
    )
    .addOption(jsonFormatOption())
    .example('policy diff policies policies --snapshot snapshot.json')
    .action(async (oldFolder: string, newFolder: string, options: PolicyDiffOptions) => {
      const before = await readPolicyFolder(oldFolder).read();
      const after = await readPolicyFolder(newFolder).read();
      const both = [...before.policies, ...after.policies];
      const snapshot = await withSubject(options, both, { snapshot: (taken) => taken, target: takeSnapshot });
      const diff = diffPolicies(snapshot, before, after);
      process.stdout.write(
        options.format === 'json'
          ? `${JSON.stringify(diff, null, 2)}\n`
          : options.format === 'markdown'
            ? renderPolicyDiffMarkdown(diff)
            : renderPolicyDiff(diff, outputStyle()),
      );
      // What is wrong in the old folder may be what the change mends.
      if (after.problems.length > 0 || !isComplete(diff)) process.exitCode = EXIT.failed;
    });
}

/** Whether everything that was asked about could be read. */
function isComplete({ catalog, repositories }: PolicyDiff): boolean {
  return (
    catalog.kind === 'complete' &&
    repositories.every(({ after }) => after.refusal?.code !== 'LISTING_INCOMPLETE')
  );
}
