import { type PlanningSince, planningWarnings } from '../planning-since.ts';
import type { Policy, PolicyProblem } from '../policy.ts';
import { type PolicyWarning, sortWarnings } from '../policy-warning.ts';
import { policyWarnings } from '../policy-warnings.ts';
import { type Excerpt, excerptOf } from './excerpt.ts';
import { type PolicyFolder, parsePolicyFolder } from './folder.ts';
import { parseExceptions } from './parse-exceptions.ts';

/** Something to show beside its line. */
export type Shown<T> = T & {
  /** null where the file was not read as text. */
  readonly excerpt: Excerpt | null;
};

/** All that can be said of a folder of policies without looking at a registry. */
export interface PolicyCheck {
  /** Those that are right, sorted by place. */
  readonly policies: readonly Policy[];
  /** Sorted by place. */
  readonly problems: readonly Shown<PolicyProblem>[];
  /** Sorted by place. */
  readonly warnings: readonly Shown<PolicyWarning>[];
}

/**
 * Checks a folder of policies: every problem and warning, each with the line that it is about.
 *
 * @param planning what a ledger remembers of policies in `mode: plan`; nothing is told of that without it
 */
export function checkPolicyFolder(
  folder: PolicyFolder,
  nowMs: number,
  planning: readonly PlanningSince[] = [],
): PolicyCheck {
  const { policies, problems: ofPolicies } = parsePolicyFolder(folder);
  const problems = [...ofPolicies, ...parseExceptions(folder.files).problems].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
  const warnings = sortWarnings([
    ...policyWarnings(policies, nowMs),
    ...planningWarnings(planning, policies, nowMs),
  ]);
  const texts = new Map(folder.files.map(({ file, text }) => [file, text]));
  const linesOf = new Map<string, readonly string[]>();
  const excerpt = (file: string, line: number, column: number | null): Excerpt | null => {
    let lines = linesOf.get(file);
    if (lines === undefined) {
      lines =
        texts
          .get(file)
          ?.replace(/^\ufeff/, '')
          .split('\n') ?? [];
      linesOf.set(file, lines);
    }
    // A warning is about a whole rule: its line is marked where the rule begins.
    return excerptOf(lines, line, column ?? (lines[line - 1] ?? '').search(/\S|$/) + 1);
  };
  return {
    policies,
    problems: problems.map((one) => ({ ...one, excerpt: excerpt(one.file, one.line, one.column) })),
    warnings: warnings.map((one) => ({ ...one, excerpt: excerpt(one.file, one.line, null) })),
  };
}
