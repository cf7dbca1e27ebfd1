import { Option } from 'commander';
import { openDeployment } from '../../shared/adapters/google/open-deployment.ts';
import { ledgerSeen } from '../../shared/adapters/ledger/ledger-seen.ts';
import { policyBucketFiles } from '../../shared/adapters/policies/bucket.ts';
import { readPolicyFiles } from '../../shared/adapters/policies/folder.ts';
import { examineDeployment } from '../../shared/app/examine-deployment.ts';
import { isHealthy } from '../../shared/core/doctor/report.ts';
import { WardenError } from '../../shared/core/error.ts';
import type { PolicySet } from '../../shared/core/policy.ts';
import { parsePolicyFolder } from '../../shared/core/policy-file/folder.ts';
import { parseTarget, type Target } from '../../shared/core/reference.ts';
import { jsonText } from '../../shared/report/audit-json.ts';
import { renderDoctor } from '../../shared/report/doctor-text.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand, paragraphs } from '../manual.ts';
import { outputStyle } from '../terminal.ts';

interface DoctorOptions {
  readonly project?: string;
  readonly region?: string;
  readonly name: string;
  readonly target?: readonly Target[];
  readonly ledger?: string;
  readonly policies?: string;
  readonly googleEndpoint?: string;
  readonly json?: true;
}

/** `gcr-warden doctor`: what a deployment lacks, and what mends it. */
export function doctorCommand(): ManualCommand {
  return new ManualCommand('doctor')
    .summary(
      'Tell what a deployment lacks, with the command or the Terraform line that mends it; writes nothing',
    )
    .description(
      paragraphs(
        "What the deployed service needs, looked at in one page: the clock of this machine, APIs, functions, the topic `gcr` of each project and who may publish to it, push subscriptions, dead letters, the scheduler's last attempts, the ledger and its version, policies, the audit log of pulls, and permissions. Under what is missing stands the command or the Terraform line that mends it. Works before, during and after a deployment. Writes nothing.",
        "Names are those that the [Terraform module](../terraform/README.md) makes from `--name`. Targets, the ledger and the policies are taken from the deployed functions where no option says them. Permissions are asked with `testIamPermissions`: your own, and those of each function's account with a token of it for five minutes, for which you need `roles/iam.serviceAccountTokenCreator` on the account. Whether an account may write the ledger is not asked: that grant hangs on a condition, which Google's answer does not see.",
        'What could not be seen is `unknown` and never fine. Ends with 0 where nothing is missing and everything could be seen, and with 1 else.',
      ),
    )
    .addOption(
      new Option('--project <id>', 'the project that the service runs in').env('GOOGLE_CLOUD_PROJECT'),
    )
    .requiredOption('--region <region>', 'the region that the functions are in')
    .option('--name <name>', "the Terraform module's `name`", 'gcr-warden')
    .addOption(
      new Option(
        '--target <target>',
        'what the service looks after, `HOST/PROJECT[/REPO]`; may be repeated. Without it, what the functions were told',
      ).argParser((text: string, all: readonly Target[] = []) => [...all, parseTarget(text)]),
    )
    .addOption(
      new Option('--ledger <ledger>', 'the ledger; without it, the one that the functions were told').env(
        'GCR_WARDEN_LEDGER',
      ),
    )
    .option(
      '--policies <place>',
      'folder of policies, or `gs://BUCKET/PREFIX`; without it, as the functions were told',
    )
    .option(
      '--google-endpoint <url>',
      "a stand-in for Google's APIs on this machine, as `npm start` prints it",
    )
    .option('--json', 'print the report as JSON ([schema](schemas/doctor-report.schema.json))')
    .example(
      'doctor --project acme-warden --region europe-west1 --ledger .warden/local/ledger.sqlite --policies policies --google-endpoint http://127.0.0.1:8085',
    )
    .action(async (options: DoctorOptions) => {
      const { project, region } = options;
      if (project === undefined || project === '' || region === undefined) {
        throw new WardenError(
          'OPTION_INVALID',
          'Name the project that the service runs in with --project, or set GOOGLE_CLOUD_PROJECT.',
        );
      }
      const google = openDeployment(options.googleEndpoint ?? null, Date.now);
      try {
        const report = await examineDeployment(
          {
            deployment: google.reader,
            access: google.access,
            ledgerSeen: (name) => ledgerSeen(name, google.rest),
            readPolicies: (place) => policiesIn(place, options.googleEndpoint, google.token),
          },
          {
            project,
            region,
            name: options.name,
            targets: options.target ?? null,
            ledger: options.ledger ?? null,
            policies: options.policies ?? null,
          },
        );
        process.stdout.write(options.json === true ? jsonText(report) : renderDoctor(report, outputStyle()));
        if (!isHealthy(report)) process.exitCode = EXIT.failed;
      } finally {
        await google.close();
      }
    });
}

async function policiesIn(
  place: string,
  endpoint: string | undefined,
  token: () => Promise<string>,
): Promise<PolicySet> {
  const [, bucket, prefix = ''] = /^gs:\/\/([^/]+)(?:\/(.*))?$/.exec(place) ?? [];
  if (bucket === undefined) return parsePolicyFolder(await readPolicyFiles(place));
  const base = endpoint === undefined ? {} : { baseUrl: endpoint };
  return parsePolicyFolder(await policyBucketFiles({ bucket, prefix, ...base, token }).read());
}
