import type { PolicyCheck } from '../core/policy-file/check.ts';
import { POLICY_PROBLEM_CODES } from '../core/policy-file/problem.ts';
import { POLICY_WARNING_CODES } from '../core/policy-warning.ts';

const MEANINGS: Readonly<Record<string, string>> = { ...POLICY_PROBLEM_CODES, ...POLICY_WARNING_CODES };

const HELP =
  'https://github.com/gcr-warden/gcr-warden/blob/main/docs/policy-language.md#what-the-checker-says';

interface Finding {
  readonly level: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  /** null: the line as a whole. */
  readonly column: number | null;
}

/**
 * Renders a check of policies in SARIF 2.1.0, for code scanning
 * (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html). Columns count UTF-16 code units, as ours do.
 * @param folder the folder's path in the repository; '' for its root
 */
export function renderPolicyCheckSarif({ problems, warnings }: PolicyCheck, folder: string): string {
  const findings: readonly Finding[] = [
    ...problems.map((one) => ({ ...one, level: 'error' as const })),
    ...warnings.map((one) => ({ ...one, level: 'warning' as const, column: null })),
  ];
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'gcr-warden',
            informationUri: 'https://github.com/gcr-warden/gcr-warden',
            rules: codes.map((id) => ({
              id,
              shortDescription: { text: MEANINGS[id] ?? id },
              helpUri: HELP,
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ level, code, message, file, line, column }) => ({
          ruleId: code,
          ruleIndex: codes.indexOf(code),
          level,
          message: { text: message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uri(folder, file) },
                region: { startLine: line, ...(column === null ? {} : { startColumn: column }) },
              },
            },
          ],
        })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** A relative URI reference: each component is encoded, so that no name is taken for a scheme or a query. */
function uri(folder: string, file: string): string {
  return [...folder.split('/'), ...file.split('/')]
    .filter((component) => component !== '' && component !== '.')
    .map(encodeURIComponent)
    .join('/');
}
