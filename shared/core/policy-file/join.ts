import type { Policy, PolicyProblem, PolicySet } from '../policy.ts';

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function place(policy: Policy): string {
  return `${policy.source.file}:${policy.source.line}`;
}

/**
 * Joins what several files gave into one set, the same for every order of the files. Where a name is used twice,
 * the first policy by file and line has it, and every later one is a problem: two policies with one name could
 * not be told apart in a report or in the ledger.
 */
export function joinPolicySets(sets: readonly PolicySet[]): PolicySet {
  const sorted = sets
    .flatMap((set) => set.policies)
    .sort((a, b) => compareText(a.source.file, b.source.file) || a.source.line - b.source.line);
  const byName = new Map<string, Policy>();
  const duplicates: PolicyProblem[] = [];
  for (const policy of sorted) {
    const first = byName.get(policy.name);
    if (first === undefined) {
      byName.set(policy.name, policy);
      continue;
    }
    duplicates.push({
      code: 'POLICY_DUPLICATE_NAME',
      file: policy.source.file,
      line: policy.source.line,
      column: 1,
      message: `The policy ${policy.name} is already in ${place(first)}, so this one does not run: give it another name.`,
      policy: policy.name,
      guards: policy.keep.length === 0 ? null : policy.repositories,
    });
  }
  const problems = [...sets.flatMap((set) => set.problems), ...duplicates].sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
  return { policies: [...byName.values()], problems };
}
