import type { CoveredItem } from '../core/policy-test/coverage.ts';
import type { PolicyTestReport } from '../core/policy-test/report.ts';
import type { Mismatch, PolicyTestResult } from '../core/policy-test/run.ts';
import { printable, type TextStyle, toned, wrap } from './text.ts';

/** Renders what policy tests gave: problems, each test, expected against decided, and what no test decided. */
export function renderPolicyTests(report: PolicyTestReport, style: TextStyle): string {
  const lines = report.problems.map(({ file, line, column, code, message }) =>
    toned(`${printable(file)}:${line}:${column}: ${code}: ${printable(message)}`, 'bad', style),
  );
  for (const result of report.results) lines.push(...renderResult(result, style));
  lines.push(...renderCoverage(report.coverage, style));
  const failed = report.results.filter(({ mismatches }) => mismatches.length > 0).length;
  const passed = report.results.length - failed;
  const problems = `${report.problems.length} ${report.problems.length === 1 ? 'problem' : 'problems'}`;
  const counts = `${passed} passed, ${failed} failed, ${problems}`;
  lines.push(
    report.results.length === 0 && report.problems.length === 0
      ? toned('There are no tests: write one into a file NAME.test.yaml beside the policies.', 'bad', style)
      : toned(`${counts}.`, failed + report.problems.length > 0 ? 'bad' : 'good', style),
  );
  return `${lines.join('\n')}\n`;
}

function renderResult({ name, place, imageCount, mismatches }: PolicyTestResult, style: TextStyle): string[] {
  const where = `${printable(place.file)}:${place.line}`;
  const verdict = mismatches.length === 0 ? toned('pass', 'good', style) : toned('FAIL', 'bad', style);
  const images = `${imageCount} ${imageCount === 1 ? 'image' : 'images'}`;
  return [
    `${verdict}  ${where}  ${printable(name)} (${images})`,
    ...mismatches.flatMap((mismatch) => renderMismatch(mismatch, style)),
  ];
}

function renderMismatch({ place, image, expected, decided }: Mismatch, style: TextStyle): string[] {
  const title = image === '' ? `line ${place.line}` : `${printable(image)} (line ${place.line})`;
  return [
    `      ${toned(title, 'strong', style)}`,
    ...labelled('expected', expected, style),
    ...labelled('decided ', decided, style),
  ];
}

function labelled(label: string, text: string, style: TextStyle): string[] {
  const indent = `        ${label}  `;
  const [first = '', ...rest] = wrap(printable(text), style.widthColumns - indent.length);
  return [`${indent}${first}`, ...rest.map((line) => `${' '.repeat(indent.length)}${line}`)];
}

function renderCoverage(coverage: readonly CoveredItem[], style: TextStyle): string[] {
  if (coverage.length === 0) return [];
  const rules = coverage.filter(({ condition }) => condition === null);
  const conditions = coverage.filter(({ condition }) => condition !== null);
  const lines = [
    '',
    `Coverage: ${share(rules)} rules decided an image, and ${share(conditions)} conditions made a difference.`,
  ];
  for (const { file, line, effect, rule, policy, condition, isCovered } of coverage) {
    if (isCovered) continue;
    const what =
      condition === null
        ? `no test is decided by ${effect} rule ${rule} of policy ${policy}`
        : `no test turns on ${condition} of rule ${rule} of policy ${policy}`;
    lines.push(toned(`  ${printable(file)}:${line}: ${what}`, 'warning', style));
  }
  return lines;
}

function share(items: readonly CoveredItem[]): string {
  return `${items.filter(({ isCovered }) => isCovered).length} of ${items.length}`;
}
