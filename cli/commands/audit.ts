import { Option } from 'commander';
import { openGoogleAccess } from '../../shared/adapters/google/open-access.ts';
import { readPolicyFiles } from '../../shared/adapters/policies/folder.ts';
import type { PullSecretPlace } from '../../shared/adapters/usage/pull-secrets.ts';
import type { AuditPorts } from '../../shared/app/audit.ts';
import { auditTarget as auditAll } from '../../shared/app/audit-target.ts';
import { type AuditFolder, NO_AUDIT_FOLDER } from '../../shared/core/audit/folder.ts';
import { CHECKS } from '../../shared/core/audit/index.ts';
import { type AuditedBelow, mergeReports } from '../../shared/core/audit/merged-report.ts';
import type { AuditReport } from '../../shared/core/audit/report.ts';
import { type AuditSettings, DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { type AuditTarget, auditTarget } from '../../shared/core/audit/target.ts';
import { WardenError } from '../../shared/core/error.ts';
import { SEVERITIES, type Severity } from '../../shared/core/finding.ts';
import { changesSince, type FindingChange } from '../../shared/core/finding-history.ts';
import { parseAuditFolder } from '../../shared/core/policy-file/parse-audit-folder.ts';
import { renderFindingChanges } from '../../shared/report/audit-changes.ts';
import { renderAuditCsv, renderTableCsv } from '../../shared/report/audit-csv.ts';
import { auditJsonPieces, jsonText, viewJsonPieces } from '../../shared/report/audit-json.ts';
import { renderAuditMarkdown } from '../../shared/report/audit-markdown.ts';
import { renderAuditPage } from '../../shared/report/audit-page.ts';
import { renderAuditSarif } from '../../shared/report/audit-sarif.ts';
import {
  REMEDY_FORMS,
  type RemedyForm,
  renderAudit,
  renderAuditTable,
} from '../../shared/report/audit-text.ts';
import { accessTable, keyTable } from '../../shared/report/audit-views.ts';
import { beginReading, deadlineOption } from '../deadline.ts';
import { EXIT } from '../exit-code.ts';
import { ManualCommand, paragraphs } from '../manual.ts';
import { ledgerOption, withLedger } from '../options.ts';
import { openAuditProgress } from '../progress.ts';
import { pullSecretsOption, pullSecretsPort } from '../pull-secrets.ts';
import { outputStyle, terminalLogger, writeResult } from '../terminal.ts';

const FORMATS = {
  text: (report: AuditReport, remedies: RemedyForm) => renderAudit(report, outputStyle(), remedies),
  json: auditJsonPieces,
  sarif: (report: AuditReport) => renderAuditSarif(report, CHECKS),
  markdown: renderAuditMarkdown,
  csv: renderAuditCsv,
  html: renderAuditPage,
} as const satisfies Record<string, (report: AuditReport, remedies: RemedyForm) => string | Iterable<string>>;

/** The views by name: what of the report they are, and the same as a table. */
const VIEWS = {
  keys: (report: AuditReport) => ({ table: keyTable(report), json: { keys: report.keys } }),
  access: (report: AuditReport) => ({ table: accessTable(report), json: { grants: report.grants } }),
} as const;

interface AuditOptions {
  readonly project?: string;
  readonly folder?: string;
  readonly organization?: string;
  readonly googleEndpoint?: string;
  readonly ledger: string;
  readonly json?: true;
  readonly format: keyof typeof FORMATS;
  readonly remedies: RemedyForm;
  readonly view?: keyof typeof VIEWS;
  readonly policies?: string;
  readonly pullSecrets?: readonly PullSecretPlace[];
  readonly diff?: true;
  readonly since?: string;
  readonly failOn?: Severity;
  readonly deadline?: number;
}

/** `gcr-warden audit`: service-account keys by age, who may do what to images, and findings with their remedies. */
export function auditCommand(): ManualCommand {
  return new ManualCommand('audit')
    .summary('Report old service-account keys and wide permissions on registries; changes nothing')
    .description(
      paragraphs(
        "Service-account keys that are too old and permissions on registries that are too wide, with the commands that mend them. Changes nothing. What can't be read is UNKNOWN. The checks: [audit-checks.md](audit-checks.md).",
        'The deployed audit publishes each change as one JSON message ([schema](schemas/finding-change.schema.json); attributes `kind`, `severity`, `project`) to the topic of [notifications](notifications.md) that the Terraform module makes, `topics.notifications` of its outputs.',
      ),
    )
    .addOption(new Option('--project <id>', 'the Google Cloud project').env('GOOGLE_CLOUD_PROJECT'))
    .option(
      '--folder <number>',
      'all projects below a folder, instead of one project: one report of all of them',
    )
    .option('--organization <number>', 'the same of an organisation')
    .option(
      '--google-endpoint <url>',
      "a stand-in for Google's APIs on this machine, as `npm start` prints it",
    )
    .addOption(ledgerOption('where the findings are kept, to tell what is new'))
    .addOption(
      new Option(
        '--format <format>',
        '`text`, `json` ([schema](schemas/audit-report.schema.json)), `sarif` (2.1.0), `markdown`, `csv`, or `html`: one page that needs nothing else, filters, sorts and prints',
      )
        .choices(Object.keys(FORMATS))
        .default('text'),
    )
    .option('--json', 'the same as `--format json`')
    .addOption(
      new Option(
        '--remedies <form>',
        'how the text says what mends a finding: `gcloud`, or `terraform`, where a step that Terraform holds nothing of keeps its commands',
      )
        .choices(REMEDY_FORMS)
        .default(REMEDY_FORMS[0]),
    )
    .addOption(
      new Option(
        '--view <view>',
        'only the `keys`, or `access`: who can do what on what, by which way; as text, json or csv',
      ).choices(Object.keys(VIEWS)),
    )
    .option(
      '--policies <dir>',
      'folder of policies: which repositories they look after, and the exceptions in its `_exceptions.yaml`, see [audit-exceptions.md](audit-exceptions.md)',
    )
    .addOption(pullSecretsOption())
    .option(
      '--diff',
      'only what changed since the audit before: new, came back, not seen any more, excepted, resolved; as text or json ([schema](schemas/finding-change.schema.json))',
    )
    .option('--since <time>', 'only what changed since a day or time')
    .addOption(
      new Option(
        '--fail-on <severity>',
        'end with 1 where something so severe, or worse, fails; what could not be seen counts too',
      ).choices(SEVERITIES),
    )
    .addOption(deadlineOption('what was not read by then is UNKNOWN, and the command ends with 1'))
    .example(
      'audit --ledger .warden/local/ledger.sqlite --google-endpoint http://127.0.0.1:8085 --project acme',
    )
    .action(async (options: AuditOptions) => {
      const target = targetOf(options);
      const print = printer(options);
      const folder = await readFolder(options.policies);
      const { signal } = beginReading(options.deadline);
      const endpoint = options.googleEndpoint ?? null;
      const progress = openAuditProgress();
      const google = openGoogleAccess(endpoint, signal, progress.onReply);
      try {
        const audited = await withLedger(options.ledger, (ledger) =>
          audit(
            {
              access: google.access,
              ledger,
              clock: Date.now,
              logger: terminalLogger,
              folder,
              ...pullSecretsPort(options.pullSecrets, endpoint),
            },
            target,
            DEFAULT_AUDIT_SETTINGS,
            progress.onProject,
          ),
        );
        progress.end();
        await writeResult(print(audited));
        const isOverOne = audited.reports.some((report) => isOver(report, options.failOn));
        const isUnlisted = options.failOn !== undefined && audited.unlisted.length > 0;
        if (isOverOne || isUnlisted) process.exitCode = EXIT.failed;
        if (signal?.aborted === true) {
          terminalLogger.log(
            'WARNING',
            'ended before everything was read; what was not read by then is UNKNOWN',
          );
          process.exitCode = EXIT.failed;
        }
      } finally {
        progress.end();
        await google.close();
      }
    });
}

/** @throws WardenError OPTION_INVALID unless exactly one thing is named */
function targetOf({ project, folder, organization }: AuditOptions): AuditTarget {
  if (folder !== undefined && organization !== undefined) {
    throw new WardenError('OPTION_INVALID', 'Take one of --folder and --organization.');
  }
  // A project from the environment is only meant where nothing else is named.
  if (folder !== undefined) return auditTarget('folder', folder);
  if (organization !== undefined) return auditTarget('organization', organization);
  if (project !== undefined && project !== '') return auditTarget('project', project);
  throw new WardenError(
    'OPTION_INVALID',
    'Name the project to audit with --project, or set GOOGLE_CLOUD_PROJECT; or take --folder or --organization.',
  );
}

/** What was audited; of a project its one report. */
type Audited = Omit<AuditedBelow, 'parent'> & { readonly target: AuditTarget };

async function audit(
  ports: AuditPorts,
  target: AuditTarget,
  settings: AuditSettings,
  onProject: () => void,
): Promise<Audited> {
  const reports: AuditReport[] = [];
  const deleting: string[] = [];
  const unlisted: { parent: string; reason: string }[] = [];
  for await (const step of auditAll(ports, target, settings)) {
    switch (step.kind) {
      case 'audited':
        reports.push(step.report);
        onProject();
        break;
      case 'deleting':
        deleting.push(step.project);
        break;
      case 'unlisted':
        unlisted.push({ parent: step.parent, reason: step.reason });
    }
  }
  return { target, reports, deleting, unlisted };
}

/** One report of all that was audited. */
function whole({ target, ...audited }: Audited): AuditReport {
  const [report] = audited.reports;
  if (target.kind === 'project' && report !== undefined) return report;
  const parent = target.kind === 'project' ? target.project : target.parent;
  return mergeReports({ parent, ...audited }, Date.now());
}

/**
 * Decides how a report is printed before anything is read.
 * @throws WardenError OPTION_INVALID where options exclude each other
 */
function printer(options: AuditOptions): (audited: Audited) => string | Iterable<string> {
  const format = options.json === true ? 'json' : options.format;
  const only = [options.view, options.diff, options.since].filter((one) => one !== undefined);
  if (only.length > 1) throw new WardenError('OPTION_INVALID', 'Take one of --view, --diff and --since.');
  // The other formats have both forms or one of their own.
  if (options.remedies !== REMEDY_FORMS[0] && (format !== 'text' || only.length > 0)) {
    throw new WardenError('OPTION_INVALID', '--remedies is for the whole report as text.');
  }
  if (options.view !== undefined) {
    const view = VIEWS[options.view];
    const print = {
      json: (report: AuditReport) => viewJsonPieces(report, view(report).json),
      csv: (report: AuditReport) => renderTableCsv(view(report).table),
      text: (report: AuditReport) => renderAuditTable(view(report).table, outputStyle()),
    };
    if (format !== 'json' && format !== 'csv' && format !== 'text') {
      throw new WardenError('OPTION_INVALID', 'A view is printed as text, json or csv.');
    }
    return (audited) => print[format](whole(audited));
  }
  const changes = changesOf(options);
  if (changes === null) return (audited) => FORMATS[format](whole(audited), options.remedies);
  if (format === 'json') return ({ reports }) => jsonText(reports.flatMap(changes));
  if (format === 'text') {
    return ({ reports }) => renderFindingChanges(reports.flatMap(changes), outputStyle());
  }
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
async function readFolder(dir: string | undefined): Promise<AuditFolder> {
  if (dir === undefined) return NO_AUDIT_FOLDER;
  const folder = parseAuditFolder(await readPolicyFiles(dir));
  const [first] = folder.broken.kind === 'known' ? folder.broken.value : [];
  if (first === undefined) return folder;
  throw new WardenError(
    'EXCEPTIONS_INVALID',
    `${first.file}:${first.line}:${first.column}: ${first.message} \`gcr-warden policy check\` tells all.`,
  );
}

/** A gate that passes where it could not look is none: UNKNOWN counts. */
function isOver({ findings }: AuditReport, threshold: Severity | undefined): boolean {
  if (threshold === undefined) return false;
  const least = SEVERITIES.indexOf(threshold);
  return findings.some(
    ({ status, severity }) =>
      (status === 'FAIL' || status === 'UNKNOWN') && SEVERITIES.indexOf(severity) <= least,
  );
}
