import type { Check } from '../core/audit/check.ts';
import type { AuditReport } from '../core/audit/report.ts';
import type { Finding, Severity } from '../core/finding.ts';

const SITE = 'https://github.com/gcr-warden/gcr-warden';
const LEVELS: Readonly<Record<Severity, string>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
};
/** How GitHub's code scanning sorts: its own names for these ranges are ours. */
const SCORES: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '3.0',
};

/**
 * Renders a report in SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html). What could not
 * be seen is `open`, what passes is `pass`, what somebody answers for is suppressed. A resource of Google Cloud is no
 * file, so places are logical locations.
 */
export function renderAuditSarif({ findings }: AuditReport, checks: readonly Check[]): string {
  const rules = checks.map(({ id, title, severity, rationale, decided }) => ({
    id,
    shortDescription: { text: title },
    fullDescription: { text: rationale },
    help: { text: decided },
    helpUri: `${SITE}/blob/main/docs/audit-checks.md#${id}`,
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { tags: ['security'], 'security-severity': SCORES[severity] },
  }));
  const ids = rules.map(({ id }) => id);
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'gcr-warden', informationUri: SITE, rules } },
        results: findings.map((finding) => resultOf(finding, ids)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

const KINDS = { FAIL: 'fail', EXCEPTED: 'fail', UNKNOWN: 'open', PASS: 'pass' } as const;

function resultOf(finding: Finding, ids: readonly string[]): Readonly<Record<string, unknown>> {
  const { check, status, severity, resource, evidence, risk, remediation, fingerprint, exception } = finding;
  const kind = KINDS[status];
  const steps = remediation.steps.flatMap(({ say, gcloud, terraform }, at) => [
    `${at + 1}. ${say}`,
    ...gcloud,
    ...(terraform === null ? [] : ['In Terraform:', terraform]),
  ]);
  const index = ids.indexOf(check);
  return {
    ruleId: check,
    ...(index === -1 ? {} : { ruleIndex: index }),
    kind,
    level: kind === 'fail' ? LEVELS[severity] : 'none',
    message: { text: [evidence.sentence, ...(risk === '' ? [] : [risk]), ...steps].join('\n') },
    locations: [{ logicalLocations: [{ fullyQualifiedName: resource, kind: 'resource' }] }],
    partialFingerprints: { 'gcrWarden/v1': fingerprint },
    ...(exception === null
      ? {}
      : { suppressions: [{ kind: 'external', status: 'accepted', justification: exception.reason }] }),
  };
}
