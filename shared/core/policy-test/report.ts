import type { PolicyProblem, PolicySet } from '../policy.ts';
import type { Snapshot } from '../snapshot.ts';
import { type CoveredItem, coverageOf } from './coverage.ts';
import type { PolicyTestProblem, PolicyTestSet } from './policy-test.ts';
import { type PolicyTestResult, runPolicyTest } from './run.ts';

/** What running the tests of a folder gave. */
export interface PolicyTestReport {
  readonly version: 1;
  /** In the order of files and lines. */
  readonly results: readonly PolicyTestResult[];
  /** What is wrong with test files and with policies; either fails the whole. */
  readonly problems: readonly PolicyTestProblem[];
  /** Rules and conditions of all policies that could be read. */
  readonly coverage: readonly CoveredItem[];
}

/**
 * Runs all tests of a folder over its policies.
 * @param snapshotOf the snapshot that a test names, relative to the test's file
 */
export function runPolicyTests(
  tests: PolicyTestSet,
  policies: PolicySet,
  snapshotOf: (testFile: string, name: string) => Snapshot | null,
): PolicyTestReport {
  const runs = tests.tests.map((test) => {
    const { inventory, place } = test;
    const snapshot = inventory.kind === 'snapshot' ? snapshotOf(place.file, inventory.file) : null;
    return runPolicyTest(test, policies.policies, snapshot);
  });
  return {
    version: 1,
    results: runs.map(({ result }) => result),
    problems: [...policies.problems.map(plainProblem), ...tests.problems],
    coverage: coverageOf(
      policies.policies,
      runs.flatMap(({ judged }) => (judged === null ? [] : [judged])),
    ),
  };
}

function plainProblem({ code, file, line, column, message }: PolicyProblem): PolicyTestProblem {
  return { code, file, line, column, message };
}

/** Whether everything is as the tests want it. A folder without a test proves nothing, so it has not passed. */
export function hasPassed({ results, problems }: PolicyTestReport): boolean {
  return (
    problems.length === 0 && results.length > 0 && results.every(({ mismatches }) => mismatches.length === 0)
  );
}
