import { watch } from 'node:fs';
import { Option } from 'commander';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { readPolicyTestFolder } from '../../shared/adapters/policies/test-folder.ts';
import { messageOf } from '../../shared/core/error.ts';
import { hasPassed, type PolicyTestReport, runPolicyTests } from '../../shared/core/policy-test/report.ts';
import { renderPolicyTestsJunit } from '../../shared/report/policy-test-junit.ts';
import { renderPolicyTests } from '../../shared/report/policy-test-text.ts';
import { printable } from '../../shared/report/text.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand } from '../manual.ts';
import { jsonFormatOption } from '../options.ts';
import { outputStyle } from '../terminal.ts';

type Format = 'text' | 'junit' | 'json';

/** `gcr-warden policy test`: runs the tests beside the policies of a folder. */
export function policyTestCommand(): ManualCommand {
  return new ManualCommand('test')
    .summary('Run the policy tests (*.test.yaml) of a folder; ends with 1 where one fails')
    .description(
      'Runs the tests beside policies, `*.test.yaml`: what has to be kept and deleted of an inventory, and by which rule. Prints expected against decided, and which rules and conditions no test decided. Needs no registry. How tests are written: [policy-testing.md](policy-testing.md). Ends with 1 where a test fails, where a test or a policy has an error, and where there is no test.',
    )
    .argument('[dir]', 'folder of policy files and their tests', 'policies')
    .addOption(
      new Option('--format <format>', '`text`, `junit` or `json`')
        .choices(['text', 'junit', 'json'])
        .default('text'),
    )
    .addOption(jsonFormatOption())
    .option('--watch', 'run them again whenever a file changes, until Ctrl-C')
    .example('policy test policies')
    .action(async (dir: string, { format, watch: isWatching }: { format: Format; watch?: true }) => {
      if (isWatching === true) await watchTests(dir, format);
      else await runTests(dir, format);
    });
}

/** Runs all tests once, prints them, and sets how the command ends. */
async function runTests(dir: string, format: Format): Promise<void> {
  const policies = await readPolicyFolder(dir).read();
  const { tests, snapshotOf } = await readPolicyTestFolder(dir);
  const report = runPolicyTests(tests, policies, snapshotOf);
  process.stdout.write(render(report, format));
  process.exitCode = hasPassed(report) ? EXIT.done : EXIT.failed;
}

function render(report: PolicyTestReport, format: Format): string {
  if (format === 'junit') return renderPolicyTestsJunit(report);
  return format === 'json'
    ? `${JSON.stringify(report, null, 2)}\n`
    : renderPolicyTests(report, outputStyle());
}

/** An editor writes a file in several steps; this long after the last one it is taken for done. */
const QUIET_MS = 150;

/** Runs the tests now and after every change. Ends with Ctrl-C, as the last run ended. */
async function watchTests(dir: string, format: Format): Promise<void> {
  const runAgain = async (): Promise<void> => {
    try {
      process.stdout.write('\n');
      await runTests(dir, format);
    } catch (problem) {
      // A folder can be away for a moment, as when a branch is changed.
      process.stderr.write(`error: ${printable(messageOf(problem))}\n`);
      process.exitCode = EXIT.failed;
    }
  };
  // Read once before, so that a folder that can't be read is refused in our words and not in those of watch.
  let running = runTests(dir, format);
  await running;
  const watcher = watch(dir, { recursive: true });
  let timer: NodeJS.Timeout | undefined;
  watcher.on('change', (_event, name) => {
    if (name !== null && !/\.(?:ya?ml|json)$/.test(String(name))) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(runAgain);
    }, QUIET_MS);
  });
  process.stderr.write(`Watching ${printable(dir)}; Ctrl-C ends it.\n`);
  await new Promise<void>((resolve, reject) => {
    watcher.once('error', reject);
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  clearTimeout(timer);
  watcher.close();
  await running;
}
