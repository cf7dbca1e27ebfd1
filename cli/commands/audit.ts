import { Command, Option } from 'commander';
import { openGoogleAccess } from '../../shared/adapters/google/open-access.ts';
import { readPolicyFiles } from '../../shared/adapters/policies/folder.ts';
import { auditProject } from '../../shared/app/audit.ts';
import type { AuditException } from '../../shared/core/audit/exception.ts';
import { CHECKS } from '../../shared/core/audit/index.ts';
import type { AuditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { WardenError } from '../../shared/core/error.ts';
import { SEVERITIES, type Severity } from '../../shared/core/finding.ts';
import { changesSince, type FindingChange } from '../../shared/core/finding-history.ts';
import { isExceptionsFile } from '../../shared/core/policy-file/exceptions-file.ts';
import { parseExceptions } from '../../shared/core/policy-file/parse-exceptions.ts';
import { renderFindingChanges } from '../../shared/report/audit-changes.ts';
import { renderAuditCsv, renderTableCsv } from '../../shared/report/audit-csv.ts';
import { jsonText, renderAuditJson, renderViewJson } from '../../shared/report/audit-json.ts';
import { renderAuditMarkdown } from '../../shared/report/audit-markdown.ts';
import { renderAuditPage } from '../../shared/report/audit-page.ts';
import { renderAuditSarif } from '../../shared/report/audit-sarif.ts';
import { renderAudit, renderAuditTable } from '../../shared/report/audit-text.ts';
import { accessTable, keyTable } from '../../shared/report/audit-views.ts';
import { EXIT } from '../exit-code.ts';
import { ledgerOption, withLedger } from '../options.ts';
import { outputStyle, terminalLogger } from '../terminal.ts';

const FORMATS = {
  text: (report: AuditReport) => renderAudit(report, outputStyle()),
  json: renderAuditJson,
  sarif: (report: AuditReport) => renderAuditSarif(report, CHECKS),
  markdown: renderAuditMarkdown,
  csv: renderAuditCsv,
  html: renderAuditPage,
} as const satisfies Record<string, (report: AuditReport) => string>;

/** The views by name: what of the report they are, and the same as a table. */
const VIEWS = {
  keys: (report: AuditReport) => ({ table: keyTable(report), json: { keys: report.keys } }),
  access: (report: AuditReport) => ({ table: accessTable(report), json: { grants: report.grants } }),
} as const;

interface AuditOptions {
  readonly project?: string;
  readonly googleEndpoint?: string;
  readonly ledger: string;
  readonly json?: true;
  readonly format: keyof typeof FORMATS;
  readonly view?: keyof typeof VIEWS;
  readonly policies?: string;
  readonly diff?: true;
  readonly since?: string;
  readonly failOn?: Severity;
}

/** `gcr-warden audit`: service-account keys by age, who may do what to images, and findings with their remedies. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('Report old service-account keys and wide permissions on registries; changes nothing')
    .addOption(new Option('--project <id>', 'the Google Cloud project').env('GOOGLE_CLOUD_PROJECT'))
    .option('--google-endpoint <url>', "a stand-in for Google's APIs on this machine, as npm start prints it")
    .addOption(ledgerOption())
    .addOption(
      new Option('--format <format>', 'how to print it').choices(Object.keys(FORMATS)).default('text'),
    )
    .option('--json', 'the same as --format json')
    .addOption(
      new Option('--view <view>', 'print only the keys, or who can do what').choices(Object.keys(VIEWS)),
    )
    .option('--policies <dir>', 'folder of policies whose _exceptions.yaml hold')
    .option('--diff', 'print only what changed since the audit before')
    .option('--since <time>', 'print only what changed since a day or time, such as 2026-11-01')
    .addOption(
      new Option(
        '--fail-on <severity>',
        'end with 1 where so much, or worse, fails or could not be seen',
      ).choices(SEVERITIES),
    )
    .action(async (options: AuditOptions) => {
      const { project } = options;
      if (project === undefined || project === '') {
        throw new WardenError(
          'OPTION_INVALID',
          'Name the project to audit with --project, or set GOOGLE_CLOUD_PROJECT.',
        );
      }
      const print = printer(options);
      const exceptions = options.policies === undefined ? [] : await readExceptions(options.policies);
      const google = openGoogleAccess(options.googleEndpoint ?? null);
      try {
        const report = await withLedger(options.ledger, (ledger) =>
          auditProject(
            { access: google.access, ledger, clock: Date.now, logger: terminalLogger, exceptions },
            project,
            DEFAULT_AUDIT_SETTINGS,
          ),
        );
        process.stdout.write(print(report));
        if (options.failOn !== undefined && isOver(report, options.failOn)) process.exitCode = EXIT.failed;
      } finally {
        await google.close();
      }
    });
}

/**
 * Decides how a report is printed before anything is read.
 * @throws WardenError OPTION_INVALID where options exclude each other
 */
function printer(options: AuditOptions): (report: AuditReport) => string {
  const format = options.json === true ? 'json' : options.format;
  const only = [options.view, options.diff, options.since].filter((one) => one !== undefined);
  if (only.length > 1) throw new WardenError('OPTION_INVALID', 'Take one of --view, --diff and --since.');
  if (options.view !== undefined) {
    const view = VIEWS[options.view];
    if (format === 'json') return (report) => renderViewJson(report, view(report).json);
    if (format === 'csv') return (report) => renderTableCsv(view(report).table);
    if (format === 'text') return (report) => renderAuditTable(view(report).table, outputStyle());
    throw new WardenError('OPTION_INVALID', 'A view is printed as text, json or csv.');
  }
  const changes = changesOf(options);
  if (changes === null) return FORMATS[format];
  if (format === 'json') return (report) => jsonText(changes(report));
  if (format === 'text') return (report) => renderFindingChanges(changes(report), outputStyle());
  throw new WardenError('OPTION_INVALID', 'Changes are printed as text or json.');
}

/** What --diff and --since ask for; null where neither is there. */
function changesOf({
  diff,
  since,
}: AuditOptions): ((report: AuditReport) => readonly FindingChange[]) | null {
  if (since !== undefined) {
    const sinceMs = /^\d{4}-\d{2}-\d{2}/.test(since) ? Date.parse(since) : Number.NaN;
    if (Number.isNaN(sinceMs)) {
      throw new WardenError(
        'OPTION_INVALID',
        `--since is a day or a time such as 2026-11-01 or 2026-11-01T08:00:00Z, and ${JSON.stringify(since)} is not.`,
      );
    }
    return ({ project, history }) => changesSince(project, history?.followed ?? [], sinceMs);
  }
  return diff === true ? ({ history }) => history?.changes ?? [] : null;
}

/** @throws WardenError EXCEPTIONS_INVALID, and POLICY_SOURCE_UNREADABLE */
async function readExceptions(dir: string): Promise<readonly AuditException[]> {
  const { files, unread } = await readPolicyFiles(dir);
  const { exceptions, problems } = parseExceptions(files);
  const [first] = [...problems, ...unread.filter(({ file }) => isExceptionsFile(file))];
  if (first === undefined) return exceptions;
  throw new WardenError(
    'EXCEPTIONS_INVALID',
    `${first.file}:${first.line}:${first.column}: ${first.message} \`gcr-warden policy check\` tells all.`,
  );
}

/** A gate that passes where it could not look is none: UNKNOWN counts. */
function isOver({ findings }: AuditReport, threshold: Severity): boolean {
  const least = SEVERITIES.indexOf(threshold);
  return findings.some(
    ({ status, severity }) =>
      (status === 'FAIL' || status === 'UNKNOWN') && SEVERITIES.indexOf(severity) <= least,
  );
}
