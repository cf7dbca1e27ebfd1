import { Command, Option } from 'commander';
import { openGoogleAccess } from '../../shared/adapters/google/open-access.ts';
import { auditProject } from '../../shared/app/audit.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { WardenError } from '../../shared/core/error.ts';
import { renderAuditJson } from '../../shared/report/audit-json.ts';
import { renderAudit } from '../../shared/report/audit-text.ts';
import { ledgerOption, withLedger } from '../options.ts';
import { outputStyle, terminalLogger } from '../terminal.ts';

interface AuditOptions {
  readonly project?: string;
  readonly googleEndpoint?: string;
  readonly ledger: string;
  readonly json?: true;
}

/** `gcr-warden audit`: service-account keys by age, who may do what to images, and findings with their remedies. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('Report old service-account keys and wide permissions on registries; changes nothing')
    .addOption(new Option('--project <id>', 'the Google Cloud project').env('GOOGLE_CLOUD_PROJECT'))
    .option('--google-endpoint <url>', "a stand-in for Google's APIs on this machine, as npm start prints it")
    .addOption(ledgerOption())
    .option('--json', 'print the report as JSON')
    .action(async (options: AuditOptions) => {
      const { project } = options;
      if (project === undefined || project === '') {
        throw new WardenError(
          'OPTION_INVALID',
          'Name the project to audit with --project, or set GOOGLE_CLOUD_PROJECT.',
        );
      }
      const google = openGoogleAccess(options.googleEndpoint ?? null);
      try {
        const report = await withLedger(options.ledger, (ledger) =>
          auditProject(
            { access: google.access, ledger, clock: Date.now, logger: terminalLogger },
            project,
            DEFAULT_AUDIT_SETTINGS,
          ),
        );
        process.stdout.write(
          options.json === true ? renderAuditJson(report) : renderAudit(report, outputStyle()),
        );
      } finally {
        await google.close();
      }
    });
}
