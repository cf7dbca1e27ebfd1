import type { PolicyTestReport } from '../core/policy-test/report.ts';
import type { PolicyTestResult } from '../core/policy-test/run.ts';
import { printable } from './text.ts';

/**
 * Renders what policy tests gave as JUnit XML: a suite a file, a case a test. A problem with a file or a policy
 * is a case of its own with an error, so that no reader of the report can miss it.
 */
export function renderPolicyTestsJunit(report: PolicyTestReport): string {
  const files = [
    ...new Set([...report.problems, ...report.results.map(({ place }) => place)].map(({ file }) => file)),
  ];
  const suites = files.sort().map((file) => {
    const results = report.results.filter(({ place }) => place.file === file);
    const problems = report.problems.filter((problem) => problem.file === file);
    const cases = [
      ...results.map(renderCase),
      ...problems.map(
        ({ code, line, column, message }) =>
          `    <testcase classname="${xml(file)}" name="${xml(`${code} ${line}:${column}`)}" file="${xml(file)}" line="${line}">\n` +
          `      <error type="${xml(code)}" message="${xml(message)}"/>\n    </testcase>`,
      ),
    ];
    return [
      `  <testsuite name="${xml(file)}" tests="${cases.length}" failures="${failures(results)}" errors="${problems.length}">`,
      ...cases,
      '  </testsuite>',
    ].join('\n');
  });
  const { results, problems } = report;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gcr-warden policy test" tests="${results.length + problems.length}" failures="${failures(results)}" errors="${problems.length}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function failures(results: readonly PolicyTestResult[]): number {
  return results.filter(({ mismatches }) => mismatches.length > 0).length;
}

function renderCase({ name, place, mismatches }: PolicyTestResult): string {
  const open = `    <testcase classname="${xml(place.file)}" name="${xml(name)}" file="${xml(place.file)}" line="${place.line}"`;
  if (mismatches.length === 0) return `${open}/>`;
  const text = mismatches
    .map(({ place: at, image, expected, decided }) =>
      [`${place.file}:${at.line}: ${image}`.trimEnd(), `  expected: ${expected}`, `  decided: ${decided}`]
        .map(printable)
        .join('\n'),
    )
    .join('\n');
  const message = `${mismatches.length} ${mismatches.length === 1 ? 'expectation is' : 'expectations are'} not met`;
  return `${open}>\n      <failure message="${message}">${escaped(text)}</failure>\n    </testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}

/** A text within an attribute: XML has no way to write most control characters. */
function xml(text: string): string {
  return escaped(printable(text));
}
